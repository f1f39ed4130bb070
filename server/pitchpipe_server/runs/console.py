"""`python -m pitchpipe_server.runs.console PID`: Ctrl-C for a process in another Windows console.

A process can only send to the console that it is attached to, so this one leaves its own for the
runner's. It is a process of its own lest the server loses its terminal.
https://learn.microsoft.com/en-us/windows/console/generateconsolectrlevent
"""

from __future__ import annotations

import sys

_CTRL_C, _CTRL_BREAK = 0, 1
_EVERYONE = 0  # in the console


def main(pid: int) -> int:
    """0 when the request was sent.

    A runner of the server leads a process group, which Ctrl-Break reaches and Ctrl-C does not. One
    of a terminal does not: it gets Ctrl-C, as when it is typed there.
    """
    if sys.platform != "win32":
        return 2
    import ctypes  # noqa: PLC0415  # Windows alone

    kernel = ctypes.windll.kernel32
    kernel.FreeConsole()
    if not kernel.AttachConsole(pid):
        return 1
    kernel.SetConsoleCtrlHandler(None, True)
    sent = kernel.GenerateConsoleCtrlEvent(_CTRL_BREAK, pid)
    return 0 if sent or kernel.GenerateConsoleCtrlEvent(_CTRL_C, _EVERYONE) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
