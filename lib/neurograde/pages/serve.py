"""Serve a page to the person at this machine, and to nobody else.

The server listens on 127.0.0.1. Whoever has the token of the address that the terminal prints gets a cookie for it;
every request must carry the cookie and name this server as its host, and whatever changes something must come from
our own page (Origin). So no other user, no page of the internet and no name that is made to point at 127.0.0.1 can
read or change anything. No path of a request reaches the file system: assets are looked up by name in a dictionary.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from neurograde.errors import UsageError
from neurograde.pages.patience import Impatient

MEDIA_TYPES = {"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript"}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; form-action 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
READS = ("GET", "HEAD")
LARGEST_BODY = 40_000_000
"""Bytes of the largest request: every cell of a large slide, with its reason."""
Handler = Callable[[Request, Exception], Response]
"""Makes the answer to a request that ended in an error."""


def application(
    routes: Sequence[BaseRoute],
    assets: Mapping[str, bytes],
    port: int,
    token: str,
    handlers: Mapping[type[Exception], Handler] | None = None,
) -> ASGIApp:
    """Return the page behind its gate: `routes`, and `assets` by name under /, `index.html` at / itself."""

    async def asset(request: Request) -> Response:
        name = request.path_params.get("name", "index.html")
        if name not in assets:
            return PlainTextResponse("there is nothing of that name here", 404)
        return Response(assets[name], media_type=MEDIA_TYPES[name.rpartition(".")[2]])

    every = [*routes, Route("/", asset), Route("/{name}", asset)]
    answers = {BodyTooLarge: _too_large, ValueError: _malformed} | dict(handlers or {})
    return Gate(Starlette(routes=every, exception_handlers=answers), port, token)


def assets_of(package: str) -> dict[str, bytes]:
    """Return the files in `static/` of a package, by name."""
    folder = files(package) / "static"
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name.rpartition(".")[2] in MEDIA_TYPES}


class BodyTooLarge(Exception):
    """A request that is longer than any of our page."""


class Gate:
    """Lets through what comes from our own page with the right token."""

    def __init__(self, app: ASGIApp, port: int, token: str) -> None:
        """Put a gate before `app`, which is served on `port`."""
        self.app, self.token, self.cookie = app, token, f"neurograde-{port}"
        self.hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "lifespan":  # start and end of the server
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        request = Request(scope)
        response = self._refusal(request)
        if response is None and not self._known(request.cookies.get(self.cookie)):
            response = self._at_the_door(request)
        await (response or self.app)(scope, _bounded(receive), _with_headers(send))

    def _refusal(self, request: Request) -> Response | None:
        host = request.headers.get("host", "")
        if host not in self.hosts:
            return PlainTextResponse(f"this server is not {host!r}", 421)
        if request.method not in READS and request.headers.get("origin") != f"http://{host}":
            return PlainTextResponse("only this server's own page may change anything", 403)
        length = request.headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit() and len(length) < 20 and int(length) <= LARGEST_BODY):
            return _too_large(request, BodyTooLarge(length))
        return None

    def _at_the_door(self, request: Request) -> Response:
        if request.method in READS and self._known(request.query_params.get("token")):
            response: Response = RedirectResponse(request.url.path, 303)
            response.set_cookie(self.cookie, self.token, httponly=True, samesite="strict")
            return response
        return PlainTextResponse("open the address that the terminal shows: it holds the token for this page", 403)

    def _known(self, token: str | None) -> bool:
        # As bytes: text that is not ASCII cannot be compared.
        return token is not None and hmac.compare_digest(token.encode(errors="replace"), self.token.encode())


def serve(make: Callable[[int, str], ASGIApp], port: int, announce: Callable[[str], None]) -> None:
    """Serve what `make(port, token)` gives until the process is asked to stop.

    Args:
        make: Makes the application, behind its gate.
        port: Where to listen; 0 takes a free port.
        announce: Told the address, with the token in it, once the page can be opened.

    Raises:
        UsageError: the port is taken.
    """
    token = secrets.token_urlsafe(24)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        raise UsageError(f"port {port} of this machine cannot be used: {error.strerror}; 0 takes a free one") from None
    listener.listen()  # from here on a browser waits, and is not refused
    port = listener.getsockname()[1]
    configuration = uvicorn.Config(
        make(port, token), log_config=None, access_log=False, lifespan="off", http=Impatient, ws="none"
    )
    server = uvicorn.Server(configuration)
    announce(f"http://127.0.0.1:{port}/?token={token}")
    with listener:
        asyncio.run(server.serve(sockets=[listener]))


def _bounded(receive: Receive) -> Receive:
    """Return `receive` for a body of at most `LARGEST_BODY` bytes, whatever its headers claim."""
    received = 0

    async def receiving() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > LARGEST_BODY:
            raise BodyTooLarge
        return message

    return receiving


def _too_large(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse(f"a request has at most {LARGEST_BODY:,} bytes", 413, {"Connection": "close"})


def _malformed(_request: Request, error: Exception) -> Response:
    return PlainTextResponse(str(error), 400)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            named = {name for name, _ in message["headers"]}  # a response may state its own policy
            headers = ((name.lower().encode(), value.encode()) for name, value in HEADERS.items())
            extra = [(name, value) for name, value in headers if name not in named]
            fresh = [] if b"cache-control" in named else [(b"cache-control", b"no-store")]
            message["headers"] = [*message["headers"], *extra, *fresh]
        await send(message)

    return sending
