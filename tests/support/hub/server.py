"""The server: repositories are folders, and each has one commit, which `main` and `v1` name."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

LARGE = {".safetensors", ".onnx", ".bin"}  # kept in LFS, so served from another address
REVISIONS = {"main", "v1"}

# /api/models/owner/name, …/revision/main, …/tree/main/a/folder, …/paths-info/main
API = re.compile(
    r"/api/(?P<kind>models|datasets)/(?P<id>[^/]+/[^/]+)"
    r"(/(?P<what>revision|tree|paths-info)/(?P<revision>[^/]+)(/(?P<path>.+))?)?"
)
# /owner/name/resolve/main/file, /datasets/owner/name/resolve/main/file
RESOLVE = re.compile(
    r"/((?P<kind>datasets)/)?(?P<id>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)"
)
LFS = re.compile(r"/lfs/(?P<sha256>[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Request:
    """One request and the status of its answer. `path` is without the query."""

    method: str
    path: str
    status: int
    authorized: bool


@dataclass(frozen=True)
class File:
    """One file of a repository."""

    path: str
    place: Path

    @cached_property
    def content(self) -> bytes:
        return self.place.read_bytes()

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def large(self) -> bool:
        return self.place.suffix in LARGE

    @cached_property
    def blob_id(self) -> str:
        """As git computes it."""
        head = f"blob {len(self.content)}\0".encode()
        return hashlib.sha1(head + self.content, usedforsecurity=False).hexdigest()

    @property
    def etag(self) -> str:
        return self.sha256 if self.large else self.blob_id

    def entry(self) -> dict[str, Any]:
        """As the tree and paths-info answers have it."""
        entry: dict[str, Any] = {
            "type": "file",
            "path": self.path,
            "size": len(self.content),
            "oid": self.blob_id,
        }
        if self.large:
            entry["lfs"] = {"oid": self.sha256, "size": len(self.content), "pointerSize": 134}
        return entry


@dataclass(frozen=True)
class Repo:
    """A folder under a name. `token` gates its files; `delay` is seconds before each answer."""

    kind: str
    id: str
    folder: Path
    token: str | None = None
    delay: float = 0.0

    @cached_property
    def files(self) -> dict[str, File]:
        places = sorted(place for place in self.folder.rglob("*") if place.is_file())
        paths = [place.relative_to(self.folder).as_posix() for place in places]
        return {path: File(path, place) for path, place in zip(paths, places, strict=True)}

    @cached_property
    def commit(self) -> str:
        names = "".join(f"{file.path} {file.blob_id}\n" for file in self.files.values())
        return hashlib.sha1(names.encode(), usedforsecurity=False).hexdigest()

    def has(self, revision: str) -> bool:
        return revision in REVISIONS or revision == self.commit

    def info(self) -> dict[str, Any]:
        return {
            "_id": self.commit[:24],
            "id": self.id,
            "modelId": self.id,
            "sha": self.commit,
            "private": False,
            "gated": "auto" if self.token else False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": [],
            "siblings": [{"rfilename": path} for path in self.files],
        }

    def tree(self, folder: str, recursive: bool) -> list[dict[str, Any]] | None:
        """The entries under `folder` ("" is the root); None where there is no such folder."""
        prefix = f"{folder}/" if folder else ""
        inside = {p: f for p, f in self.files.items() if p.startswith(prefix)}
        if not inside:
            return None
        folders: set[str] = set()
        for path in inside:
            parts = path.removeprefix(prefix).split("/")[:-1]
            folders |= {prefix + "/".join(parts[: n + 1]) for n in range(len(parts))}
        entries = [
            {"type": "directory", "path": name, "size": 0, "oid": "0" * 40}
            for name in sorted(folders)
        ]
        entries += [file.entry() for file in inside.values()]
        if recursive:
            return entries
        return [e for e in entries if "/" not in e["path"].removeprefix(prefix)]


class Server:
    """Two listeners on 127.0.0.1, in threads of their own while the server is entered.

    Large files come from the second, as the real hub's come from a storage host: clients tell a hub
    by its origin, and keep their token from any other.
    """

    def __init__(self, repos: list[Repo]) -> None:
        self.repos = {(repo.kind, repo.id): repo for repo in repos}
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self.listeners = Listener(self), Listener(self)
        self.endpoint, self.storage = (listener.address for listener in self.listeners)

    def __enter__(self) -> Server:
        for listener in self.listeners:
            # A short poll, so that leaving takes no time.
            threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        for listener in self.listeners:
            listener.shutdown()
            listener.server_close()


class Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # slow answers end with the process

    def __init__(self, hub: Server) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.hub = hub
        self.address = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle of an answer is no news."""


