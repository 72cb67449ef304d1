"""review, in a real browser: what is greyed is in the store, and nothing is lost by reloads, crashes or two windows."""

from __future__ import annotations

import json
import re
import signal
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer
from threading import Thread

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from neurograde.storage.decisions import Decisions
from neurograde.storage.store import Store
from tests.support.browser import Cable
from tests.support.images import paint
from tests.support.review import FIRST, SECOND, Start, latest, opened, rejected, saved, write_review


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """A review of two images."""
    return write_review(tmp_path)


def cell(page: Page, row: int, col: int) -> tuple[float, float]:
    """Where the middle of a cell is on the screen."""
    box = page.locator("#image").bounding_box()
    assert box is not None
    scale = box["width"] / 100
    return box["x"] + (col + 0.5) * 32 * scale, box["y"] + (row + 0.5) * 32 * scale


def test_a_whole_review_by_keyboard_alone(served: Start, spec: Path, page: Page):
    server = served("review", spec)
    opened(page, server.address)
    expect(page.locator("#cell")).to_contain_text("Row 1, column 1: kept, 100 % tissue")
    page.keyboard.press("2")
    page.keyboard.press("Space")
    expect(page.locator("#cell")).to_contain_text("greyed: blood")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.keyboard.press("u")
    page.keyboard.press("r")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#cell")).to_contain_text("Row 2, column 3: background, 0 % tissue")
    page.keyboard.press("Space")
    expect(page.locator("#cell")).to_contain_text("background, restored")
    page.keyboard.press("n")
    expect(page.locator("#name")).to_have_text(SECOND)
    decision = latest(spec)
    assert decision.finished
    assert rejected(decision) == {(0, 0): "blood", (1, 1): "blood"}
    assert [(each.row, each.col) for each in decision.restored] == [(1, 2)]
    assert decision.background == 1
    page.keyboard.press("w")
    page.keyboard.press("n")
    page.keyboard.press("f")
    expect(page.locator("#end")).to_contain_text("Every image is finished.")
    expect(page.locator("#end")).to_contain_text("2 images, 14,000 px, 3 patches")
    expect(page.locator("#end code")).to_have_text(["review: first", "python -m jobs.patch SPEC"])
    assert len(rejected(latest(spec, SECOND))) == 6
    assert server.stop() == 0


def test_a_drag_greys_every_cell_that_it_crosses_and_a_click_restores_one(served: Start, spec: Path, page: Page):
    opened(page, served("review", spec).address)
    page.mouse.move(*cell(page, 0, 0))
    page.mouse.down()
    page.mouse.move(*cell(page, 0, 1), steps=4)
    page.mouse.move(*cell(page, 1, 1), steps=4)
    page.mouse.up()
    saved(page)
    assert set(rejected(latest(spec))) == {(0, 0), (0, 1), (1, 1)}
    assert latest(spec).number == 1  # one drag, one decision
    page.mouse.click(*cell(page, 0, 1))
    saved(page)
    page.reload()
    expect(page.locator("#name")).to_have_text(FIRST)
    page.keyboard.press("ArrowDown")
    expect(page.locator("#cell")).to_contain_text("Row 2, column 1: kept")
    assert set(rejected(latest(spec))) == {(0, 0), (1, 1)}


def test_a_dragged_margin_moves_the_grid_and_is_kept_with_the_decision(served: Start, spec: Path, page: Page):
    opened(page, served("review", spec).address)
    edge = page.locator('.edge[data-side="left"]').bounding_box()
    image = page.locator("#image").bounding_box()
    assert edge is not None
    assert image is not None
    page.mouse.move(edge["x"] + edge["width"] / 2, edge["y"] + 100)
    page.mouse.down()
    page.mouse.move(image["x"] + image["width"] / 10, edge["y"] + 100, steps=5)
    page.mouse.up()
    saved(page)
    assert latest(spec).margins_px.left == pytest.approx(10, abs=1)
    page.keyboard.press("u")
    expect(page.locator('#margins input[data-side="left"]')).to_have_value("0")
    saved(page)
    assert latest(spec).margins_px.left == 0


def test_another_patch_size_is_shown_with_its_loss_and_saved_nowhere(served: Start, spec: Path, page: Page):
    opened(page, served("review", spec).address)
    page.fill("#size", "16")
    page.press("#size", "Tab")
    expect(page.locator("#what-if")).to_contain_text("Shown, not saved: 24 squares of 16 px")
    page.fill("#size", "40")  # and the loss follows while one types
    expect(page.locator("#what-if")).to_contain_text("Shown, not saved: 2 squares of 40 px")
    expect(page.locator("#losses tr", has_text="borders").locator("td").first).to_have_text("54.29 %")
    page.fill("#size", "4")
    expect(page.locator("#what-if")).to_contain_text("from 16 to 4096")
    page.locator("#stage").focus()
    page.keyboard.press("Space")
    page.wait_for_timeout(200)
    assert Store(f"file://{spec.parent}/store").list("reviews") == {}
    page.press("#size", "Escape")
    expect(page.locator("#cell")).to_contain_text("Row 1, column 1: kept")


