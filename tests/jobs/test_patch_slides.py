"""patch on whole slides: real ones, and made ones beside tiles; what is refused, and what never reaches the store."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import openslide
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from neurograde.maths.digest import sha256_hex
from neurograde.patches.png import decode_png
from neurograde.specs.patch import Margins
from neurograde.specs.records import Cell
from neurograde.storage.decisions import Decisions
from neurograde.storage.store import Store
from tests.support.decisions import decision
from tests.support.images import paint
from tests.support.patches import opened, refused
from tests.support.slides import tissue, write_pyramid

CMU, TCGA = "CMU-1-Small-Region.svs", "TCGA-CR-7395-01A-01-TS1.svs"
PATTERN = r"(?P<class>[^/]+)/(?P<family>[^/]+)\.\w+"


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "labels.csv"
    path.write_text(f"image,class,family\n{CMU},P,cmu\n{TCGA},D,tcga\n")
    return str(path)


@pytest.fixture
def real(patch, shared: Path, table: str, tmp_path: Path):
    """`patch` on the two real slides, or on those of the classes given."""

    def real(*options: str, url: str | None = None, classes: list[str] | None = None, **fields: object):
        folder = tmp_path / "slides"
        if not folder.exists():
            folder.mkdir()
            for name in (CMU, TCGA):
                (folder / name).symlink_to(shared / "slides" / name)
        source = {"url": url or str(folder), "table": table, "classes": classes}
        return patch(*options, source=source, **{"patch_size_px": 250, "min_tissue_share": 0.2} | fields)

    return real


def test_both_real_slides_are_cut_as_a_plain_loop_would_and_every_pixel_is_accounted_for(
    real, shared: Path, memory_url: str
):
    assert real(level=0)[0] == 0
    patches = opened(memory_url)
    account = patches.read_json("accounting.json")
    assert account["total_px"] == 2220 * 2967 + 4443 * 3567
    parts = ("kept_px", "labels_px", "background_px", "borders_px", "precrop_px")
    assert sum(account[part] for part in parts) == account["total_px"]
    rows = patches.read_csv("index.csv")
    assert account["patches"] == len(rows) > 200
    slides = {name: openslide.OpenSlide(shared / "slides" / name) for name in (CMU, TCGA)}
    for row in rows[::17]:
        where = (int(row["x_px"]), int(row["y_px"]))
        expected = slides[row["image"]].read_region(where, 0, (250, 250)).convert("RGB")
        assert np.array_equal(decode_png(patches.read(row["patch"])), np.asarray(expected)), row["patch"]
    cmu, tcga = patches.read_csv("slides.csv")
    assert (cmu["image"], cmu["vendor"], cmu["level"], cmu["um_per_px"]) == (CMU, "aperio", "0", "0.499")
    assert (tcga["image"], tcga["um_per_px"], tcga["recorded_um_per_px"]) == (TCGA, "", "")


def test_label_macro_names_and_dates_never_reach_the_store(real, shared: Path, memory_url: str):
    assert real(um_per_px=2.0, patch_size_px=200, classes=["P"])[0] == 0
    slide = openslide.OpenSlide(shared / "slides" / CMU)
    assert {"label", "macro"} <= set(slide.associated_images)
    private = [slide.properties["aperio.User"], slide.properties["aperio.Date"], slide.properties["aperio.ImageID"]]
    store = Store(memory_url)
    everything = {key: store.get(key) for key in store.list("patches")}
    for word in private:
        assert not any(word.encode() in data for data in everything.values())
    rows = opened(memory_url).read_csv("index.csv")
    pictures = [key for key in everything if key.endswith(".png")]
    assert len(pictures) == len(rows)  # a cell of the grid each, and no picture besides
    assert {decode_png(everything[key]).shape for key in pictures} == {(200, 200, 3)}


def test_a_slide_without_um_per_px_is_refused_until_the_spec_says_a_word(real, memory_url: str):
    refused(real(um_per_px=1.0), memory_url, TCGA, "does not record its µm/px", "assumed_um_per_px", "level")
    assert real(um_per_px=1.0, assumed_um_per_px=0.5)[0] == 0
    cmu, tcga = opened(memory_url).read_csv("slides.csv")
    assert (cmu["level"], tcga["level"]) == ("0", "1")
    assert (cmu["um_per_px"], tcga["um_per_px"]) == ("1.0", "1.000253")  # its level is half the size to the pixel
    sizes = [(row["width_px"], row["height_px"]) for row in opened(memory_url).read_csv("images.csv")]
    assert sizes == [("1107", "1480"), ("2221", "1783")]


def test_slides_elsewhere_are_copied_while_they_are_read_and_give_the_same_patches(
    real, shared: Path, memory_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    fields = {"um_per_px": 2.0, "patch_size_px": 128, "classes": ["P"]}
    assert real(**fields)[0] == 0
    here = {path: each.sha256 for path, each in opened(memory_url).manifest.files.items()}
    files = MemoryFileSystem()
    for name in (CMU, TCGA):
        files.pipe_file(f"/elsewhere/{name}", (shared / "slides" / name).read_bytes())
    try:
        assert real("--replace", url="memory://elsewhere", **fields)[0] == 0
        assert {path: each.sha256 for path, each in opened(memory_url).manifest.files.items()} == here
        files.pipe_file(f"/elsewhere/{CMU}", files.cat_file(f"/elsewhere/{CMU}"))  # the same bytes at another time
        code, lines = real(url="memory://elsewhere", **fields)
        assert (code, "up to date" in lines[-1]["event"]) == (0, True)
    finally:
        files.rm("/elsewhere", recursive=True)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_tiles_and_slides_of_one_folder_are_cut_together(patch, tmp_path: Path, memory_url: str):
    pixels = tissue(300, 200, glass=(slice(0, 64), slice(0, 96)))
    write_pyramid(tmp_path / "both" / "D" / "a slide.tif", pixels, um_per_px=0.5)
    paint(tmp_path / "both" / "D" / "tile.png", 1)
    paint(tmp_path / "both" / "P" / "tile.tif", 2)  # no pyramid: a tile as well
    source = {"url": str(tmp_path / "both"), "pattern": PATTERN}
    code, lines = patch(source=source, um_per_px=0.5)
    assert code == 0
    assert any("D/a slide.tif: a slide, 300 x 200 px at 0.5 µm/px" in line["event"] for line in lines)
    patches = opened(memory_url)
    found = {row["image"]: int(row["patches"]) for row in patches.read_csv("images.csv")}
    assert found == {"D/a slide.tif": 9 * 6 - 2 * 3, "D/tile.png": 6, "P/tile.tif": 6}
    assert [row["image"] for row in patches.read_csv("slides.csv")] == ["D/a slide.tif"]
    rows = [row for row in patches.read_csv("index.csv") if row["image"] == "D/a slide.tif"]
    assert [(int(row["row"]), int(row["col"])) for row in rows] == [
        (row, col) for row in range(6) for col in range(9) if row > 1 or col > 2
    ]
    for row in rows:
        x, y = int(row["x_px"]), int(row["y_px"])
        assert np.array_equal(decode_png(patches.read(row["patch"])), pixels[y : y + 32, x : x + 32])


def test_without_slides_there_is_no_table_of_them_and_the_artefact_is_what_it_always_was(patch, memory_url: str):
    assert patch()[0] == 0
    plain = opened(memory_url).manifest
    assert "slides.csv" not in plain.files
    assert "level" not in str(plain.files)


def test_a_slide_needs_a_size_and_one_that_it_has(patch, tmp_path: Path, memory_url: str):
    write_pyramid(tmp_path / "both" / "D" / "s.tif", tissue(300, 200), um_per_px=0.5)
    source = {"url": str(tmp_path / "both"), "pattern": PATTERN}
    refused(patch(source=source), memory_url, "D/s.tif", "level (0 of 300 x 200 px, 1 of 150 x 100 px", "um_per_px")
    refused(patch(source=source, level=5), memory_url, "D/s.tif: level 5; accepted: 0 of 300 x 200 px")
    refused(patch(source=source, um_per_px=0.25), memory_url, "D/s.tif: um_per_px = 0.25; accepted: 0.5")
    for fields in ({"level": 0, "um_per_px": 0.5}, {"assumed_um_per_px": 0.5}, {"level": -1}, {"um_per_px": 0}):
        code, lines = patch(source=source, **fields)
        assert code == 78, fields
        assert "um_per_px" in lines[-1]["event"] or "level" in lines[-1]["event"]


@pytest.mark.parametrize("keep", [0.3, 0.8])
def test_a_truncated_slide_is_refused_by_name(real, shared: Path, memory_url: str, tmp_path: Path, keep: float):
    assert real(level=0, patch_size_px=4000, min_tissue_share=0)[0] == 65  # makes the folder
    path = tmp_path / "slides" / TCGA
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(whole[: int(keep * len(whole))])
    refused(real(level=0, min_tissue_share=0), memory_url, TCGA, "damaged")


def test_a_review_of_a_slide_counts_at_the_size_at_which_it_was_made(patch, tmp_path: Path, memory_url: str):
    path = tmp_path / "both" / "D" / "s.tif"
    write_pyramid(path, tissue(300, 200), um_per_px=0.5)
    source = {"url": str(tmp_path / "both"), "pattern": PATTERN}
    digest = {"image_sha256": sha256_hex(path.read_bytes())}
    said = {"image": "D/s.tif", "width_px": 150, "height_px": 100, "level": 1, "margins_px": Margins(), **digest}
    Decisions(Store(memory_url), "first").add(decision(**said, rejected=(Cell(row=0, col=1),), finished=True))
    assert patch(source=source, review="first", level=1)[0] == 0
    account = opened(memory_url).read_json("accounting.json")
    assert (account["patches"], account["labels_px"]) == (4 * 3 - 1, 32 * 32)
    for size, words in (({"level": 0}, "at level 1, now at level 0"), ({"um_per_px": 1.0}, "now at 1.0 µm/px")):
        code, lines = patch("--replace", source=source, review="first", **size)
        assert code == 0
        assert any("void" in line["event"] and words in line["event"] for line in lines)
        assert opened(memory_url).read_json("accounting.json")["labels_px"] == 0


def test_a_review_of_a_slide_whose_assumed_um_per_px_has_changed_is_void(patch, tmp_path: Path, memory_url: str):
    path = tmp_path / "both" / "D" / "s.tif"
    write_pyramid(path, tissue(300, 200))
    source = {"url": str(tmp_path / "both"), "pattern": PATTERN}
    digest = {"image_sha256": sha256_hex(path.read_bytes())}
    said = {"image": "D/s.tif", "width_px": 150, "height_px": 100, "um_per_px": 1.0, **digest}
    Decisions(Store(memory_url), "first").add(decision(**said, rejected=(Cell(row=0, col=1),), finished=True))
    assert patch(source=source, review="first", um_per_px=1.0, assumed_um_per_px=0.5)[0] == 0
    assert opened(memory_url).read_json("accounting.json")["labels_px"] == 32 * 32
    code, lines = patch("--replace", source=source, review="first", um_per_px=1.0, assumed_um_per_px=1.0)
    assert code == 0
    assert any("the image has changed since or its size" in line["event"] for line in lines)
