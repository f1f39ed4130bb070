"""What a document can be asked for, one handler a request.

Each looks up the snapshot, asks the core, and converts. Imports of the core are inside the
handlers: see `PitchpipeServer`.
"""
