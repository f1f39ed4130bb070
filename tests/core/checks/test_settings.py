"""Rows held out, places for results, devices and number formats, and keys without an effect."""

from __future__ import annotations

import pytest

from pitchpipe.checks.settings import RULES
from support.analysis import analysis, check_fixed, whole
from support.facts import ROOT, WORLD, World

OURS = {rule.code for rule in RULES} | {"key-without-effect", "target-refused", "unknown-device"}


def said(fragment: str, facts: World = WORLD) -> list[str]:
    """What these rules say, as `code: message`."""
    found = analysis(whole(fragment), facts).findings
    return [f"{f.code}: {f.message}" for f in found if f.code in OURS]


def codes(fragment: str, facts: World = WORLD) -> list[str]:
    return [line.partition(":")[0] for line in said(fragment, facts)]


# Rows held out


@pytest.mark.parametrize(
    ("shares", "wrong"),
    [
        ("val_size: 0.3, test_size: 0.6", False),
        ("val_size: 0.3, test_size: 0.7", True),
        ("val_size: 0.9", False),
        ("test_size: 0.95", False),
        ("val_size: 0.9, test_size: 0.9, eval: [{path: data/sums.jsonl}]", False),
    ],
)
def test_shares_leave_rows_to_train_on(shares: str, wrong: bool) -> None:
    fragment = f"data: {{train: [{{path: data/pairs.jsonl}}], {shares}}}"
    assert ("nothing-left-to-train" in codes(fragment)) is wrong


@pytest.mark.parametrize(
    ("train", "held", "same"),
    [
        ("dataset_name: a/b", "dataset_name: a/b", True),
        ("dataset_name: a/b", "dataset_name: a/b, split: test", False),
        ("dataset_name: a/b", "dataset_name: a/c", False),
        ("dataset_name: a/b, dataset_config: en", "dataset_name: a/b, dataset_config: de", False),
        (
            "dataset_name: a/b, split: 'train[:90%]'",
            "dataset_name: a/b, split: 'train[90%:]'",
            False,
        ),
        (
            "dataset_name: a/b, split: 'train[:91%]'",
            "dataset_name: a/b, split: 'train[90%:]'",
            True,
        ),
        (
            "dataset_name: a/b, split: 'train[100:]'",
            "dataset_name: a/b, split: 'train[:100]'",
            False,
        ),
        (
            "dataset_name: a/b, split: 'train[99:]'",
            "dataset_name: a/b, split: 'train[:100]'",
            True,
        ),
        # Which rows these are goes by how many there are.
        (
            "dataset_name: a/b, split: 'train[:-100]'",
            "dataset_name: a/b, split: 'train[:100]'",
            False,
        ),
        (
            "dataset_name: a/b, split: 'train[:50%]'",
            "dataset_name: a/b, split: 'train[:10]'",
            False,
        ),
    ],
)
def test_rows_of_the_hub_are_not_trained_and_evaluated_on(
    train: str, held: str, same: bool
) -> None:
    for key in ("eval", "test"):
        fragment = f"data: {{train: [{{{train}}}], {key}: [{{{held}}}]}}"
        assert ("evaluation-on-training-rows" in codes(fragment)) is same


def test_a_source_is_named_once() -> None:
    twice = "data: {train: [{path: data/sums.jsonl}, {path: data/../data/sums.jsonl}]}"
    assert "source-twice" in codes(twice)
    halves = (
        "data: {train: [{path: data/sums.jsonl, split: 'train[:50%]'}, "
        "{path: data/sums.jsonl, split: 'train[50%:]'}]}"
    )
    assert "source-twice" not in codes(halves)


def test_metrics_need_rows() -> None:
    data = (
        "data: {{train: [{{path: data/sums.jsonl}}], val_size: 0{}}}\nevaluate: {{metrics: {}}}\n"
    )
    assert "nothing-to-measure" in codes(data.format("", "[loss]"))
    assert "nothing-to-measure" not in codes(data.format("", "null"))
    assert "nothing-to-measure" not in codes(data.format(", test_size: 0.1", "[loss]"))
    listed = ", test: [{path: data/pairs.jsonl}]"
    assert "nothing-to-measure" not in codes(data.format(listed, "[loss]"))


# Templates


@pytest.mark.parametrize(
    ("templates", "found"),
    [
        ("prompt_template: 'Add: {prompt}'", []),
        ("prompt_template: 'Add the numbers.'", ["template-constant"]),
        ("prompt_template: 'Add {{prompt}}.'", ["template-constant"]),
        ("prompt_template: '{prompt}', completion_template: 'done'", ["template-constant"]),
        ("prompt_template: 'Is {prompt} {completion}?'", ["template-holds-answer"]),
        (
            "prompt_template: '{prompt} {completion}', completion_template: '{completion}.'",
            ["template-holds-answer"],
        ),
        # The prompt may hold a part of what is to be said.
        ("prompt_template: '{prompt}', completion_template: '{prompt} is {completion}'", []),
        ("prompt_template: '{prompt'", []),
        ("prompt_template: null", []),
    ],
)
def test_a_prompt_says_what_is_asked_and_no_more(templates: str, found: list[str]) -> None:
    assert codes(f"data: {{train: [{{path: data/sums.jsonl}}], {templates}}}") == found


