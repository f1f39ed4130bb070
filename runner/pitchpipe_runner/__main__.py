"""Entry point of `python -m pitchpipe_runner`."""

from __future__ import annotations

import os
import sys

from pitchpipe_runner.cli import main
from pitchpipe_runner.failures import INTERRUPTED

if __name__ == "__main__":
    code = main()
    if code == INTERRUPTED:
        # All is written. A library's threads that still download would be waited for.
        os._exit(code)
    sys.exit(code)
