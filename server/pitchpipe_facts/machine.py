"""The device at hand, found without torch."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from pitchpipe import published
from pitchpipe.costs.machine import Machine
from pitchpipe.published import Table

_PATIENCE = 10.0  # seconds; a driver that has to wake up takes some
_QUERY = "--query-gpu=name,memory.total,compute_cap"
_BFLOAT16 = {"avx512_bf16", "amx_bf16", "bf16"}  # flags of processors, as Linux names them


def here(device: str, table: Table) -> Machine:
    """What `compute.device` ("auto", "cpu", "cuda", "mps") would be on this machine."""
    found = _nvidia(table) if device in {"auto", "cuda"} else None
    if found is not None:
        return found
    if device == "cuda":
        return Machine("cuda", "a CUDA device", True, None, None, 1, "`compute.device`; none here")
    apple = sys.platform == "darwin" and platform.machine() == "arm64"
    if device == "mps" or (device == "auto" and apple):
        return Machine("mps", "MPS", False, _memory(), None, 1, "found on this machine")
    name = platform.processor() or platform.machine() or "CPU"
    return Machine("cpu", f"CPU ({name})", _fast(), _memory(), None, 1, "found on this machine")


def _nvidia(table: Table) -> Machine | None:
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    command = [program, _QUERY, "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
        first, *others = [line for line in done.stdout.splitlines() if line.strip()]
        name, memory, capability = (cell.strip() for cell in first.split(","))
        fast = float(capability) >= 8.0
        size = int(memory) << 20
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return None
    known = published.find_device(name, table)
    return Machine("cuda", name, fast, size, known, 1 + len(others), "found on this machine")


def _memory() -> int | None:
    if sys.platform == "win32":
        return None
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None


def _fast() -> bool:
    """Whether the processor computes bfloat16; False where the system doesn't say."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return bool(_BFLOAT16 & set(text.split()))
