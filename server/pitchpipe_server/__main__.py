"""`python -m pitchpipe_server`: the language server over stdio, TCP or a WebSocket."""

from __future__ import annotations

import gc
import sys


def main() -> int:
    """Serves one client until it says goodbye; 1 where it left without."""
    # Making the protocol's 500 classes leaves nothing to collect, and looking costs a sixth of it.
    gc.disable()
    from pitchpipe_server import start  # noqa: PLC0415

    gc.enable()
    return start.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
