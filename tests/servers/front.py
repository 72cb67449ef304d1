"""The HTTP side of a server of the tests: connections, threads and faults; what is stored is the backend's affair."""

from __future__ import annotations

import socket
import struct
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol
from urllib.parse import unquote

from tests.servers.faults import CONTROL, FaultTable
from tests.servers.metadata import TOKEN

BUCKETS = "/_buckets/"  # a bucket's name behind it: the bucket is made


@dataclass
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Backend(Protocol):
    """An object store's API, without its network."""

    def open_bucket(self, name: str) -> None:
        """Make a bucket."""

    def carry_out(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """What the API answers to a request; `target` is the quoted path with its query."""

    def refusal(self, status: int) -> Answer:
        """How the API says that a request failed."""

    def is_listing(self, method: str, target: str) -> bool:
        """Whether the request lists objects."""

    def empty_listing(self, target: str) -> Answer:
        """How the API lists nothing."""


class Front(ThreadingHTTPServer):
    """Serves one backend on a free port of the loopback."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, backend: Backend) -> None:
        self.backend, self.faults = backend, FaultTable()
        self.listings: dict[str, Answer] = {}
        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, *request: object) -> None:
        """Say nothing of clients that went away: many tests kill theirs."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(*request)


class Handler(BaseHTTPRequestHandler):
    """One connection, kept alive between requests as real clients want it."""

    server: Front
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: two small ones wait 40 ms for each other
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        body = self._read_body()
        if self.path == CONTROL:
            self._send(Answer(200, self.server.faults.control(self.command, body)))
            return
        if self.path.startswith(BUCKETS):
            self.server.backend.open_bucket(self.path.removeprefix(BUCKETS))
            self._send(Answer(200))
            return
        kind = self.server.faults.kind_for(self.command, unquote(self.path))
        if kind == "reset":
            self._cut()
        elif kind == "stalled":
            threading.Event().wait()
        elif kind == "stranger" and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(self.server.backend.refusal(401))
        elif kind and kind.isdigit():
            self._send(self.server.backend.refusal(int(kind)))
        elif kind == "stale" and self.server.backend.is_listing(self.command, self.path):
            self._send(self.server.listings.get(self.path) or self.server.backend.empty_listing(self.path))
        else:
            self._send_what_the_backend_answers(body, kind)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

    def handle_expect_100(self) -> bool:
        """Ask for the body at once: S3's clients wait for the word."""
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def _send_what_the_backend_answers(self, body: bytes, kind: str | None) -> None:
        answer = self.server.backend.carry_out(self.command, self.path, self.headers, body)
        if self.server.backend.is_listing(self.command, self.path):
            self.server.listings[self.path] = answer
        half = answer.body[: len(answer.body) // 2]
        if kind == "lost":
            self._cut()
        elif kind == "truncated":
            self._send(Answer(answer.status, half, answer.headers | {"Content-Length": str(len(answer.body))}))
            self._cut()
        elif kind == "shortened":
            self._send(Answer(answer.status, half, answer.headers | {"Content-Length": str(len(half))}))
        else:
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        headers = {name.title(): value for name, value in answer.headers.items()}
        for name, value in ({"Content-Length": str(len(answer.body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self.wfile.flush()

    def _cut(self) -> None:
        """Reset the connection, as a machine does that dies: no FIN, no answer."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers
        return b"".join(chunks)

    def log_message(self, *_args: object) -> None:
        """Write no access log."""
