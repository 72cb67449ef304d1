"""view, in a real browser: grades and mistakes over the tissue, at full resolution, served and as one file."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from jobs.view import view
from tests.support.accessibility import check
from tests.support.laboratory import Laboratory
from tests.support.review import Start
from tests.support.slides import tissue, write_pyramid

WIDTH, HEIGHT = 1400, 900


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    return Laboratory(tmp_path_factory.mktemp("laboratory"))


@pytest.fixture(scope="module")
def spec(laboratory: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prediction of two pictures of the laboratory and a slide that was cut at half of its resolution."""
    folder = tmp_path_factory.mktemp("view") / "in"
    folder.mkdir()
    for name in ("D0_1", "D1_1"):
        (folder / f"{name}.png").write_bytes((laboratory.images / "D" / f"{name}.png").read_bytes())
    write_pyramid(folder / "slide.tif", tissue(WIDTH, HEIGHT), um_per_px=0.5)
    laboratory.predict("seen", folder, level=1, min_tissue_share=0)
    path = folder.parent / "predict.yaml"
    path.write_text((laboratory.root / "predict.yaml").read_text())
    return path


def shown(page: Page, name: str) -> None:
    expect(page.locator("#name")).to_have_text(name)
    expect(page.locator("#square")).to_contain_text("Click a square")
    page.wait_for_function(
        "() => { const all = [...document.querySelectorAll('#tiles img')]; "
        "return all.length && all.every((tile) => tile.complete && tile.naturalWidth > 1); }"
    )


def go_to_the_slide(page: Page) -> None:
    page.keyboard.press("n")
    page.keyboard.press("n")
    shown(page, "slide.tif")


def test_grades_are_seen_over_the_tissue_by_keyboard_alone(served: Start, spec: Path, page: Page):
    page.goto(served("view", spec).address)
    shown(page, "D0_1.png")
    expect(page.locator("#notes")).to_contain_text("Not for clinical use.")
    expect(page.locator("#notes")).to_contain_text("Used in")
    expect(page.locator("#strip button")).to_have_count(3)
    page.keyboard.press("ArrowRight")
    expect(page.locator("#square")).to_contain_text("Row 0, column 0: PD ")
    expect(page.locator("#square")).to_contain_text("distance from training 0.")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#square")).to_contain_text("Row 0, column 1")
    page.keyboard.press("o")
    expect(page.locator("#plain img").first).to_be_visible()
    page.keyboard.press("t")
    expect(page.locator("#tint")).not_to_be_checked()
    page.keyboard.press("[")
    expect(page.locator("#strength")).to_have_value("45")
    check(page)


def tint(page: Page) -> int:
    """Return the sum of the opacities that are drawn over the image."""
    return page.evaluate(
        """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
            const canvas = document.getElementById("grid");
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            let sum = 0;
            for (let at = 3; at < data.length; at += 4) sum += data[at];
            done(sum);
        })))"""
    )


def test_the_tint_fades_and_switches_off(served: Start, spec: Path, page: Page):
    page.goto(served("view", spec).address)
    shown(page, "D0_1.png")
    strong = tint(page)
    page.locator("#strength").fill("5")
    faint = tint(page)
    page.locator("#tint").uncheck()
    assert strong > faint > tint(page) == 0
    page.keyboard.press("a")
    expect(page.locator("#glow")).to_be_checked()
    page.wait_for_function("() => [...document.querySelectorAll('#attention img')].every((seen) => seen.naturalWidth)")
    assert tint(page) > 0
    page.locator("#attention button").first.click()
    expect(page.locator("#square")).to_contain_text("Row 0, column")


