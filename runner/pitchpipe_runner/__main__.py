"""Entry point of `python -m pitchpipe_runner`."""

from __future__ import annotations

import sys

from pitchpipe_runner.cli import main

if __name__ == "__main__":
    sys.exit(main())
