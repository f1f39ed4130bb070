"""Axolotl's plugins: most of them only compute faster or tell more."""

from __future__ import annotations

from pitchpipe.dialects.foreign import Foreign
from pitchpipe.syntax.nodes import Data

_HARMLESS = ("cut_cross_entropy", "expert_parallel", "kernels", "liger", "lm_eval", "swanlab")
_SPOKEN_FOR = {
    "densemixer": "dense_mixer",
    "diffusion": "diffusion",
    "grokfast": "grokfast_alpha",
    "hatchery": "hatchery",
    "kd": "kd_trainer",
    "llm_compressor": "llmcompressor",
    "mora": "mora",
    "nemo_gym": "nemo_gym_enabled",
    "spectrum": "spectrum_top_fraction",
}
"""Plugins whose keys say what they do, and the key by which they begin to."""


def lower(foreign: Foreign) -> None:
    plugins = foreign.given("plugins")
    for index, plugin in enumerate(plugins if isinstance(plugins, list) else ()):
        if isinstance(plugin, str):
            _plugin(foreign, plugin, ("plugins", index))


def _plugin(foreign: Foreign, plugin: str, path: tuple[str, int]) -> None:
    name = plugin.removeprefix("axolotl.integrations.").split(".")[0]
    if not plugin.startswith("axolotl.integrations."):
        foreign.note("lost", path, f"`{plugin}`: plugins of Axolotl aren't loaded here")
    elif name not in _HARMLESS and not _speaks(foreign, name):
        foreign.note("lost", path, f"`{name}`: what this plugin of Axolotl does is left out")


def _speaks(foreign: Foreign, name: str) -> bool:
    key = _SPOKEN_FOR.get(name)
    value: Data = foreign.given(key) if key else None
    return value is not None