def test_a_slide_is_seen_finer_than_it_was_cut_with_its_squares_in_pixels_of_level_0(
    served: Start, spec: Path, page: Page
):
    page.goto(served("view", spec).address)
    shown(page, "D0_1.png")
    go_to_the_slide(page)
    page.keyboard.press("1")
    page.wait_for_function("() => [...document.querySelectorAll('#tiles img')].some((tile) => tile.where[0] === 0)")
    expect(page.locator("#scale")).to_contain_text("50 µm")
    for kind in ("geojson", "csv"):
        with page.expect_download() as download:
            page.locator(f"#{kind}").click()
        data = Path(download.value.path()).read_text()
        if kind == "geojson":
            features = json.loads(data)["features"]
        else:
            rows = list(csv.DictReader(io.StringIO(data)))
    rings = [feature["geometry"]["coordinates"][0] for feature in features]
    assert [[float(row["x_px"]), float(row["y_px"])] for row in rows] == [ring[0] for ring in rings]
    assert {float(row["side_px"]) for row in rows} == {96.0}
    assert max(x for ring in rings for x, _ in ring) == 96 * (WIDTH // 2 // 48)
    assert {feature["properties"]["objectType"] for feature in features} == {"detection"}
    assert {feature["properties"]["classification"]["name"] for feature in features} <= {"PD", "D"}


def test_fingers_move_and_zoom_and_a_tap_chooses(served: Start, spec: Path, page: Page):
    page.goto(served("view", spec).address)
    shown(page, "D0_1.png")
    box = page.locator("#tiles img").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.3)
    expect(page.locator("#square")).to_contain_text("Row 0, column 1")
    touch = """([kind, id, x, y]) => document.getElementById("stage").dispatchEvent(
        new PointerEvent(kind, { pointerId: id, clientX: x, clientY: y, bubbles: true, pointerType: "touch" }))"""
    page.evaluate("() => { Element.prototype.setPointerCapture = () => {}; }")
    for event in (("pointerdown", 7, 300, 300), ("pointerdown", 8, 400, 300), ("pointermove", 8, 500, 300)):
        page.evaluate(touch, list(event))
    page.wait_for_function(
        "(width) => document.querySelector('#tiles img').getBoundingClientRect().width > 1.9 * width", arg=box["width"]
    )


def test_one_file_shows_the_same_without_a_server(spec: Path, tmp_path: Path, page: Page, capsys):
    out = tmp_path / "grades.html"
    assert view.main([str(spec), "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(out.as_uri())
    shown(page, "D0_1.png")
    go_to_the_slide(page)
    expect(page.locator("#attention img")).to_have_count(2)
    assert {url.partition(":")[0] for url in requests} <= {"file", "data"}
    check(page)


def test_an_image_that_is_gone_keeps_its_squares(served: Start, spec: Path, tmp_path: Path, page: Page):
    moved = tmp_path / "predict.yaml"
    moved.write_text(json.dumps(json.loads(spec.read_text()) | {"images": str(tmp_path / "nowhere")}))
    page.goto(served("view", moved).address)
    expect(page.locator("#message")).to_contain_text("its squares are shown without it")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#square")).to_contain_text("Row 0, column 0")
    check(page)


def test_the_worst_mistakes_come_first(served: Start, laboratory: Laboratory, page: Page):
    server = served("view", laboratory.root / "evaluate.yaml")
    page.goto(server.address)
    wrong = [
        row
        for row in laboratory.evaluation().read_csv("predictions.csv")
        if row["subset"] == "test" and row["transform"] == "identity" and row["label"] != row["predicted"]
    ]
    assert wrong
    surest = max(wrong, key=lambda row: float(row[f"p_{row['predicted']}"]))
    expect(page.locator("#name")).to_contain_text(Path(surest["patch"]).name.partition("_r")[0])
    expect(page.locator("#answer")).to_contain_text(f"{surest['label']} taken for {surest['predicted']}")
    shown(page, page.locator("#name").inner_text())
    check(page)


def test_a_spec_of_another_job_is_refused(laboratory: Laboratory, capsys):
    assert view.main([str(laboratory.root / "train.yaml")]) == 64
    assert "job: 'train'; accepted: a spec of predict or of evaluate" in capsys.readouterr().err
