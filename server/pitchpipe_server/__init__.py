"""The language server: pygls for the wire, the core for everything else.

The only package that knows LSP. It converts and schedules; what is said about a file comes from
`pitchpipe`.
"""
