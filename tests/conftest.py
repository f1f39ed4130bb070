from __future__ import annotations

import signal
import sys

import pytest

# So that a failing assertion in a check function shows both sides.
pytest.register_assert_rewrite("support.analysis", "support.fixture")

# Under `nohup` the commands that tests start would inherit that hang-ups are ignored.
if sys.platform != "win32":
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
