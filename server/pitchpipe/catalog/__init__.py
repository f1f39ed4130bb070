"""The catalogue of architectures: a configuration → what the model consists of, without torch.

A shard describes one model type; `pitchpipe_schemas.architecture` loads it, the runner's
`cataloguing` generates it.

    {"model_type": "llama", "transformers": "5.23.0", "exact": true,
     "heads": {"causal-lm": "LlamaForCausalLM"},
     "text": "",                              where the language model's own fields are
     "parts": [],                             fields that hold a configuration of their own
     "types": {"part": "clip_vision_model"},  which model a part configures, where it is any
     "aliases": {"common": "own name"},
     "defaults": {"hidden_size": 4096},
     "absent": {"part": {"part.hidden_size": 1024}},   defaults where that part is not given
     "undescribed": ["path"],                 groups without a formula, if there are any
     "derived": [["head_dim", formula, false]],   name, formula, also where a value is given
     "places": [{"axes": [{"count": formula, "where": condition}], "if": condition}],
     "groups": [{"path": "layers.{}.q_proj", "kind": "linear", "role": "q", "class": "Linear",
                 "place": 0, "heads": ["causal-lm"],
                 "parameters": [["weight", [formula], {"if": condition, "buffer": false,
                                 "tied": [[condition, "full.name"]]}]]}]}

A name in `tied` may have a `{}` for each of the layer's own indices, or for what formulas behind
it say: `[condition, "layers.{}.name", [formula]]`.

A group without `heads` is in the classes of all heads. Formulas: see `formulas`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pitchpipe.catalog.configuration import settle, text_fields
from pitchpipe.catalog.formulas import NoValue
from pitchpipe.catalog.shapes import groups
from pitchpipe.facts import NotRead
from pitchpipe.modules import Head, ModelShape, ShapeSource

__all__ = ["model_shape"]


def model_shape(
    shard: Mapping[str, Any], config: Mapping[str, Any], head: Head, source: ShapeSource
) -> ModelShape | NotRead:
    """The shape of the class for `head` with `config`, the content of a config.json.

    What `config` leaves out is filled from the shard's defaults.
    """
    if head not in shard["heads"]:
        return NotRead(f"`{shard['model_type']}` has no class for {head}")
    try:
        fields = settle(shard, config)
        found = groups(shard, fields, head)
    except NoValue as problem:
        return NotRead(str(problem))
    return ModelShape(
        model_type=shard["model_type"],
        class_name=shard["heads"][head],
        head=head,
        groups=found,
        config=text_fields(shard, fields),
        exact=shard["exact"] and not config.get("per_layer_config"),
        source=source,
        undescribed=tuple(shard.get("undescribed", ())),
    )
