"""Small model shapes, written down: what `describe` would say of two-layer models."""

from __future__ import annotations

from dataclasses import replace

from pitchpipe.modules import (
    Head,
    Kind,
    ModelShape,
    ModuleGroup,
    Parameter,
    Role,
    ShapeSource,
)

WIDTH, INNER, ENTRIES = 8, 16, 32
LAYERS = ((0,), (1,))


def linear(
    path: str,
    role: Role,
    size: tuple[int, int] = (WIDTH, WIDTH),
    *,
    at: tuple[tuple[int, ...], ...] = LAYERS,
    bias: bool = False,
    tied_to: str | None = None,
) -> ModuleGroup:
    """`size` is (in, out)."""
    inside, outside = size
    parameters = [Parameter("weight", (outside, inside), tied_to)]
    if bias:
        parameters.append(Parameter("bias", (outside,)))
    return ModuleGroup(path, at, "linear", role, "Linear", tuple(parameters))


def other(
    path: str,
    kind: Kind = "other",
    role: Role = "other",
    *parameters: Parameter,
    at: tuple[tuple[int, ...], ...] = LAYERS,
    class_name: str = "Other",
) -> ModuleGroup:
    return ModuleGroup(path, at, kind, role, class_name, parameters)


def embedding(path: str = "model.embed_tokens") -> ModuleGroup:
    weight = Parameter("weight", (ENTRIES, WIDTH))
    return other(path, "embedding", "embedding", weight, at=((),), class_name="Embedding")


def head(*, tied: bool = False) -> ModuleGroup:
    owner = "model.embed_tokens.weight" if tied else None
    return linear("lm_head", "head", (WIDTH, ENTRIES), at=((),), tied_to=owner)


def attention(*, bias: bool = False) -> tuple[ModuleGroup, ...]:
    base = "model.layers.{}.self_attn"
    return (
        linear(f"{base}.q_proj", "q", bias=bias),
        linear(f"{base}.k_proj", "k", (WIDTH, 4), bias=bias),
        linear(f"{base}.v_proj", "v", (WIDTH, 4), bias=bias),
        linear(f"{base}.o_proj", "o"),
    )


def mlp(at: tuple[tuple[int, ...], ...] = LAYERS) -> tuple[ModuleGroup, ...]:
    base = "model.layers.{}.mlp"
    return (
        linear(f"{base}.gate_proj", "mlp", (WIDTH, INNER), at=at),
        linear(f"{base}.up_proj", "mlp", (WIDTH, INNER), at=at),
        linear(f"{base}.down_proj", "mlp", (INNER, WIDTH), at=at),
    )


def experts(at: tuple[tuple[int, ...], ...]) -> tuple[ModuleGroup, ...]:
    """Four fused experts and their router, which is no linear layer."""
    base = "model.layers.{}.mlp"
    fused = (
        Parameter("gate_up_proj", (4, 2 * INNER, WIDTH)),
        Parameter("down_proj", (4, WIDTH, INNER)),
    )
    router = Parameter("weight", (4, WIDTH))
    return (
        other(f"{base}.gate", "other", "router", router, at=at, class_name="Router"),
        other(f"{base}.experts", "experts", "expert", *fused, at=at, class_name="Experts"),
    )


def shape(*groups: ModuleGroup, model_type: str = "llama", task: Head = "causal-lm") -> ModelShape:
    source = ShapeSource("built", "by hand")
    name = "LlamaForCausalLM" if task == "causal-lm" else "T5ForConditionalGeneration"
    return ModelShape(model_type, name, task, groups, {"vocab_size": ENTRIES}, True, source)


def llama(*, tied: bool = False, bias: bool = False) -> ModelShape:
    norm = other("model.norm", "norm", "norm", Parameter("weight", (WIDTH,)), at=((),))
    return shape(embedding(), *attention(bias=bias), *mlp(), norm, head(tied=tied))


def neox() -> ModelShape:
    """A class that no builder of onnxruntime-genai knows."""
    return replace(llama(), model_type="gpt_neox", class_name="GPTNeoXForCausalLM")


def deepseek() -> ModelShape:
    """The first layer is dense, the second has experts."""
    groups = (embedding(), *attention(), *mlp(((0,),)), *experts(((1,),)), head())
    return replace(shape(*groups), model_type="deepseek_v3")


def hybrid() -> ModelShape:
    """Five layers, of which the last alone has attention; the others mix by a state."""
    base, four = "model.layers.{}.mamba", tuple((n,) for n in range(4))
    mixers = (
        linear(f"{base}.in_proj", "mixer", (WIDTH, 2 * INNER), at=four),
        linear(f"{base}.out_proj", "mixer", (INNER, WIDTH), at=four),
    )
    own = tuple(replace(group, at=((4,),)) for group in attention())
    return replace(shape(embedding(), *mixers, *own, head()), model_type="jamba")


def seeing() -> ModelShape:
    """A model with a vision tower whose attention has the same names."""
    tower = linear("model.vision_tower.layers.{}.self_attn.q_proj", "tower")
    return replace(shape(embedding(), tower, *attention(), *mlp(), head()), model_type="gemma3")


def scaled(original: ModelShape, by: int) -> ModelShape:
    """The same modules with every dimension `by` times as large."""
    groups = tuple(
        replace(
            group,
            parameters=tuple(
                replace(p, shape=tuple(size * by for size in p.shape)) for p in group.parameters
            ),
        )
        for group in original.groups
    )
    config = {**original.config, "vocab_size": original.config["vocab_size"] * by}
    return replace(original, groups=groups, config=config)