def test_what_was_saved_outlives_a_crash_of_the_server_and_the_page_says_what_was_not(
    served: Start, spec: Path, page: Page
):
    server = served("review", spec)
    opened(page, server.address)
    page.keyboard.press("Space")
    saved(page)
    server.stop(signal.SIGKILL)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.locator("#saved")).to_contain_text("not saved")
    opened(page, served("review", spec).address)
    expect(page.locator("#cell")).to_contain_text("greyed: other tissue")
    assert set(rejected(latest(spec))) == {(0, 0)}


def test_a_crash_in_the_middle_of_a_change_leaves_the_change_whole_or_none_of_it_and_the_page_tells_which(
    served: Start, spec: Path, page: Page
):
    kept: list[tuple[int, int]] = []
    for step in (None, "ArrowDown", "ArrowRight"):  # another cell of tissue each time: glass would be restored
        server = served("review", spec)
        opened(page, server.address)
        if step:
            page.keyboard.press(step)
        page.keyboard.press("Space")  # and not a moment to wait for the answer
        server.stop(signal.SIGKILL)
        expect(page.locator("#saved")).to_have_text(re.compile("saved$|^not saved"))
        said = page.inner_text("#saved")
        decisions = Decisions(Store(f"file://{spec.parent}/store"), "first").latest()
        stands = set(rejected(decisions[FIRST]["ada"])) if decisions else set()
        assert stands >= set(kept)
        assert len(stands) <= len(kept) + 1
        if said == "saved":
            assert len(stands) == len(kept) + 1
        kept = sorted(stands)
    opened(page, served("review", spec).address)
    expect(page.locator("#losses tr", has_text="labels").locator("td").first).to_have_text(
        f"{100 * len(kept) * 32**2 / 7000:.2f} %"
    )


def test_what_cannot_be_saved_is_kept_on_the_page_and_saved_as_soon_as_the_server_answers(
    served: Start, spec: Path, page: Page, cable: Cable
):
    opened(page, served("review", spec).address)
    cable.cut = True
    page.keyboard.press("Space")
    expect(page.locator("#saved")).to_contain_text("not saved")
    page.keyboard.press("n")
    expect(page.locator("#message")).to_contain_text("stays open until it is")
    expect(page.locator("#name")).to_have_text(FIRST)
    cable.cut = False
    saved(page)
    assert set(rejected(latest(spec))) == {(0, 0)}
    page.keyboard.press("n")
    expect(page.locator("#name")).to_have_text(SECOND)


def test_decisions_on_an_image_or_a_grid_that_has_changed_are_void_and_the_page_says_so(
    served: Start, spec: Path, page: Page
):
    server = served("review", spec)
    opened(page, server.address)
    page.keyboard.press("Space")
    page.keyboard.press("n")
    expect(page.locator("#name")).to_have_text(SECOND)
    server.stop()
    paint(spec.parent / "images" / FIRST, 7)
    again = served("review", spec)
    page.goto(again.address)  # it begins with what is not finished
    expect(page.locator("#name")).to_have_text(SECOND)
    page.keyboard.press("p")
    expect(page.locator("#message")).to_contain_text("the earlier decision no longer counts")
    expect(page.locator("#cell")).to_contain_text("Row 1, column 1: kept")
    page.keyboard.press("f")
    expect(page.locator("#end")).to_contain_text("The decisions on 1 of them no longer count")
    expect(page.locator("#images option").first).to_have_text(f"! {FIRST}")
    again.stop()
    opened(page, served("review", spec, "--set", "patch_size_px=30").address)
    expect(page.locator("#message")).to_contain_text("the earlier decision no longer counts")
    expect(page.locator("#classes div").first).to_contain_text("0 of 2")


def test_a_page_of_another_origin_changes_nothing_though_the_browser_would_send_the_cookie(
    served: Start, spec: Path, page: Page
):
    address = served("review", spec).address
    opened(page, address)
    home = address.split("/?")[0]
    body = json.dumps({"number": 1, "margins_px": {}, "rejected": [], "restored": [], "finished": True})
    with TCPServer(("127.0.0.1", 0), Hostile) as other:
        Thread(target=other.serve_forever, daemon=True).start()
        page.goto(f"http://127.0.0.1:{other.server_address[1]}/")  # another port, but the same site to a cookie
        status = page.evaluate(
            """async ([home, body]) => {
                const sent = { method: "POST", mode: "no-cors", credentials: "include", body };
                const answers = await Promise.allSettled([fetch(`${home}/api/images/0/decision`, sent),
                    fetch(`${home}/api/progress`, { credentials: "include" })]);
                return answers.map((each) => each.status);
            }""",
            [home, body],
        )
        other.shutdown()
    assert status[1] == "rejected"  # nothing can be read
    assert Store(f"file://{spec.parent}/store").list("reviews") == {}


