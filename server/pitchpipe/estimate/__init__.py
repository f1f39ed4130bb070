"""What a training run costs, computed from the shape of its model in milliseconds.

`Step` says what is done, `Estimate` what it takes. Nothing here needs torch or a file.

    records = Records(decode(shard), decode_fragments(adapters))   # from pitchpipe_schemas.recorded
    estimate(shape, Step(batch_size=4, length=1024), records)
"""

from pitchpipe.estimate.adapters import decode_fragments
from pitchpipe.estimate.memory import Records, estimate
from pitchpipe.estimate.programs import decode
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
    "Records",
    "Sharding",
    "Step",
    "decode",
    "decode_fragments",
    "estimate",
]
