"""review of a whole slide: shown by tiles of its pyramid, decided on at the size that the spec asks for."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.support.accessibility import check
from tests.support.images import paint
from tests.support.review import Start, latest, opened, rejected, saved
from tests.support.slides import tissue, write_pyramid

SLIDE, TILE = "D/a slide.tif", "P/b tile.png"
BLUE = (20, 40, 230)
CELL = 64


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """A slide of 2000 x 1400 px, glass at the left and cell (7, 12) blue, and a tile."""
    pixels = tissue(2000, 1400, glass=(slice(0, 1400), slice(0, 2 * CELL)))
    pixels[7 * CELL : 8 * CELL, 12 * CELL : 13 * CELL] = BLUE
    write_pyramid(tmp_path / "images" / SLIDE, pixels, um_per_px=0.5)
    paint(tmp_path / "images" / TILE, 2, 200, 130)
    path = tmp_path / "review.yaml"
    data = {"job": "review", "name": "first", "store": f"file://{tmp_path}/store", "region": "FRA", "reviewer": "ada"}
    source = {"url": str(tmp_path / "images"), "pattern": r"(?P<class>[^/]+)/(?P<family>[^/]+)\.\w+"}
    path.write_text(json.dumps(data | {"source": source, "patch_size_px": CELL, "min_tissue_share": 0.5, "level": 0}))
    return path


def arrived(page: Page, zoom: int) -> None:
    """Every tile that is asked for has arrived, and this zoom is among them."""
    page.wait_for_function(
        """(zoom) => {
            const all = [...document.querySelectorAll("#tiles img")];
            const there = all.every((each) => each.complete && each.naturalWidth);
            return there && all.some((each) => each.where[0] === zoom);
        }""",
        arg=zoom,
    )


def cell(page: Page, row: int, col: int) -> tuple[float, float]:
    """Where the middle of a cell is on the screen, from the tile that shows all of the slide."""
    x, y, scale = page.evaluate(
        """() => {
            const whole = [...document.querySelectorAll("#tiles img")].find((each) => each.where[0] === 2);
            const { x, y, width } = whole.getBoundingClientRect();
            return [x, y, width / 2000];
        }"""
    )
    return x + (col + 0.5) * CELL * scale, y + (row + 0.5) * CELL * scale


def colour(page: Page, x: float, y: float) -> np.ndarray:
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    return np.asarray(picture)[round(y) - 2 : round(y) + 3, round(x) - 2 : round(x) + 3].reshape(-1, 3).mean(axis=0)


def test_a_slide_is_shown_by_tiles_of_the_zoom_and_each_of_its_cells_is_where_its_pixels_are(
    served: Start, spec: Path, page: Page
):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    opened(page, served("review", spec).address, SLIDE)
    expect(page.locator("#belongs")).to_have_text("D · family a slide · 2000 × 1400 px · 0.5 µm/px")
    arrived(page, 1)
    check(page)
    assert not any("/api/images/0/picture" in url for url in asked)
    zooms = {int(found[1]) for url in asked if (found := re.search(r"/tiles/(\d)/\d+/\d+\?", url))}
    assert zooms == {1, 2}  # fitted into the page a pixel shows two of the slide; and the whole in one tile
    assert np.abs(colour(page, *cell(page, 7, 12)) - BLUE).max() < 12
    page.mouse.move(*cell(page, 7, 12))
    for _ in range(6):
        page.mouse.wheel(0, -80)
    arrived(page, 0)
    assert np.abs(colour(page, *cell(page, 7, 12)) - BLUE).max() < 12
    page.mouse.click(*cell(page, 7, 12))
    saved(page)
    decision = latest(spec, SLIDE)
    assert rejected(decision).keys() == {(7, 12)}
    assert (decision.level, decision.um_per_px, decision.width_px, decision.height_px) == (0, None, 2000, 1400)
    assert decision.background == 21 * 2
    page.keyboard.press("n")
    expect(page.locator("#name")).to_have_text(TILE)
    expect(page.locator("#stage.opening")).to_have_count(0)
    assert page.locator("#tiles img").count() == 0
    page.keyboard.press("Space")
    saved(page)
    assert latest(spec, TILE).level is None  # a tile is what it is at any level


def test_what_was_decided_at_another_size_is_void_for_the_slide_and_stands_for_the_tile(
    served: Start, spec: Path, page: Page
):
    server = served("review", spec)
    for image in (SLIDE, TILE):
        opened(page, server.address, image)
        page.keyboard.press("Space")
        saved(page)
        page.keyboard.press("n")
    expect(page.locator("#classes div").first).to_contain_text("2 of 2")
    server.stop()
    page.goto(served("review", spec, "--set", "level=1").address)
    expect(page.locator("#name")).to_have_text(SLIDE)
    expect(page.locator("#belongs")).to_contain_text("1000 × 700 px · 1 µm/px")
    expect(page.locator("#message")).to_contain_text("the earlier decision no longer counts")
    expect(page.locator("#classes div").first).to_contain_text("1 of 2")


def test_a_damaged_slide_is_named_and_the_others_go_on(served: Start, spec: Path, page: Page):
    (spec.parent / "images" / SLIDE).rename(spec.parent / "images" / "D/a slide.svs")
    path = spec.parent / "images" / "D/a slide.svs"
    path.write_bytes(path.read_bytes()[:100])
    page.goto(served("review", spec).address)
    expect(page.locator("#message")).to_contain_text("D/a slide.svs: damaged, or no slide that OpenSlide reads")
    expect(page.locator("#whole")).to_be_disabled()
    page.keyboard.press("n")
    expect(page.locator("#name")).to_have_text(TILE)
    expect(page.locator("#cell")).to_contain_text("Row 1, column 1: kept")


def test_a_slide_that_is_cut_coarser_zooms_in_to_its_finest_level(served: Start, spec: Path, page: Page):
    coarser = json.loads(spec.read_text()) | {"level": 1}
    spec.write_text(json.dumps(coarser))
    opened(page, served("review", spec).address, SLIDE)
    expect(page.locator("#scale")).to_contain_text("µm")
    page.locator("#zoom-full").click()
    arrived(page, -1)
    shown = page.locator("#tiles img").evaluate_all(
        "(tiles) => tiles.filter((tile) => tile.where[0] === -1).map((tile) => [tile.naturalWidth, tile.clientWidth])"
    )
    assert shown
    assert all(abs(natural - width) <= 1 for natural, width in shown)
