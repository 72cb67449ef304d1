"""The metadata server of a Google machine, as far as it hands out tokens; it may take its time, as GKE's does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

TOKEN = "token-of-the-metadata-server"
ACCOUNT = {"email": "neurograde@project.iam.gserviceaccount.com", "scopes": ["cloud-platform"], "aliases": ["default"]}


class MetadataServer(ThreadingHTTPServer):
    """Says that it is there, and refuses the first tokens."""

    daemon_threads = True

    def __init__(self, refusals: int) -> None:
        """A server that answers so many requests for a token with 404, as GKE's does until it knows the pod."""
        self.refusals, self.tokens = refusals, 0
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def environment(self) -> dict[str, str]:
        """What makes Google's libraries ask here."""
        host = f"127.0.0.1:{self.server_port}"
        return {"GCE_METADATA_HOST": host, "GCE_METADATA_IP": host}


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: MetadataServer

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].rstrip("/")
        if path.endswith("/token") and self.server.refusals > 0:
            self.server.refusals -= 1
            self._send(404, {"error": "not found"})
        elif path.endswith("/token"):
            self.server.tokens += 1
            self._send(200, {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})
        else:
            self._send(200, ACCOUNT if "service-accounts" in path else {})

    def _send(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, said in (("Metadata-Flavor", "Google"), ("Content-Type", "application/json")):
            self.send_header(name, said)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Write no access log."""


@contextmanager
def metadata_server(refusals: int = 0) -> Iterator[MetadataServer]:
    """A server that runs as long as the block."""
    with MetadataServer(refusals) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
