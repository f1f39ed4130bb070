"""What an editor asks: functions from a snapshot and an offset to plain data.

Nothing here knows LSP, reads a file or looks at a clock. Offsets and spans count code points, texts
are Markdown where a field says so.
"""
