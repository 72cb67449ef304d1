"""The gate: without the token, under another name or from another page nothing is seen and nothing changed."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from neurograde.pages import patience, serve
from neurograde.pages.serve import application

TOKEN, PORT = "a-token", 8123
HOME = f"http://127.0.0.1:{PORT}"


@pytest.fixture
def client() -> TestClient:
    changed: list[str] = []

    async def change(request: Request) -> Response:
        await request.body()
        changed.append(request.method)
        return PlainTextResponse(str(len(changed)))

    assets = {"index.html": b"<p>the page</p>", "page.js": b"1"}
    app = application([Route("/change", change, methods=["POST"])], assets, PORT, TOKEN)
    return TestClient(app, base_url=HOME)


@pytest.fixture
def known(client: TestClient) -> TestClient:
    assert client.get(f"/?token={TOKEN}").text == "<p>the page</p>"
    return client


def test_the_token_opens_the_page_and_leaves_the_address(client: TestClient):
    answer = client.get(f"/?token={TOKEN}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


@pytest.mark.parametrize("path", ["/", "/page.js", "/?token=another", "/?token=", "/change"])
def test_without_the_token_there_is_nothing_to_see(client: TestClient, path: str):
    answer = client.get(path)
    assert answer.status_code == 403
    assert "the page" not in answer.text


def test_a_request_under_another_name_is_refused_even_with_the_cookie(known: TestClient):
    assert known.get("/").status_code == 200
    assert known.get("/", headers={"Host": "evil.example"}).status_code == 421
    assert known.get("/", headers={"Host": f"127.0.0.1:{PORT + 1}"}).status_code == 421


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null", f"http://127.0.0.1:{PORT + 1}"])
def test_a_change_that_another_page_asks_for_is_refused(known: TestClient, origin: str | None):
    headers = {} if origin is None else {"Origin": origin}
    assert known.post("/change", headers=headers).status_code == 403
    assert known.post("/change", headers={"Origin": HOME}).text == "1"


@pytest.mark.parametrize("path", ["/..%2fpyproject.toml", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/page.js%00"])
def test_no_path_reaches_the_file_system(known: TestClient, path: str):
    assert known.get(path).status_code == 404


def test_every_answer_says_that_the_page_needs_nothing_from_elsewhere_and_is_framed_by_nobody(known: TestClient):
    policy = known.get("/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("path", ["/?token=%C3%BC", "/?token=%ff", "/?token=%ED%A0%80", "/?token=" + "x" * 5000])
def test_a_token_of_any_letters_is_no_more_than_a_wrong_one(client: TestClient, path: str):
    assert client.get(path).status_code == 403
    assert client.get("/", headers={"Cookie": f"neurograde-{PORT}=\xfc".encode("latin-1")}).status_code == 403


def test_a_request_that_is_too_long_by_its_header_is_refused_before_it_is_read(known: TestClient):
    headers = {"Origin": HOME, "Content-Length": str(serve.LARGEST_BODY + 1)}
    assert known.post("/change", headers=headers, content=b"1").status_code == 413
    for length in ("-1", "1e9", "\u0661", "9" * 5000):
        answer = known.post("/change", headers=headers | {"Content-Length": length.encode()}, content=b"1")
        assert answer.status_code == 413


def test_a_request_that_does_not_tell_its_length_is_read_up_to_the_bound(known: TestClient, monkeypatch):
    monkeypatch.setattr(serve, "LARGEST_BODY", 1000)
    taken = []

    def parts() -> Iterator[bytes]:
        for number in range(100):
            taken.append(number)
            yield b"x" * 100

    answer = known.post("/change", headers={"Origin": HOME}, content=parts())
    assert answer.status_code == 413
    assert known.post("/change", headers={"Origin": HOME}, content=b"x" * 1000).text == "1"


def test_nothing_but_http_comes_through_the_gate(client: TestClient):
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/"):
        pass


@pytest.fixture
def listening(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server that waits a moment for a request."""
    monkeypatch.setattr(patience, "SECONDS_FOR_A_REQUEST", 0.3)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    server = uvicorn.Server(uvicorn.Config(client.app, log_config=None, lifespan="off", http=patience.Impatient))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(10)
    listener.close()


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET / HTTP/1.1\r\nHost: x\r\n", b"POST /change HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1"],
)
def test_a_client_that_does_not_finish_its_request_is_disconnected(listening: int, begun: bytes):
    with socket.create_connection(("127.0.0.1", listening), timeout=10) as connection:
        connection.sendall(begun)
        begin = time.monotonic()
        while connection.recv(4096):
            pass
        assert time.monotonic() - begin < 5


def test_a_request_in_several_parts_is_answered(listening: int):
    with socket.create_connection(("127.0.0.1", listening), timeout=10) as connection:
        for part in (b"GET / HT", b"TP/1.1\r\n", b"Host: x\r\n\r\n"):
            connection.sendall(part)
            time.sleep(0.02)
        assert connection.recv(4096).startswith(b"HTTP/1.1 421")
