"""What the report shows, as plain values, and how it looks.

`pitchpipe_runner.report` puts the two together.
"""
