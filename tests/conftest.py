from __future__ import annotations

import atexit
import os
import shutil
import signal
import sys
import tempfile

import hypothesis
import pytest

# So that a failing assertion in a check function shows both sides.
pytest.register_assert_rewrite("support.analysis", "support.fixture")

# Runs of tests don't get into the user's list of runs.
os.environ["PITCHPIPE_STATE_DIR"] = tempfile.mkdtemp(prefix="pitchpipe-state-")
atexit.register(shutil.rmtree, os.environ["PITCHPIPE_STATE_DIR"], ignore_errors=True)

# Under `nohup`, or in the background of a script, the commands that tests start would inherit that
# hang-ups or interrupts are ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
if sys.platform != "win32":
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# `pytest --hypothesis-profile=long`: an hour of examples instead of some seconds.
hypothesis.settings.register_profile("long", max_examples=10_000, deadline=None)
