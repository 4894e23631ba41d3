"""A repository of the small Hub in ``tests/hub_server.py``: branches, commits and the names of contents."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: Endings of the files that travel by the LFS protocol.
LARGE = (".onnx", ".safetensors")


@dataclass
class Repository:
    """Commits by their hash, each with all its files; branches point to them."""

    private: bool
    branches: dict[str, str]
    commits: dict[str, dict[str, bytes]]

    def commit_of(self, revision: str) -> str:
        """The hash of a branch or of a commit itself."""
        commit = self.branches.get(revision, revision)
        if commit not in self.commits:
            raise RefusalError(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return commit

    def files(self, revision: str = "main") -> dict[str, bytes]:
        """All files of a revision."""
        return self.commits[self.commit_of(revision)]

    def add(self, branch: str, files: Mapping[str, bytes]) -> str:
        """Make ``files`` the whole content of a branch."""
        known = "".join(f"{name}{hashlib.sha256(data).hexdigest()}" for name, data in sorted(files.items()))
        commit = hashlib.sha1(f"{self.branches.get(branch)}{len(self.commits)}{known}".encode()).hexdigest()
        self.commits[commit] = dict(files)
        self.branches[branch] = commit
        return commit


class RefusalError(Exception):
    """An answer with an error status and the headers by which the client knows the kind."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def describe(path: str, data: bytes) -> dict[str, Any]:
    """A file as the listing of a tree shows it."""
    size = len(data)
    if not path.endswith(LARGE):
        return {"type": "file", "path": path, "size": size, "oid": content_id(path, data)}
    sha256 = content_id(path, data)
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()
    lfs = {"oid": sha256, "size": size, "pointerSize": len(pointer)}
    return {"type": "file", "path": path, "size": size, "oid": _blob(pointer), "lfs": lfs}


def content_id(path: str, data: bytes) -> str:
    """What the ETag of a file is: its sha256 where it is large, else the name that git gives it."""
    return hashlib.sha256(data).hexdigest() if path.endswith(LARGE) else _blob(data)


def _blob(data: bytes) -> str:
    """The name that git gives to a content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
