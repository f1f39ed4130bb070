"""`python -m pitchpipe_cli` is `pitchpipe`."""

from __future__ import annotations

import sys

from pitchpipe_cli.main import main

sys.exit(main())
