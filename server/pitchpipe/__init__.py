"""The core of Pitchpipe: what a fine-tuning workflow file means. No I/O, no LSP, no torch."""

__version__ = "0.1.0"
