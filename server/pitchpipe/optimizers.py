"""What the optimizers that `training.optim` names take and need (transformers 5.23)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Optimizer:
    """`arguments` are the names that it takes from `optim_args`.

    `betas` and `epsilon`: whether it goes by `adam_beta1` and `adam_beta2`, by `adam_epsilon`.
    `package` is one that the runner's requirements don't have, None where they have all.
    """

    arguments: tuple[str, ...] = ()
    betas: bool = False
    epsilon: bool = False
    package: str | None = None


_ADAM = Optimizer(betas=True, epsilon=True)
_OF_TORCHAO = Optimizer(("bf16_stochastic_round",), betas=True, epsilon=True, package="torchao")
_OF_BITSANDBYTES = Optimizer(betas=True, epsilon=True, package="bitsandbytes")
_LION = Optimizer(betas=True, package="bitsandbytes")
_ADEMAMIX = Optimizer(
    ("beta1", "beta2", "beta3", "alpha", "eps", "t_alpha", "t_beta3"),
    betas=True,
    epsilon=True,
    package="bitsandbytes",
)
# transformers hands it `optim_args` as texts, which it can't compute with.
_RMSPROP_OF_BITSANDBYTES = Optimizer(package="bitsandbytes")

OPTIMIZERS: dict[str, Optimizer] = {
    "adamw_torch": _ADAM,
    "adamw_torch_fused": _ADAM,
    "adamw_torch_8bit": _OF_TORCHAO,
    "adamw_torch_4bit": _OF_TORCHAO,
    "adafactor": Optimizer(),
    "sgd": Optimizer(("momentum", "dampening", "weight_decay", "nesterov")),
    "adagrad": Optimizer(("lr_decay", "weight_decay", "eps")),
    "rmsprop": Optimizer(("momentum", "alpha", "eps", "weight_decay", "centered")),
    "ademamix": _ADEMAMIX,
    "ademamix_8bit": _ADEMAMIX,
    "adamw_bnb_8bit": _OF_BITSANDBYTES,
    "lion_32bit": _LION,
    "lion_8bit": _LION,
    "paged_adamw_32bit": _OF_BITSANDBYTES,
    "paged_adamw_8bit": _OF_BITSANDBYTES,
    "paged_ademamix_32bit": _ADEMAMIX,
    "paged_ademamix_8bit": _ADEMAMIX,
    "paged_lion_32bit": _LION,
    "paged_lion_8bit": _LION,
    "rmsprop_bnb": _RMSPROP_OF_BITSANDBYTES,
    "rmsprop_bnb_8bit": _RMSPROP_OF_BITSANDBYTES,
    "rmsprop_bnb_32bit": _RMSPROP_OF_BITSANDBYTES,
}
"""A test holds its keys to the schema's values, and the rest to transformers' own code."""


def said(optim_args: str | None) -> dict[str, str]:
    """The values in `name=value,name=value`, by name."""
    parts = (part.partition("=") for part in (optim_args or "").split(",") if part.strip())
    return {name.strip(): value.strip() for name, _, value in parts}


def more_moments(optim: str, optim_args: str | None) -> int:
    """How many numbers a trained weight `optim_args` make the optimizer keep beyond its own."""
    values = said(optim_args)
    own = {"sgd": ("momentum",), "rmsprop": ("momentum", "centered")}.get(optim, ())
    return sum(values.get(name, "0").lower() not in _NOTHING for name in own)


_NOTHING = {"0", "0.0", "false", "no"}
