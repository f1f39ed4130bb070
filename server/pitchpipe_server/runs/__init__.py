"""Runs for an editor: starting, following, stopping and finding them.

Nothing here speaks LSP. A run is a process of its own that writes a folder; the server follows what
it writes, and a new server finds it there.
"""
