"""onnxruntime-genai's model builder, which ends when the process that started it does.

    python -m pitchpipe_runner.onnx_builder ARGUMENTS OF THE BUILDER

Its standard input is a pipe that nobody writes into, and whose other end its parent holds. A parent
that is killed lets go of it. Without that the builder would go on, and write into the folder that
a resumed run exports to.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading

_STDIN = 0


def _end_with_the_parent() -> None:
    os.read(_STDIN, 1)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    sys.argv[0] = "builder"
    runpy.run_module("onnxruntime_genai.models.builder", run_name="__main__", alter_sys=True)
