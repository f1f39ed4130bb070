"""Tries the built distributions: what they hold, and that the bare wheel is light and works.

python .ci/try_wheel.py dist
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIGHT_MB = 80  # what the light install may take on disk, pip not counted
HEAVY = ("torch", "transformers", "onnxruntime", "datasets", "numpy")
WORKFLOW = """\
model: {name_or_path: HuggingFaceTB/SmolLM2-135M-Instruct}
data:
  train:
    - path: rows.jsonl
      columns: {prompt: question, completion: answer}
"""


def main(dist: Path) -> None:
    dist = dist.resolve()
    wheel, sdist = one(dist, "*.whl"), one(dist, "*.tar.gz")
    check_wheel(wheel)
    check_sdist(sdist)
    with tempfile.TemporaryDirectory() as folder:
        check_bare_install(wheel, Path(folder))
    print(f"{wheel.name} and {sdist.name} are good")


def one(dist: Path, pattern: str) -> Path:
    found = list(dist.glob(pattern))
    require(len(found) == 1, f"one {pattern} in {dist}, not {len(found)}")
    return found[0]


def require(fact: bool, what: str) -> None:
    if not fact:
        sys.exit(f"error: expected {what}")


def check_wheel(wheel: Path) -> None:
    """Every file of every package is in it, and nothing else."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    expected = {
        file.relative_to((ROOT / package).parent).as_posix()
        for package in packages
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        licences = [name for name in archive.namelist() if name.endswith("licenses/LICENSE")]
    require(held == expected, f"the packages' files in the wheel; differ: {held ^ expected}")
    require(bool(licences), "the licence in the wheel")
    for package in packages:
        name = f"{Path(package).name}/py.typed"
        require(name in held, f"{name} in the wheel")


def check_sdist(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    for name in ("LICENSE", "README.md", "pyproject.toml", "Makefile", "tests/test_layout.py"):
        require(name in held, f"{name} in the sdist")
    unwanted = [n for n in held if "node_modules" in n or n.startswith(("samples/models", "runs"))]
    require(not unwanted, f"no fetched or generated files in the sdist, found {unwanted[:3]}")


def check_bare_install(wheel: Path, folder: Path) -> None:
    environment = folder / "venv"
    venv.create(environment, with_pip=True)
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    packages = next(environment.rglob("site-packages"))
    before = megabytes(packages)
    start = time.perf_counter()
    run(scripts / "python", "-m", "pip", "install", "-qq", str(wheel))
    seconds = time.perf_counter() - start
    size = megabytes(packages) - before
    print(f"the light install takes {size:.1f} MB and took {seconds:.0f} s")
    require(size < LIGHT_MB, f"a light install under {LIGHT_MB} MB, not {size:.1f}")
    heavy = [name for name in HEAVY if (packages / name).exists()]
    require(not heavy, f"no heavy packages in the light install, found {', '.join(heavy)}")
    check_command(scripts / "pitchpipe", folder)


def check_command(pitchpipe: Path, folder: Path) -> None:
    row = json.dumps({"question": "two and two?", "answer": "four"})
    (folder / "rows.jsonl").write_text(f"{row}\n" * 4, encoding="utf-8")
    good, bad = folder / "good.tune.yaml", folder / "bad.tune.yaml"
    good.write_text(WORKFLOW, encoding="utf-8")
    bad.write_text(WORKFLOW + "trainig: {}\n", encoding="utf-8")
    for arguments in (["--version"], ["--help"], ["check", str(good)]):
        print(f"$ pitchpipe {' '.join(arguments)}")
        print(run(pitchpipe, *arguments))
    complaint = run(pitchpipe, "check", str(bad), code=1)
    require("training" in complaint, f"`training` to be offered for `trainig`, not {complaint!r}")


def run(*command: str | Path, code: int = 0) -> str:
    """What the command says, run away from the checkout so that only the wheel is seen."""
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        cwd=tempfile.gettempdir(),
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )
    said = done.stdout.strip()
    require(
        done.returncode == code, f"exit code {code} of {command[1:]}, not {done.returncode}\n{said}"
    )
    return said


def megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


if __name__ == "__main__":
    main(Path(sys.argv[1]))
