"""Which modules PEFT adapts for a choice, computed from a model's shape alone."""

from pitchpipe.targets.choice import PRESETS, Choice, Method, Preset
from pitchpipe.targets.presets import peft_arguments
from pitchpipe.targets.result import (
    Adapted,
    AdaptedParameter,
    Asked,
    Coverage,
    Entry,
    Reason,
    Refusal,
    Saved,
    Targets,
)
from pitchpipe.targets.rewriting import Rewriting
from pitchpipe.targets.simulate import targets

__all__ = [
    "PRESETS",
    "Adapted",
    "AdaptedParameter",
    "Asked",
    "Choice",
    "Coverage",
    "Entry",
    "Method",
    "Preset",
    "Reason",
    "Refusal",
    "Rewriting",
    "Saved",
    "Targets",
    "peft_arguments",
    "targets",
]
