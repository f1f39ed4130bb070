"""Builds the VS Code extension, with the wheel in it, and tries what came of it.

python .ci/vsix.py dist     # takes the wheel from there and puts the .vsix beside it
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from npm import EXTENSION, ROOT, npm

LIMIT_MB = 3.0
PICTURE = re.compile(rb"^!\[[^\]]*\]\([^)]*\)\n\n?", re.MULTILINE)
# What is always there; what OTHERS fits may be there too, and nothing else.
FILES = {
    "[Content_Types].xml",
    "extension.vsixmanifest",
    "extension/LICENSE.txt",
    "extension/changelog.md",
    "extension/dist/extension.js",
    "extension/dist/media/memory.js",
    "extension/dist/media/preview.js",
    "extension/dist/media/run.js",
    "extension/dist/workflow.schema.json",
    "extension/images/activity.svg",
    "extension/images/icon.png",
    "extension/images/workflow-dark.svg",
    "extension/images/workflow-light.svg",
    "extension/language-configuration.json",
    "extension/package.json",
    "extension/package.nls.bg.json",
    "extension/package.nls.json",
    "extension/python/install.py",
    "extension/readme.md",
    "extension/syntaxes/pitchpipe.tmLanguage.json",
}
OTHERS = re.compile(
    r"extension/(dist/media/\w+\.css|l10n/bundle\.l10n(\.\w+)?\.json|walkthrough/[\w.-]+\.(md|svg)"
    r"|samples/[\w./-]+|wheel/pitchpipe-[\w.]+-py3-none-any\.whl)"
)


def main(dist: Path) -> None:
    wheels = list(dist.glob("*.whl"))
    require(len(wheels) == 1, f"one wheel in {dist}, not {len(wheels)}")
    carry(wheels[0])
    for old in dist.glob("*.vsix"):
        old.unlink()
    npm("run", "build")
    npm("run", "package", "--", "--out", str(dist))
    made = list(dist.glob("*.vsix"))
    require(len(made) == 1, f"one .vsix in {dist}, not {len(made)}")
    drop_pictures(made[0])
    check(made[0], wheels[0])


def carry(wheel: Path) -> None:
    """Puts beside the extension what lies elsewhere in the repository."""
    shutil.rmtree(EXTENSION / "wheel", ignore_errors=True)
    (EXTENSION / "wheel").mkdir()
    shutil.copy2(wheel, EXTENSION / "wheel")
    for name in ("LICENSE", "CHANGELOG.md"):
        shutil.copy2(ROOT / name, EXTENSION)


def drop_pictures(vsix: Path) -> None:
    """Takes the pictures out of the README: an editor shows none that lie in an extension."""
    fresh = vsix.with_suffix(".part")
    with zipfile.ZipFile(vsix) as old, zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename == "extension/readme.md":
                data = PICTURE.sub(b"", data)
            new.writestr(entry, data)
    fresh.replace(vsix)


def check(vsix: Path, wheel: Path) -> None:
    with zipfile.ZipFile(vsix) as archive:
        held = set(archive.namelist())
        manifest = json.loads(archive.read("extension/package.json"))
        bundle = archive.getinfo("extension/dist/extension.js").file_size
        carried = archive.read(f"extension/wheel/{wheel.name}")
    others = {name for name in held - FILES if not OTHERS.fullmatch(name)}
    require(not others, f"nothing else in the .vsix than it needs, found {sorted(others)}")
    require(held >= FILES, f"all of the extension in the .vsix, it lacks {sorted(FILES - held)}")
    require(any(name.startswith("extension/l10n/") for name in held), "translations in the .vsix")
    require(any(name.startswith("extension/walkthrough/") for name in held), "the walkthrough")
    require(any(name.startswith("extension/samples/") for name in held), "a sample in the .vsix")
    require(carried == wheel.read_bytes(), "the very wheel in the .vsix")
    version = wheel.name.split("-")[1]
    require(manifest["version"] == version, f"version {version}, not {manifest['version']}")
    size = vsix.stat().st_size / 1e6
    require(size < LIMIT_MB, f"a .vsix under {LIMIT_MB} MB, not {size:.2f}")
    print(
        f"{vsix.name} is good: {size:.2f} MB with a wheel of {len(carried) / 1e6:.2f} MB; "
        f"the extension's bundle is {bundle / 1e3:.0f} kB"
    )


def require(fact: bool, what: str) -> None:
    if not fact:
        sys.exit(f"error: expected {what}")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]).resolve())
    except subprocess.CalledProcessError as failed:
        sys.exit(failed.returncode)
