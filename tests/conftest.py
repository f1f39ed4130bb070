from __future__ import annotations

import signal
import sys

import pytest

# So that a failing assertion in a check function shows both sides.
pytest.register_assert_rewrite("support.analysis", "support.fixture")

# Under `nohup`, or in the background of a script, the commands that tests start would inherit that
# hang-ups or interrupts are ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
if sys.platform != "win32":
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
