"""The endpoints of the small Hub in ``tests/hub_server.py``, as the Hugging Face client calls them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import yaml

from tests.hub_repository import LARGE, RefusalError, Repository, content_id, describe

if TYPE_CHECKING:
    from tests.hub_server import HubServer

#: May write to every repository of ``ORGANISATION``; the second may only read.
WRITER, READER = "hf_writer", "hf_reader"
ORGANISATION = "akhbar"
_NAME = r"(?P<name>[\w.-]+/[\w.-]+)"
_REVISION = r"(?P<revision>[^/]+)"


class HubHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: HubServer

    def log_message(self, format: str, *_: object) -> None:
        """Keep the test's output clean; ``requests`` is the log."""

    def _handle(self) -> None:
        hub, path = self.server_state, unquote(urlsplit(self.path).path)
        start = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        self._start = int(start[1]) if start else 0
        body = self._body()
        hub.record(self.command, path, self._start)
        try:
            for methods, pattern, answer in _ROUTES:
                match = re.fullmatch(pattern, urlsplit(self.path).path)
                if match and self.command in methods:
                    groups = {key: unquote(value) for key, value in match.groupdict().items() if value}
                    with hub.lock:
                        reply = getattr(self, answer)(body, **groups)
                    break
            else:
                raise RefusalError(404, "", f"no such endpoint: {self.command} {path}")
        except RefusalError as error:
            headers = {"X-Error-Message": str(error), **({"X-Error-Code": error.code} if error.code else {})}
            reply = (error.status, headers, json.dumps({"error": str(error)}).encode())
        self._send(path, *reply)

    do_GET = do_HEAD = do_POST = do_PUT = _handle

    def _send(self, path: str, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        broken = self.server_state.interruptions.get(path.rpartition("/resolve/")[2].partition("/")[2])
        if broken and not broken.happened:
            broken.happened = True
            self.wfile.write(content[: broken.after])
            self.close_connection = True
            return
        self.wfile.write(content)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _token(self) -> str | None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ") or None
        if token not in (None, WRITER, READER):
            raise RefusalError(401, "", "Invalid credentials in Authorization header")
        return token

    def _check_writer(self, name: str) -> None:
        token = self._token()
        if token is None:
            raise RefusalError(401, "", "Invalid username or password.")
        if token != WRITER or name.partition("/")[0] != ORGANISATION:
            raise RefusalError(403, "", f"You don't have the rights to write to {name}")

    def _repository(self, name: str) -> Repository:
        token, repository = self._token(), self.server_state.repositories.get(name)
        if repository is None or (repository.private and token is None):
            raise RefusalError(404 if token else 401, "RepoNotFound", "Repository not found")
        return repository

    def create(self, body: bytes) -> Any:
        asked = json.loads(body)
        name = f"{asked['organization']}/{asked['name']}"
        self._check_writer(name)
        there = name in self.server_state.repositories
        if not there:
            private = asked.get("visibility") == "private" or bool(asked.get("private"))
            self.server_state.create(name, private=private)
        return _json({"url": f"{self.server_state.url}/{name}", "name": name}, 409 if there else 200)

    def branch(self, body: bytes, name: str, revision: str) -> Any:
        self._check_writer(name)
        repository = self._repository(name)
        if revision in repository.branches:
            raise RefusalError(409, "", f"Reference already exists: {revision}")
        start = json.loads(body or b"{}").get("startingPoint", "main")
        repository.branches[revision] = repository.commit_of(start)
        return _json({})

    def validate(self, body: bytes) -> Any:
        """Check the metadata of a card as far as a mapping with a language and a licence."""
        found = re.match(r"---\n(.*?)\n---\n", json.loads(body)["content"], re.DOTALL)
        try:
            metadata = yaml.safe_load(found[1]) if found else None
        except yaml.YAMLError:
            metadata = None
        known = isinstance(metadata, dict) and {"language", "license"} <= set(metadata)
        if known and metadata["license"] in ("apache-2.0", "cc-by-sa-4.0"):
            return _json({"errors": [], "warnings": []})
        return _json({"errors": [{"message": '"license" must be one of apache-2.0, …'}], "warnings": []}, 400)

    def info(self, _: bytes, name: str, revision: str = "main") -> Any:
        repository = self._repository(name)
        commit = repository.commit_of(revision)
        siblings = [{"rfilename": path} for path in repository.files(commit)]
        return _json(
            {"id": name, "modelId": name, "sha": commit, "private": repository.private, "siblings": siblings}
        )

    def tree(self, _: bytes, name: str, revision: str) -> Any:
        files = self._repository(name).files(revision)
        return _json([describe(path, data) for path, data in files.items()])

    def preupload(self, body: bytes, name: str, revision: str) -> Any:
        self._check_writer(name)
        there = self._repository(name).files(revision)
        files = [
            {
                "path": (path := asked["path"]),
                "uploadMode": "lfs" if path.endswith(LARGE) else "regular",
                "shouldIgnore": False,
                "oid": content_id(path, there[path]) if path in there else None,
            }
            for asked in json.loads(body)["files"]
        ]
        return _json({"files": files})

    def batch(self, body: bytes, name: str) -> Any:
        self._check_writer(name)
        objects = [
            {**asked, "actions": {"upload": {"href": f"{self.server_state.url}/storage/{asked['oid']}"}}}
            for asked in json.loads(body)["objects"]
        ]
        return _json({"transfer": "basic", "objects": objects})

    def store(self, body: bytes, oid: str) -> Any:
        if hashlib.sha256(body).hexdigest() != oid:
            raise RefusalError(422, "", f"the content is not {oid}")
        if self.server_state.storage_full:
            raise RefusalError(403, "", "Storage limit reached")
        self.server_state.uploads[oid] = body
        return _json({})

    def commit(self, body: bytes, name: str, revision: str) -> Any:
        self._check_writer(name)
        repository = self._repository(name)
        files = dict(repository.files(revision))
        for line in body.splitlines():
            kind, value = (item := json.loads(line))["key"], item["value"]
            if kind == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif kind == "lfsFile":
                files[value["path"]] = self.server_state.uploads[value["oid"]]
            elif kind == "deletedFile":
                del files[value["path"]]
        commit = repository.add(revision, files)
        return _json({"commitUrl": f"{self.server_state.url}/{name}/commit/{commit}", "commitOid": commit})

    def resolve(self, _: bytes, name: str, revision: str, path: str) -> Any:
        repository = self._repository(name)
        commit = repository.commit_of(revision)
        data = repository.files(commit).get(path)
        if data is None:
            raise RefusalError(404, "EntryNotFound", f"Entry not found: {path}")
        broken = self.server_state.interruptions.get(path)
        if broken and broken.happened and broken.for_good and self.command == "GET":
            raise RefusalError(503, "", "the server is out of order")
        headers = {"ETag": f'"{content_id(path, data)}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        if not self._start:
            return 200, headers, data
        headers["Content-Range"] = f"bytes {self._start}-{len(data) - 1}/{len(data)}"
        return 206, headers, data[self._start :]


def _json(value: object, status: int = 200) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


_MODELS = f"/api/models/{_NAME}"
_ROUTES = (
    (("POST",), "/api/repos/create", "create"),
    (("POST",), "/api/validate-yaml", "validate"),
    (("GET",), f"{_MODELS}(?:/revision/{_REVISION})?", "info"),
    (("GET",), f"{_MODELS}/tree/{_REVISION}", "tree"),
    (("POST",), f"{_MODELS}/branch/{_REVISION}", "branch"),
    (("POST",), f"{_MODELS}/preupload/{_REVISION}", "preupload"),
    (("POST",), f"{_MODELS}/commit/{_REVISION}", "commit"),
    (("POST",), rf"/{_NAME}\.git/info/lfs/objects/batch", "batch"),
    (("PUT",), r"/storage/(?P<oid>\w+)", "store"),
    (("GET", "HEAD"), f"/{_NAME}/resolve/{_REVISION}/(?P<path>.+)", "resolve"),
)