def test_doubled_braces_are_undone() -> None:
    data = "data:\n  train: [{path: data/sums.jsonl}]\n  prompt_template: "
    check_fixed(data + '"Add {{prompt}}!"\n', 'prompt_template: "Add {prompt}!"')
    check_fixed(data + "'{{a}} {{b}}'\n", "prompt_template: '{a} {b}'")
    text = whole(data + "|\n    Add {{prompt}}!\n")
    (found,) = [f for f in analysis(text).findings if f.code == "template-constant"]
    assert "`{prompt}` stands for" in found.message
    assert found.fix is None


def test_the_answer_is_the_column_that_is_named_as_the_completion() -> None:
    data = (
        "data: {train: [{path: data/phrases.jsonl, columns: {completion: tone}}], "
        "prompt_template: '%s'}"
    )
    assert codes(data % "{phrase}") == []
    assert codes(data % "{phrase} ({tone})") == ["template-holds-answer"]


# Where results go


@pytest.mark.parametrize(
    ("folder", "found"),
    [
        ("runs", None),
        ("new/deep/runs", None),
        ("data/sums.jsonl", "output-dir-is-file: `output_dir` is a file"),
        (
            "data/sums.jsonl/runs",
            f"output-dir-is-file: `output_dir` lies below the file `{ROOT}/data/sums.jsonl`",
        ),
        ("models/tiny", "output-dir-among-inputs: runs would be kept in the base model's folder"),
        ("models/tiny/x", "output-dir-among-inputs: runs would be kept in the base model's folder"),
        ("models/tiny2", None),
        ("data", "output-dir-among-inputs: runs would be kept among the data files"),
        ("data/runs", None),
        ("${NOWHERE}/runs", None),
    ],
)
def test_results_go_to_a_folder_of_their_own(folder: str, found: str | None) -> None:
    lines = said(f"data: {{train: [{{path: data/sums.jsonl}}]}}\noutput_dir: {folder}")
    assert len(lines) == (found is not None)
    assert all(line.startswith(found or "") for line in lines)


# Devices and number formats


@pytest.mark.parametrize(
    ("fragment", "found"),
    [
        ("model: {name_or_path: models/tiny, dtype: float16}\ncompute: {device: cuda}", []),
        ("model: {name_or_path: models/tiny, dtype: float16}", []),
        (
            "model: {name_or_path: models/tiny, dtype: float16}\ncompute: {device: cpu}",
            ["float16-without-gpu"],
        ),
        (
            "model: {name_or_path: models/tiny, dtype: bfloat16}\ncompute: {device: mps}",
            ["bfloat16-unsuited"],
        ),
        ("model: {name_or_path: models/tiny, dtype: bfloat16}\ncompute: {device: cpu}", []),
        ("model: {name_or_path: models/tiny, dtype: bfloat16}\ncompute: {target: RTX 4090}", []),
        (
            "model: {name_or_path: models/tiny, dtype: bfloat16}\ncompute: {target: V100 32GB}",
            ["bfloat16-unsuited"],
        ),
        ("training: {bf16: true}\ncompute: {target: T4}", ["bfloat16-unsuited"]),
        ("training: {bf16: false}\ncompute: {target: T4}", []),
        ("training: {bf16: true}\ncompute: {device: cuda}", []),
        ("compute: {device: cuda, target: RTX 4090}", []),
        ("compute: {device: auto, target: RTX 4090}", []),
        ("compute: {target: M3 Max 64GB}", []),
        ("compute: {device: cuda, target: M3 Max 64GB}", ["target-contradicts-device"]),
        ("compute: {device: mps, target: RTX 4090}", ["target-contradicts-device"]),
    ],
)
def test_formats_and_devices_go_together(fragment: str, found: list[str]) -> None:
    assert codes(fragment) == found


@pytest.mark.parametrize(
    ("rest", "wrong"),
    [
        (", dtype: bfloat16}", False),
        ("}", False),
        (", dtype: float32}", True),
        (", dtype: float32}\ntraining: {bf16: true}", False),
        (", dtype: float32}\ntraining: {fp16: false}", True),
        ("}\ncompute: {device: cpu}", True),
        ("}\ncompute: {device: mps}", True),
        ("}\ncompute: {device: cuda}", False),
        ("}\ncompute: {target: T4}", True),
        ("}\ncompute: {target: A100 80GB}", False),
        ("}\ncompute: {target: MI300X}", False),
    ],
)
def test_flash_attention_needs_its_device_and_format(rest: str, wrong: bool) -> None:
    model = "model: {name_or_path: models/tiny, attn_implementation: flash_attention_2"
    assert codes(model + rest) == ["flash-attention-unsuited"] * wrong


