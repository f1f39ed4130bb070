from __future__ import annotations

from pathlib import Path

import pytest

from pitchpipe.facts import NotRead
from pitchpipe_facts import hub_cache

COMMIT = "0123456789" * 4


def cached(folder: Path, name: str = "models--org--tiny", commit: str = COMMIT) -> Path:
    """A cache as it lies on Windows without links: the snapshot holds the files themselves."""
    snapshot = folder / name / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}", encoding="utf-8")
    refs = folder / name / "refs"
    refs.mkdir(exist_ok=True)
    (refs / "main").write_text(commit, encoding="ascii")
    return snapshot


def at(folder: Path, name: str = "org/tiny", revision: str | None = None) -> object:
    return hub_cache.snapshot(name, revision, {"HF_HUB_CACHE": str(folder)})


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"HF_HUB_CACHE": "/a", "HF_HOME": "/b"}, "/a"),
        ({"HUGGINGFACE_HUB_CACHE": "/c", "HF_HOME": "/b"}, "/c"),
        ({"HF_HOME": "/b", "XDG_CACHE_HOME": "/x"}, "/b/hub"),
        ({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/x/huggingface/hub"),
        ({"HOME": "/h"}, "/h/.cache/huggingface/hub"),
        ({"USERPROFILE": "C:/Users/me"}, "C:/Users/me/.cache/huggingface/hub"),
        ({"HF_HUB_CACHE": "~/m", "HOME": "/h"}, "/h/m"),
        ({"HF_HOME": "$BIG/hf", "BIG": "/disk"}, "/disk/hf/hub"),
        ({"HF_HOME": "${BIG}/hf"}, "${BIG}/hf/hub"),
        ({"HF_HUB_CACHE": "", "HF_HOME": "/b"}, "/b/hub"),
    ],
)
def test_the_cache_lies_where_huggingface_hub_has_it(
    variables: dict[str, str], expected: str
) -> None:
    assert hub_cache.folder(variables) == Path(expected)


def test_a_branch_leads_to_its_commit(tmp_path: Path) -> None:
    assert at(tmp_path) is None
    snapshot = cached(tmp_path)
    assert at(tmp_path) == at(tmp_path, revision="main") == snapshot


def test_a_commit_needs_no_reference(tmp_path: Path) -> None:
    snapshot = cached(tmp_path)
    (tmp_path / "models--org--tiny" / "refs" / "main").unlink()
    assert at(tmp_path, revision=COMMIT) == snapshot


def test_a_reference_may_have_slashes(tmp_path: Path) -> None:
    snapshot = cached(tmp_path)
    reference = tmp_path / "models--org--tiny" / "refs" / "refs" / "pr" / "4"
    reference.parent.mkdir(parents=True)
    reference.write_text(f"{COMMIT}\n", encoding="ascii")
    assert at(tmp_path, revision="refs/pr/4") == snapshot


def test_a_link_on_a_blob_is_followed(tmp_path: Path) -> None:
    snapshot = cached(tmp_path)
    blob = tmp_path / "models--org--tiny" / "blobs" / "ab"
    blob.parent.mkdir()
    (snapshot / "config.json").rename(blob)
    try:
        (snapshot / "config.json").symlink_to("../../blobs/ab")
    except OSError:
        pytest.skip("this user may not make links")
    found = at(tmp_path)
    assert isinstance(found, Path)
    assert (found / "config.json").read_text(encoding="utf-8") == "{}"


def test_a_name_without_an_owner_is_one_folder(tmp_path: Path) -> None:
    assert at(tmp_path, name="gpt2") is None
    snapshot = cached(tmp_path, "models--gpt2")
    assert at(tmp_path, name="gpt2") == snapshot


def test_another_revision_is_said_to_be_there(tmp_path: Path) -> None:
    cached(tmp_path)
    assert at(tmp_path, revision="v2") == NotRead(
        "the hub's cache has other revisions of `org/tiny`, but not `v2`"
    )


def test_a_folder_without_files_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "models--org--tiny" / "refs").mkdir(parents=True)
    assert at(tmp_path) is None


@pytest.mark.parametrize("revision", ["../../x", "a//b", "..", "/etc", "a\\..\\b", "C:x"])
def test_a_revision_leads_out_of_no_folder(tmp_path: Path, revision: str) -> None:
    cached(tmp_path)
    (tmp_path / "x").write_text(COMMIT, encoding="ascii")
    assert isinstance(at(tmp_path, revision=revision), NotRead)


@pytest.mark.parametrize("said", ["../../../..", "", "zz", "\xff"])
def test_a_reference_is_believed_only_if_it_names_a_commit(tmp_path: Path, said: str) -> None:
    cached(tmp_path)
    (tmp_path / "models--org--tiny" / "refs" / "main").write_text(said, encoding="latin-1")
    assert isinstance(at(tmp_path), NotRead)


@pytest.mark.parametrize(
    "name", ["../tiny", "org/../x", "a/b/c", "org//tiny", "", ".hidden", "a--b/c", "org/t\0", "ö/x"]
)
def test_what_no_model_is_called_is_not_looked_for(tmp_path: Path, name: str) -> None:
    assert not hub_cache.is_name(name)
    assert at(tmp_path, name=name) is None


def test_the_models_of_the_cache_are_listed(tmp_path: Path) -> None:
    variables = {"HF_HUB_CACHE": str(tmp_path / "none")}
    assert hub_cache.names(variables) == ()
    cached(tmp_path / "none", "models--org--tiny")
    cached(tmp_path / "none", "models--gpt2")
    (tmp_path / "none" / "datasets--org--rows").mkdir()
    assert hub_cache.names(variables) == ("gpt2", "org/tiny")


def test_huggingface_hub_finds_the_same(tmp_path: Path) -> None:
    hub = pytest.importorskip("huggingface_hub")
    snapshot = cached(tmp_path)
    found = hub.try_to_load_from_cache("org/tiny", "config.json", cache_dir=tmp_path)
    assert Path(found) == snapshot / "config.json"
