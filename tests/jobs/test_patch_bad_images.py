"""One bad image among many: all that are bad are named, or they are left out and counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.images import paint
from tests.support.patches import opened
from tests.support.slides import tissue, write_pyramid


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:900])


@pytest.fixture
def bad(images: Path) -> list[str]:
    """Three images of eight that are not whole."""
    names = ["D/case D0_1.png", "D/case D2_1.png", "PD/case PD1_1.png"]
    for name in names:
        assert (images / name).exists(), sorted(images.rglob("*.png"))
        damage(images / name)
    return names


def test_all_images_that_cannot_be_used_are_named_at_once(patch, bad: list[str], memory_url: str):
    code, lines = patch()
    assert code == 65
    last = lines[-1]["event"]
    assert "3 of 8 images cannot be used" in last
    assert "on_bad_image: skip" in last
    events = "\n".join(line["event"] for line in lines[:-1])
    for name in bad:
        assert name in last
        assert f"{name}: damaged or truncated" in events


def test_bad_images_are_left_out_if_the_spec_asks_for_it_and_are_counted(patch, bad: list[str], memory_url: str):
    code, lines = patch(on_bad_image="skip")
    assert code == 0
    patches = opened(memory_url)
    skipped = patches.read_json("accounting.json")["skipped"]
    assert list(skipped) == sorted(bad)
    assert all("damaged or truncated" in reason for reason in skipped.values())
    assert {row["image"] for row in patches.read_csv("images.csv")}.isdisjoint(bad)
    assert len(patches.read_csv("images.csv")) == 5
    warnings = [line["event"] for line in lines if line["level"] == "warning"]
    assert sum(event.startswith("left out: ") for event in warnings) == 3
    assert {entry.path for entry in patches.manifest.raw} >= set(bad)
    assert patch(on_bad_image="skip")[0] == 0  # and it is up to date


def test_without_bad_images_the_account_has_no_list_of_them(patch, memory_url: str):
    assert patch(on_bad_image="skip")[0] == 0
    assert "skipped" not in opened(memory_url).read_json("accounting.json")


def test_codes_in_place_of_names_hide_those_of_bad_images_too(patch, bad: list[str], memory_url: str, tmp_path: Path):
    key = {"pseudonymise": True, "pseudonym_key": str(tmp_path / "key")}
    assert patch(on_bad_image="skip", **key)[0] == 0
    assert "case" not in str(opened(memory_url).read_json("accounting.json")["skipped"])


def test_a_slide_with_a_bad_part_leaves_no_patch_behind(patch, tmp_path: Path, memory_url: str):
    folder = tmp_path / "mixed"
    noise = np.random.default_rng(1).integers(100, 220, (500, 700, 3), np.uint8)
    noise[..., 1] = 60
    write_pyramid(folder / "D" / "a_1.tif", noise)
    path = folder / "D" / "a_1.tif"
    data = bytearray(path.read_bytes())
    start = len(data) // 3
    data[start : start + 3000] = bytes(3000)
    path.write_bytes(bytes(data))
    write_pyramid(folder / "D" / "b_1.tif", tissue(700, 500))
    source = {"url": str(folder), "pattern": r"(?P<class>[^/]+)/(?P<family>.+)_\d+\.tif"}
    assert patch(source=source, level=0)[0] == 65
    assert patch(source=source, level=0, on_bad_image="skip")[0] == 0
    patches = opened(memory_url)
    assert list(patches.read_json("accounting.json")["skipped"]) == ["D/a_1.tif"]
    assert {row["image"] for row in patches.read_csv("index.csv")} == {"D/b_1.tif"}
    assert not [name for name in patches.manifest.files if "/a/" in name]


def test_a_file_longer_than_any_picture_is_refused_without_being_read(patch, images: Path):
    path = images / "D" / "case D9_1.png"
    paint(path, 3)
    with path.open("r+b") as file:
        file.truncate(3 * 2**30)  # sparse
    code, lines = patch()
    assert code == 65
    assert "case D9_1.png: a file of 3,221,225,472 bytes; accepted: pictures of at most 1," in lines[-1]["event"]
    Image.open(images / "D" / "case D0_1.png").load()


def test_images_of_which_all_or_nothing_is_tissue_are_a_warning(patch, images: Path):
    Image.fromarray(np.full((70, 100, 3), 240, np.uint8)).save(images / "D" / "glass_1.png")
    code, lines = patch(min_tissue_share=0.2)
    assert code == 0
    warnings = [line["event"] for line in lines if line["level"] == "warning"]
    assert any(event.startswith("nothing is tissue in 1 of 9 images, first D/glass_1.png") for event in warnings)
    assert any(event.startswith("everything is tissue in 8 of 9 images") for event in warnings)
