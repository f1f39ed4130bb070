"""What Axolotl refuses before it trains, of what a file alone can tell.

Its own rules are in `axolotl/utils/schemas/validation.py` and beside it (0.19.0); those that ask
for a GPU, a version or an installed package are not here.
"""

from __future__ import annotations

import re

from pitchpipe.dialects import refusals
from pitchpipe.dialects.axolotl.refusals.adapters import ADAPTERS
from pitchpipe.dialects.axolotl.refusals.data import DATA
from pitchpipe.dialects.axolotl.refusals.memory import MEMORY
from pitchpipe.dialects.axolotl.refusals.preferences import PREFERENCES
from pitchpipe.dialects.axolotl.refusals.steps import STEPS
from pitchpipe.dialects.foreign import Foreign

_LOSSES = (
    "cut_cross_entropy",
    "chunked_cross_entropy",
    "liger_cross_entropy",
    "liger_fused_linear_cross_entropy",
)


def tell(foreign: Foreign) -> None:
    refusals.tell(foreign, (*DATA, *STEPS, *ADAPTERS, *MEMORY, *PREFERENCES))
    _losses(foreign)
    _patterns(foreign)
    parts = ("micro_batch_size", "gradient_accumulation_steps")
    if foreign.given("batch_size") and not any(map(foreign.says, parts)):
        message = "`batch_size` alone is refused by Axolotl; give `micro_batch_size`, too"
        foreign.note("refused", "batch_size", message)


def _losses(foreign: Foreign) -> None:
    on = [key for key in _LOSSES if foreign.given(key) is True]
    for key in on[1:]:
        message = f"`{key}` and `{on[0]}` are both on, and Axolotl allows one of them"
        foreign.note("refused", key, message, related=foreign.set_here(on[0]))


def _patterns(foreign: Foreign) -> None:
    modules = foreign.given("lora_target_modules")
    for index, pattern in enumerate(modules if isinstance(modules, list) else ()):
        if isinstance(pattern, str) and not _compiles(pattern):
            path = ("lora_target_modules", index)
            message = f"`{pattern}` is no valid regular expression, as which Axolotl reads it"
            foreign.note("refused", path, message)


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return False
    return True
