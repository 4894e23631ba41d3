"""A small Hub on loopback: as much of the Hugging Face API as publishing and loading a model use.

    with HubServer() as hub:          # hub.url goes into HF_ENDPOINT
        hub.commit("org/name", {"manifest.json": b"…"})

Repositories with branches and commits, tokens, uploads of large files by the LFS protocol (their sha256 is
checked), downloads with ETags and ranges. Every request is kept in ``hub.requests``. Xet is not spoken here:
clients set ``HF_HUB_DISABLE_XET=1``.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer

from tests.hub_handler import HubHandler
from tests.hub_repository import Repository


@dataclass
class Request:
    """One request as it came: ``path`` without query, ``start`` the first byte that was asked for."""

    method: str
    path: str
    start: int = 0


@dataclass
class Interruption:
    """The content of a file stops after so many bytes; then the server is gone, or takes up the rest."""

    after: int
    for_good: bool
    happened: bool = False


@dataclass
class HubServer:
    """The server and all it holds."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    uploads: dict[str, bytes] = field(default_factory=dict)
    interruptions: dict[str, Interruption] = field(default_factory=dict)
    storage_full: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __enter__(self) -> HubServer:
        hub = self

        class Handler(HubHandler):
            server_state = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The address for ``HF_ENDPOINT``."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def create(self, name: str, *, private: bool = False) -> Repository:
        """A repository with one commit, as the Hub begins one."""
        repository = Repository(private, {}, {})
        repository.add("main", {".gitattributes": b"*.onnx filter=lfs\n"})
        self.repositories[name] = repository
        return repository

    def commit(self, name: str, files: Mapping[str, bytes], branch: str = "main") -> str:
        """Replace some files of a branch, which is made where it is missing; returns the commit."""
        repository = self.repositories.get(name) or self.create(name)
        start = branch if branch in repository.branches else "main"
        return repository.add(branch, {**repository.files(start), **files})

    def interrupt(self, path: str, after: int, *, for_good: bool) -> None:
        """Break the next download of a file; ``for_good``, every later one fails at once."""
        self.interruptions[path] = Interruption(after, for_good)

    def record(self, method: str, path: str, start: int) -> None:
        """Keep a request in the log."""
        self.requests.append(Request(method, path, start))

    def fetched(self) -> set[str]:
        """Paths of the files whose content was asked for since the last ``requests.clear()``."""
        got = (request.path for request in self.requests if request.method == "GET")
        return {match[1] for path in got if (match := re.fullmatch(r"/[^/]+/[^/]+/resolve/[^/]+/(.+)", path))}
