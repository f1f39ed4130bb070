"""File URIs of every system, as paths and back.

Which system's a URI is can be seen by it: drive letters and servers are Windows'.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urlsplit

_DRIVE = re.compile(r"/?([A-Za-z])(?::|%3A)(?=[/\\]|\Z)", re.IGNORECASE)
_SAFE = "/~!$&'()*+,;=@-._"


def path_of(uri: str) -> str | None:
    """The absolute path of a `file:` URI; None for every other."""
    parts = urlsplit(uri)
    if parts.scheme.lower() != "file":
        return None
    path = unquote(parts.path)
    if drive := _DRIVE.match(path):
        return f"{drive[1].lower()}:" + (path[drive.end() :].replace("/", "\\") or "\\")
    host = unquote(parts.netloc)
    if host and host.lower() != "localhost":
        return f"\\\\{host}" + path.replace("/", "\\")
    return path or "/"


def uri_of(path: str) -> str:
    """The `file:` URI of an absolute path, spelled as VS Code does."""
    if path.startswith("\\\\"):
        host, _, rest = path[2:].replace("\\", "/").partition("/")
        return f"file://{quote(host)}/{quote(rest, safe=_SAFE)}"
    if drive := _DRIVE.match(path):
        rest = path[drive.end() :].replace("\\", "/")
        return f"file:///{drive[1].lower()}%3A{quote(rest, safe=_SAFE)}"
    return "file://" + quote(path, safe=_SAFE)
