"""What is said of the modules that a file's adapters go to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.analysis import analysis, check_findings, whole
from support.facts import WORLD


def said(method: str, model: str = "models/tiny") -> list[str]:
    text = whole(f"model: {{name_or_path: {model}}}\nmethod: {{{method}}}\n")
    return [f"{f.code}: {f.message}" for f in analysis(text).findings if f.code != "does-not-fit"]


@pytest.mark.parametrize(
    "method",
    [
        "target_modules: [q_proj, down_proj]",
        "target_modules: [q_proj], layers_to_transform: [0], layers_pattern: [layers]",
        "exclude_modules: [k_proj, layers.1.mlp.up_proj]",
        "exclude_modules: '.*mlp.*'",
        "target_modules: [q_proj], modules_to_save: [norm, layers.1.mlp, ayers.0.mlp.up_proj]",
        "target_modules: [q_proj], modules_to_save: [act_fn, mlp.dropout]",
        "rank_pattern: {down_proj: 8, 'layers\\.0\\..*q_proj': 4}, alpha_pattern: {v_proj: 8}",
    ],
)
def test_what_selects_something_is_fine(method: str) -> None:
    assert said(method) == []


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (
            "target_modules: [q_proj, v_porj]",
            "target-module-not-found: `models/tiny` has no module `v_porj`; did you mean `v_proj`?",
        ),
        (
            "target_modules: [q_proj], target_parameters: [q_proj.wieght]",
            (
                "target-module-not-found: `models/tiny` has no parameter `q_proj.wieght`; "
                "did you mean `q_proj.weight`?"
            ),
        ),
        (
            "target_modules: 'q_proj, v_proj'",
            (
                "target-matches-nothing: `target_modules: q_proj, v_proj` is a pattern for whole "
                "names and matches no module of `models/tiny`; did you mean the list "
                "`[q_proj, v_proj]`?"
            ),
        ),
        (
            "target_modules: self_attn",
            (
                "target-matches-nothing: `target_modules: self_attn` matches no module of "
                "`models/tiny`; its layers have `q_proj`, `k_proj`, `v_proj`, `o_proj`, "
                "`gate_proj`, `up_proj` and `down_proj`"
            ),
        ),
        (
            "target_modules: all-linaer",
            (
                "target-matches-nothing: `target_modules: all-linaer` matches no module of "
                "`models/tiny`; did you mean `all-linear`?"
            ),
        ),
        (
            "target_modules: [c_attn]",
            (
                "target-module-not-found: `models/tiny` has no module `c_attn`; what it has for it "
                "is `q_proj`, `k_proj` and `v_proj`"
            ),
        ),
        (
            "target_modules: [q_proj, zebra]",
            (
                "target-module-not-found: `models/tiny` has no module `zebra`; its layers have "
                "`q_proj`, `k_proj`, `v_proj`, `o_proj`, `gate_proj`, `up_proj` and `down_proj`"
            ),
        ),
        (
            "target_modules: [], target_parameters: []",
            (
                "target-matches-nothing: `target_modules` is empty, and `target_parameters` names "
                "nothing either"
            ),
        ),
        (
            "target_modules: [q_proj], exclude_modules: [q_proj]",
            "target-matches-nothing: no module of `models/tiny` is left to adapt: all are excluded",
        ),
        (
            "exclude_modules: '(q_proj'",
            (
                "target-pattern-invalid: `(q_proj` is no regular expression: missing ), "
                "unterminated subpattern at position 0"
            ),
        ),
        (
            "layers_to_transform: [0]",
            (
                "target-refused: `layers_to_transform` needs a list of names in `target_modules`, "
                "not `all-linear`"
            ),
        ),
        (
            "target_modules: [q_proj], layers_pattern: [layers]",
            (
                "target-refused: `layers_pattern` needs `layers_to_transform`, which says which of "
                "the layers"
            ),
        ),
        (
            "target_modules: [q_proj], layers_to_transform: [0, 40]",
            "pattern-matches-nothing: `models/tiny` has no layer 40; its layers are 0 to 1",
        ),
        (
            "exclude_modules: [k_porj]",
            (
                "pattern-matches-nothing: `models/tiny` has no module `k_porj` to exclude; "
                "did you mean `k_proj`?"
            ),
        ),
        (
            "target_modules: [q_proj], modules_to_save: [lm_haed]",
            (
                "target-module-not-found: `models/tiny` has no module `lm_haed` to save; "
                "did you mean `lm_head`?"
            ),
        ),
        (
            "target_modules: [q_proj], modules_to_save: [zebra, norm]",
            "target-module-not-found: `models/tiny` has no module `zebra` to save",
        ),
        (
            "exclude_modules: vision.*",
            "pattern-matches-nothing: `vision.*` excludes none of the modules that get adapters",
        ),
        (
            "target_modules: [q_proj], alpha_pattern: {q_porj: 4}",
            (
                "pattern-matches-nothing: `q_porj` is the name of no module that gets an adapter; "
                "did you mean `q_proj`?"
            ),
        ),
    ],
)
def test_what_selects_nothing_is_told(method: str, message: str) -> None:
    assert said(method) == [message]


def test_layers_that_are_not_there_leave_nothing_to_train() -> None:
    assert said("target_modules: [q_proj], layers_to_transform: [40]") == [
        (
            "target-matches-nothing: no module of `models/tiny` is left to adapt: none is in these "
            "layers"
        ),
        "pattern-matches-nothing: `models/tiny` has no layer 40; its layers are 0 to 1",
    ]


def test_parameters_alone_can_be_trained() -> None:
    method = "target_modules: [], target_parameters: [gate_proj.weight, up_proj.weight]"
    assert said(method) == []


def test_a_model_that_nobody_knows_is_held_to_nothing_but_peft_itself() -> None:
    assert said("target_modules: [zebra], rank_pattern: {ape: 4}", "owner/other") == []
    assert len(said("layers_to_transform: [3]", "owner/other")) == 1


def test_a_rank_may_be_too_large_for_one_module_alone() -> None:
    (message,) = said("r: 4, rank_pattern: {q_proj: 4000}")
    assert message.startswith("rank-over-dimension: rank 4000 is above")


def test_a_rank_that_is_too_large_is_told_where_it_stands() -> None:
    check_findings("""
        method:
          r: 4
          rank_pattern:
            q_proj: 4000
            #       ^^^^ warning[rank-over-dimension]: rank 4000 is above the smaller side of `model.layers.*.self_attn.q_proj` (128x128), which has no more than 128 directions to learn
        """)  # noqa: E501


def test_experts_that_hold_next_to_nothing_are_not_told_of() -> None:
    shape = WORLD.shapes["models/experts"]
    groups = tuple(replace(g, at=()) if g.role == "expert" else g for g in shape.groups)
    shapes = {**WORLD.shapes, "models/experts": replace(shape, groups=groups)}
    text = whole("model: {name_or_path: models/experts}\nmethod: {target_modules: attention}")
    for facts, told in ((WORLD, True), (replace(WORLD, shapes=shapes), False)):
        codes = {finding.code for finding in analysis(text, facts).findings}
        assert ("expert-weights-frozen" in codes) is told


def test_low_coverage_says_what_is_left_and_how_much_of_the_model_that_is() -> None:
    (message,) = said("target_modules: [q_proj, v_proj]", "models/hybrid")
    assert "1 of 5 layers" in message
    assert message.endswith("the other layers hold mixers (89%: `in_proj` and `out_proj`)")


def test_few_layers_are_meant_where_they_are_named() -> None:
    method = "target_modules: [q_proj, v_proj], layers_to_transform: [4]"
    assert [m for m in said(method, "models/hybrid") if "low-coverage" in m] == []


@pytest.mark.parametrize(
    "written", ["q_proj", "'q_proj, v_proj'", "'(q_proj|v_proj)'", "all-linaer"]
)
def test_what_is_proposed_instead_of_a_pattern_is_right(written: str) -> None:
    text = whole(f"method: {{target_modules: {written}}}\n")
    (finding,) = (f for f in analysis(text).findings if f.code == "target-matches-nothing")
    assert finding.fix is not None
    (edit,) = finding.fix.edits
    better = text[: edit.span.start] + edit.new_text + text[edit.span.end :]
    assert not [f for f in analysis(better).findings if f.code.startswith("target-")]
