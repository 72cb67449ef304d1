"""The gate: without the token, under another name or from another page nothing is seen and nothing changed."""

from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from neurograde.pages.serve import application

TOKEN, PORT = "a-token", 8123
HOME = f"http://127.0.0.1:{PORT}"


@pytest.fixture
def client() -> TestClient:
    changed: list[str] = []

    async def change(request: Request) -> Response:
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
