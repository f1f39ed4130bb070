"""What a training run costs, computed from the shape of its model in milliseconds.

`Step` says what is done, `Estimate` what it takes. Nothing here needs torch or a file.
"""

from pitchpipe.estimate.result import (
    Disk,
    Estimate,
    Interval,
    Moment,
    Part,
    PartName,
    Peak,
)
from pitchpipe.estimate.step import (
    Attention,
    Dtype,
    Loss,
    Method,
    Quantization,
    Sharding,
    Step,
)

__all__ = [
    "Attention",
    "Disk",
    "Dtype",
    "Estimate",
    "Interval",
    "Loss",
    "Method",
    "Moment",
    "Part",
    "PartName",
    "Peak",
    "Quantization",
    "Sharding",
    "Step",
]