def test_fixes_write_what_works_everywhere() -> None:
    model = "model:\n  name_or_path: models/tiny\n"
    check_fixed(f"{model}  dtype: float16\ncompute: {{device: cpu}}\n", "dtype: auto")
    flash = f"{model}  attn_implementation: flash_attention_2\n  dtype: float32\n"
    check_fixed(flash, "attn_implementation: sdpa")


@pytest.mark.parametrize(
    ("name", "kind"), [("cpu", "cpu"), ("CPU", "cpu"), ("gpu", "cuda"), ("mps", "mps")]
)
def test_a_kind_of_device_is_no_product(name: str, kind: str) -> None:
    (line,) = said(f"compute:\n  target: {name}\n")
    assert line == (
        "unknown-device: `target` names a product; "
        f"the kind of device is said by `compute.device: {kind}`"
    )
    check_fixed(f"compute:\n  target: {name}\n", f"device: {kind}")


def test_a_kind_of_device_is_not_written_over_another() -> None:
    text = whole("compute:\n  device: cuda\n  target: cpu\n")
    (found,) = [f for f in analysis(text).findings if f.code == "unknown-device"]
    assert found.fix is None


# Keys without an effect


@pytest.mark.parametrize(
    ("fragment", "message"),
    [
        (
            "model: {name_or_path: models/tiny, revision: v2}",
            "`revision` has no effect with a folder, which has one state alone",
        ),
        ("model: {name_or_path: models/tiny, revision: main}", None),
        ("model: {name_or_path: a/b, revision: v2}", None),
        (
            "data: {train: [{path: data/texts.txt}], loss_on: completion}",
            "`loss_on` has no effect on rows that are texts, which are learnt whole",
        ),
        ("data: {train: [{path: data/texts.txt}], loss_on: all}", None),
        (
            "data: {train: [{path: data/texts.txt}], chat_template: tokenizer}",
            "`chat_template` has no effect on rows that are texts",
        ),
        (
            "data: {train: [{path: data/texts.txt}, {path: data/sums.jsonl}], loss_on: completion}",
            None,
        ),
        (
            "evaluate: {generations: 0, max_new_tokens: 9}",
            "`max_new_tokens` has no effect where nothing is generated (`generations: 0`)",
        ),
        ("evaluate: {generations: 0, metrics: [exact_match], max_new_tokens: 9}", None),
        ("task: classification\nevaluate: {generations: 0, max_new_tokens: 9}", None),
        ("evaluate: {generations: 1, max_new_tokens: 9}", None),
        (
            "training: {train_sampling_strategy: group_by_length}",
            (
                "`train_sampling_strategy` has no effect with `data.packing: true`, "
                "whose packs are about equally long"
            ),
        ),
        ("training: {train_sampling_strategy: sequential}", None),
        (
            (
                "data: {train: [{path: data/sums.jsonl}], packing: false}\n"
                "training: {train_sampling_strategy: group_by_length}"
            ),
            None,
        ),
        (
            (
                "data: {train: [{path: data/sums.jsonl}], val_size: 0}\n"
                "training: {eval_strategy: epoch}"
            ),
            "`eval_strategy` has no effect where no rows are held out (`val_size: 0`)",
        ),
        (
            (
                "data: {train: [{path: data/sums.jsonl}], val_size: 0, "
                "eval: [{path: data/pairs.jsonl}]}\ntraining: {eval_strategy: epoch}"
            ),
            None,
        ),
    ],
)
def test_a_key_that_another_makes_pointless(fragment: str, message: str | None) -> None:
    found = [line for line in said(fragment) if line.startswith("key-without-effect")]
    assert found == ([] if message is None else [f"key-without-effect: {message}"])


@pytest.mark.parametrize(
    ("fragment", "places"),
    [
        ("method: {type: full, r: 8}", ["method.type"]),
        ("training: {max_steps: 5, num_train_epochs: 2}", ["training.max_steps"]),
        ("training: {eval_steps: 5}", []),
        ("training: {eval_strategy: no, eval_steps: 5}", ["training.eval_strategy"]),
        (
            (
                "data: {train: [{path: data/pairs.jsonl}], "
                "eval: [{path: data/sums.jsonl}], val_size: 0.1}"
            ),
            ["data.eval"],
        ),
        ("export: {format: none, precision: int4}", ["export.format"]),
    ],
)
def test_what_makes_a_key_pointless_is_shown(fragment: str, places: list[str]) -> None:
    found = analysis(whole(fragment)).findings
    (finding,) = [f for f in found if f.code == "key-without-effect"]
    assert [r.message for r in finding.related] == [f"`{place}` is set here" for place in places]


@pytest.mark.parametrize("key", ["lora_dropout: 0.1", "use_dora: true"])
def test_parameters_are_trained_without_dropout_and_dora(key: str) -> None:
    method = "method: {target_parameters: [mlp.experts.down_proj], %s}"
    fragment = "model: {name_or_path: nobody/knows-it}\n" + method
    name = key.partition(":")[0]
    assert said(fragment % key) == [
        f"target-refused: `target_parameters` can't be trained with `{name}`: PEFT refuses it"
    ]
    assert said(fragment % "lora_dropout: 0.0") == []
