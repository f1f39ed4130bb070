"""What the packages promise by their mere shape."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

tomllib = pytest.importorskip("tomllib")  # Python 3.11

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = SETTINGS["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
HEAVY = {
    "accelerate",
    "datasets",
    "huggingface_hub",
    "lsprotocol",
    "numpy",
    "onnx",
    "onnxruntime",
    "onnxruntime_genai",
    "peft",
    "pygls",
    "sklearn",
    "tokenizers",
    "torch",
    "transformers",
}


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after the statement."""
    code = f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, encoding="utf-8"
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import pitchpipe.workflow, pitchpipe.plan, pitchpipe.check",
        "import pitchpipe_cli.main",
        "import pitchpipe_facts",
        "import pitchpipe_schemas",
        "import pitchpipe_runner",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(statement: str) -> None:
    assert loaded_by(statement) & HEAVY == set()


def test_the_core_draws_nothing() -> None:
    assert "rich" not in loaded_by("import pitchpipe.workflow, pitchpipe.plan, pitchpipe.check")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()
    assert (ROOT / package / "__init__.py").is_file()


def test_every_package_that_lies_there_is_shipped() -> None:
    lying = {
        file.parent.relative_to(ROOT).as_posix()
        for root in ("server", "runner", "schemas")
        for file in (ROOT / root).glob("*/__init__.py")
    }
    assert lying == set(PACKAGES)
    watched = set(SETTINGS["tool"]["importlinter"]["root_packages"])
    assert watched == {Path(package).name for package in PACKAGES}