class Refusal(Exception):
    """An answer that is an error, as the hub words it."""

    def __init__(
        self, status: int, code: str | None, message: str, commit: str | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.commit = status, code, commit


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Listener  # pyright: ignore[reportIncompatibleVariableOverride]

    @property
    def hub(self) -> Server:
        return self.server.hub

    def do_GET(self) -> None:
        self.answer()

    do_HEAD = do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """`Server.requests` is the log."""

    def answer(self) -> None:
        url = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        form = parse_qs(self.rfile.read(length).decode("utf-8")) | parse_qs(url.query)
        path = unquote(url.path)
        try:
            if match := API.fullmatch(path):
                self.api(match, form)
            elif match := RESOLVE.fullmatch(path):
                self.resolve(match)
            elif match := LFS.fullmatch(path):
                self.lfs(match["sha256"])
            else:
                raise Refusal(HTTPStatus.NOT_IMPLEMENTED, None, f"nothing is known of {path}")
        except Refusal as refusal:
            self.refuse(refusal)

    def api(self, match: re.Match[str], form: dict[str, list[str]]) -> None:
        repo = self.repo(match["kind"], match["id"])
        what, revision, path = match["what"], match["revision"] or "main", match["path"] or ""
        self.demand_revision(repo, revision)
        if what == "tree":
            entries = repo.tree(path, form.get("recursive", ["false"])[0].lower() == "true")
            if entries is None:
                raise Refusal(404, "EntryNotFound", f"{path} does not exist", repo.commit)
            self.send_json(entries)
        elif what == "paths-info":
            wanted = [repo.files[p].entry() for p in form.get("paths", []) if p in repo.files]
            self.send_json(wanted)
        else:
            self.send_json(repo.info())

    def resolve(self, match: re.Match[str]) -> None:
        repo = self.repo(match["kind"] or "models", match["id"])
        if repo.token and not self.shows(repo.token):
            raise Refusal(
                401,
                "GatedRepo",
                f"Access to model {repo.id} is restricted. You must have access to it and be"
                " authenticated to access it. Please log in.",
            )
        self.demand_revision(repo, match["revision"])
        file = repo.files.get(match["path"])
        if file is None:
            raise Refusal(404, "EntryNotFound", "Entry not found", repo.commit)
        headers = {"X-Repo-Commit": repo.commit, "ETag": f'"{file.etag}"'}
        if file.large:
            headers["X-Linked-ETag"] = f'"{file.sha256}"'
            headers["X-Linked-Size"] = str(len(file.content))
            headers["Location"] = f"{self.hub.storage}/lfs/{file.sha256}"
            self.send(302, b"", headers)
        else:
            self.send_content(file.content, headers)

    def lfs(self, sha256: str) -> None:
        for repo in self.hub.repos.values():
            for file in repo.files.values():
                if file.large and file.sha256 == sha256:
                    self.send_content(file.content, {"ETag": f'"{sha256}"'})
                    return
        raise Refusal(404, None, "no such object")

    def repo(self, kind: str, name: str) -> Repo:
        repo = self.hub.repos.get((kind, name))
        if repo is None:
            if self.headers.get("Authorization"):
                raise Refusal(404, "RepoNotFound", "Repository not found")
            raise Refusal(401, "RepoNotFound", "Invalid username or password.")
        if repo.delay:
            self.hub.closing.wait(repo.delay)
        return repo

    def shows(self, token: str) -> bool:
        return self.headers.get("Authorization") == f"Bearer {token}"

    def demand_revision(self, repo: Repo, revision: str) -> None:
        if not repo.has(revision):
            raise Refusal(404, "RevisionNotFound", f"Invalid rev id: {revision}")

    def refuse(self, refusal: Refusal) -> None:
        headers = {"X-Error-Message": str(refusal)}
        if refusal.code:
            headers["X-Error-Code"] = refusal.code
        if refusal.commit:
            headers["X-Repo-Commit"] = refusal.commit
        self.send_json({"error": str(refusal)}, refusal.status, headers)

    def send_content(self, content: bytes, headers: dict[str, str]) -> None:
        """With a range where one is asked for, as downloads that go on after a break do."""
        headers = {**headers, "Accept-Ranges": "bytes", "Content-Type": "application/octet-stream"}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if asked is None:
            self.send(200, content, headers)
            return
        first, last = int(asked[1]), int(asked[2] or len(content) - 1)
        headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        self.send(206, content[first : last + 1], headers)

    def send_json(
        self, value: Any, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        content = json.dumps(value).encode()
        self.send(status, content, {**(headers or {}), "Content-Type": "application/json"})

    def send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        authorized = "Authorization" in self.headers
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append(Request(self.command, path, status, authorized))
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