class Hostile(BaseHTTPRequestHandler):
    """A page of somebody else."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<p>a page of somebody else</p>")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_an_image_of_4000_x_3000_px_is_zoomed_and_moved_without_lag(served: Start, spec: Path, page: Page):
    tile = np.array(Image.open(spec.parent / "images" / FIRST))
    Image.fromarray(np.tile(tile, (43, 40, 1))[:3000]).save(spec.parent / "images" / FIRST)
    opened(page, served("review", spec, "--set", "patch_size_px=250").address)
    expect(page.locator("#stage.opening")).to_have_count(0)
    before = page.locator("#image").bounding_box()
    page.evaluate(
        """() => {
            let last = performance.now();
            window.gaps = [];
            const beat = (now) => { gaps.push(now - last); last = now; requestAnimationFrame(beat); };
            requestAnimationFrame(beat);
        }"""
    )
    page.mouse.move(500, 400)
    for _ in range(12):
        page.mouse.wheel(0, -80)
    page.keyboard.down("Shift")
    page.mouse.down()
    page.mouse.move(300, 250, steps=40)
    page.mouse.up()
    after, gaps = page.locator("#image").bounding_box(), page.evaluate("gaps")
    assert before is not None
    assert after is not None
    assert after["width"] > 5 * before["width"]
    assert len(gaps) > 20
    assert np.median(gaps) < 50, "fewer than 20 frames a second"


def test_a_second_window_sees_what_the_first_one_changed_and_overwrites_nothing(
    served: Start, spec: Path, page: Page, browser: Browser
):
    server = served("review", spec)
    opened(page, server.address)
    other = browser.new_context().new_page()
    opened(other, server.address)
    page.keyboard.press("Space")
    saved(page)
    other.keyboard.press("ArrowDown")
    other.keyboard.press("Space")
    expect(other.locator("#message")).to_contain_text("was changed in another window")
    expect(other.locator("#cell")).to_contain_text("Row 1, column 1: greyed")
    assert set(rejected(latest(spec))) == {(0, 0)}
    other.context.close()


def test_a_second_reviewer_has_decisions_of_their_own_and_the_end_shows_how_far_the_two_agree(
    served: Start, spec: Path, page: Page
):
    for reviewer in ("ada", "bob"):
        server = served("review", spec, "--set", f"reviewer={reviewer}")
        opened(page, server.address)
        expect(page.locator("#cell")).to_contain_text("kept")
        page.keyboard.press("Space")
        if reviewer == "bob":
            page.keyboard.press("ArrowDown")
            page.keyboard.press("Space")
        for image in (SECOND, SECOND):
            page.keyboard.press("n")
            expect(page.locator("#name")).to_have_text(image)
        page.keyboard.press("f")
        page.wait_for_selector("#end code")
        words = page.inner_text("#end")
        server.stop()
    # They agree on 11 of 12 cells, by chance on (1 * 2 + 11 * 10) / 144 = 0.778: (0.917 - 0.778) / 0.222 = 0.625
    assert "Cohen's kappa 0.63 over 12 squares of 2 images" in words
    assert rejected(latest(spec, reviewer="bob")).keys() == {(0, 0), (1, 0)}


def test_an_image_that_cannot_be_read_is_named_and_the_others_go_on(served: Start, spec: Path, page: Page):
    (spec.parent / "images" / FIRST).write_bytes(b"no image")
    page.goto(served("review", spec).address)
    expect(page.locator("#message")).to_contain_text(f"{FIRST}: not an image that can be read")
    expect(page.locator("#losses td").first).to_have_text("–")
    expect(page.locator("#whole")).to_be_disabled()
    page.keyboard.press("n")
    expect(page.locator("#name")).to_have_text(SECOND)
    expect(page.locator("#cell")).to_contain_text("Row 1, column 1: kept")


def test_a_port_that_is_taken_is_a_usage_error(served: Start, spec: Path):
    server = served("review", spec)
    port = server.address.split(":")[2].split("/")[0]
    with pytest.raises(AssertionError, match=f"port {port} of this machine cannot be used"):
        served("review", spec, "--set", f"port={port}")


def test_a_newcomer_is_told_what_to_do_until_the_first_change(served: Start, spec: Path, page: Page):
    opened(page, served("review", spec).address)
    expect(page.locator("#hint")).to_contain_text("Click a square")
    expect(page.locator("#scale")).to_contain_text("px")
    expect(page.locator("#strip button")).to_have_count(2)
    before = page.evaluate("document.getElementById('grid').toDataURL()")
    page.keyboard.press("2")
    page.keyboard.press("Space")
    saved(page)
    expect(page.locator("#hint")).to_be_hidden()
    blood = page.evaluate("document.getElementById('grid').toDataURL()")
    page.keyboard.press("u")
    page.keyboard.press("3")
    page.keyboard.press("Space")
    saved(page)
    expect(page.locator("#cell")).to_contain_text("greyed: necrosis")
    necrosis = page.evaluate("document.getElementById('grid').toDataURL()")
    assert len({before, blood, necrosis}) == 3  # the reason is written on the square: another reason is another picture
    page.locator("#strip button").nth(1).click()
    expect(page.locator("#name")).to_have_text(SECOND)
    page.wait_for_function(
        "() => [...document.querySelectorAll('#strip img')].every((image) => image.naturalWidth > 1)"
    )
    page.reload()
    expect(page.locator("#cell")).not_to_be_empty()
    expect(page.locator("#hint")).to_be_hidden()
