"""Google Cloud Storage's JSON API by gcp-storage-emulator, with what that leaves out and the journal lives by.

The emulator ignores `ifGenerationMatch`, so that every creator of an object wins; it is not made for threads; it
loses a carriage return at an upload's end; and it writes down all it knows after every request. Here one lock goes
round each request, preconditions are looked at inside it, and uploads are taken apart before they reach it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from io import BytesIO
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from gcp_storage_emulator import server as emulator
from gcp_storage_emulator.handlers import buckets
from gcp_storage_emulator.storage import Storage

from tests.servers.front import Answer


class MemoryStorage(Storage):
    """Objects in memory, gone with the process."""

    def _write_config_to_file(self) -> None:
        pass  # quadratic in the number of objects, for nobody


class Exchange:
    """One request as the emulator reads it from its own HTTP handler, and its answer."""

    def __init__(self, storage: Storage, target: str, headers: Mapping[str, str], body: bytes) -> None:
        self.storage, self.path, self.server = storage, target, self
        self.server_address = ("127.0.0.1", 0)
        self.headers = headers
        self.rfile, self.wfile = BytesIO(body), BytesIO()
        self.answer = Answer(0)

    def send_response(self, status: int, _phrase: str) -> None:
        self.answer.status = status

    def send_header(self, name: str, value: str) -> None:
        self.answer.headers[name.title()] = value

    def end_headers(self) -> None:
        pass


class Google:
    """The API over a store in memory."""

    def __init__(self) -> None:
        self.storage, self.lock = MemoryStorage(use_memory_fs=True), Lock()
        emulator._read_data = read_data  # looked up there by its name, for every request

    def open_bucket(self, name: str) -> None:
        buckets.create_bucket(name, self.storage)["softDeletePolicy"] = {"retentionDurationSeconds": "0"}

    def carry_out(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        # The emulator takes what follows a semicolon for no part of the name.
        exchange = Exchange(self.storage, target.replace(";", "%3B"), headers, body)
        with self.lock:
            if not self._precondition_holds(target, headers, body):
                return self.refusal(412)
            if method == "DELETE" and target.startswith("/upload/"):
                return Answer(499)  # an upload is given up; the emulator cannot
            emulator.Router(exchange).handle(method)
        exchange.answer.body = exchange.wfile.getvalue()
        return exchange.answer

    def refusal(self, status: int) -> Answer:
        error = {"error": {"code": status, "message": HTTPStatus(status).phrase}}
        return Answer(status, json.dumps(error).encode(), {"Content-Type": "application/json"})

    def is_listing(self, method: str, target: str) -> bool:
        return method == "GET" and urlsplit(target).path.endswith("/o")

    def empty_listing(self, _target: str) -> Answer:
        return Answer(200, b'{"kind": "storage#objects"}', {"Content-Type": "application/json"})

    def _precondition_holds(self, target: str, headers: Mapping[str, str], body: bytes) -> bool:
        url = urlsplit(target)
        query = parse_qs(url.query)
        if "ifGenerationMatch" not in query:
            return True
        bucket = re.search("/b/([^/]+)/o", url.path)
        copied = re.search("/rewriteTo/b/([^/]+)/o/(.+)$", url.path)
        if copied:
            owner, name = unquote(copied[1]), unquote(copied[2])
        else:
            owner = unquote(bucket[1]) if bucket else ""
            name = query["name"][0] if "name" in query else parts(headers, body)[0]["name"]
        standing = self.storage.objects.get(owner, {}).get(name, {})
        return bool(query["ifGenerationMatch"][0] == standing.get("generation", "0"))


def read_data(exchange: Exchange, _query: Mapping[str, Any]) -> Any:
    """The body as the emulator's handlers want it: taken apart, decoded, or as it is."""
    body = exchange.rfile.read()
    kind = exchange.headers.get("Content-Type", "")
    if kind.startswith("multipart/related"):
        meta, content = parts(exchange.headers, body)
        return {"meta": meta, "content": content, "content-type": "application/octet-stream"}
    if kind.startswith("application/json") and "upload_id" not in _query:
        return json.loads(body) if body else None
    return body


def parts(headers: Mapping[str, str], body: bytes) -> tuple[dict[str, Any], bytes]:
    """Metadata and content of a multipart upload, to the byte: head, blank line, part, twice."""
    found = re.search('boundary="?([^";]+)', headers["Content-Type"])
    assert found, headers["Content-Type"]
    boundary = b"--" + found[1].encode()
    _, meta, rest = body.split(boundary, 2)
    content = rest[: rest.rindex(b"\n" + boundary)]
    return json.loads(meta.split(b"\n\n", 1)[1]), content.split(b"\n\n", 1)[1]
