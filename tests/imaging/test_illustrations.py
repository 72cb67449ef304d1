"""Pictures for a report: the images that lose most to their pre-crop, unchanged since, and never of a hidden set."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

from neurograde.imaging.illustrations import IMAGE_SIDE_PX, PATCH_SIDE_PX, illustrations
from neurograde.maths.patch_grid import Margins
from neurograde.maths.seeding import generator
from neurograde.patches.illustration import Illustrations
from neurograde.patches.png import encode_png
from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.store import Store

SIZES = {"a": (300, 320), "b": (300, 420), "c": (300, 640)}  # height and width: the smaller loses the larger share


@pytest.fixture
def cut(tmp_path: Path):
    """Three images of noise, cut; returns the patches."""
    rng = generator(1, "images")
    for name, (height, width) in SIZES.items():
        path = tmp_path / "images" / "D" / f"{name}_1.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_png(rng.integers(0, 255, (height, width, 3), np.uint8)))

    def cut(**fields: object) -> Artefact:
        spec = {
            "job": "patch", "name": "cut", "store": f"file://{tmp_path}/store", "region": "FRA", "patch_size_px": 100,
            "margins_px": {"left": 20, "bottom": 30}, "min_tissue_share": 0,
            "source": {"url": f"file://{tmp_path}/images", "pattern": r"(?P<class>[^/]+)/(?P<family>.+)_\d+\.png"},
        }  # fmt: skip
        path = tmp_path / "patch.json"
        path.write_text(json.dumps(spec | fields))
        assert importlib.import_module("jobs.patch").patch.main([str(path)]) == 0
        store = Store(f"file://{tmp_path}/store")
        return Artefact(store, "patches/cut", read_manifest(store, "patches/cut"))

    return cut


def names(found: Illustrations) -> list[str]:
    return [each.name for each in found.cropped]


def test_the_two_images_that_lose_most_are_shown_small_with_their_margins(cut):
    found = illustrations(cut(), None)
    assert names(found) == ["D/a_1.png", "D/b_1.png"]
    first = found.cropped[0]
    assert (first.width_px, first.height_px, first.margins) == (320, 300, Margins(left=20, bottom=30))
    assert max(first.pixels.shape) == IMAGE_SIDE_PX
    assert found.patch.shape == (PATCH_SIDE_PX, PATCH_SIDE_PX, 3)


def test_an_image_that_has_changed_or_gone_is_not_shown(cut, tmp_path: Path):
    patches = cut()
    (tmp_path / "images/D/a_1.png").write_bytes(encode_png(np.zeros((300, 320, 3), np.uint8)))
    (tmp_path / "images/D/b_1.png").unlink()
    assert names(illustrations(patches, None)) == ["D/c_1.png"]


def test_without_the_folder_only_the_patch_is_left(cut, tmp_path: Path):
    patches = cut()
    (tmp_path / "images").rename(tmp_path / "elsewhere")
    found = illustrations(patches, None)
    assert found.cropped == ()
    assert found.patch is not None


def test_images_of_a_pseudonymised_set_are_never_shown(cut, tmp_path: Path):
    found = illustrations(cut(pseudonymise=True, pseudonym_key=str(tmp_path / "key")), None)
    assert found.cropped == ()


def test_an_image_whose_margins_have_changed_is_not_shown_with_others_than_it_was_cut_with(cut, tmp_path: Path):
    table = tmp_path / "labels.csv"
    rows = "image,class,family,left,top,right,bottom\nD/a_1.png,D,a,{},0,0,0\n"
    rows += "D/b_1.png,D,b,5,0,0,0\nD/c_1.png,D,c,5,0,0,0\n"
    table.write_text(rows.format(40))
    patches = cut(source={"url": f"file://{tmp_path}/images", "table": f"file://{table}"})
    assert names(illustrations(patches, None)) == ["D/a_1.png", "D/b_1.png"]
    table.write_text(rows.format(80))
    assert names(illustrations(patches, None)) == ["D/b_1.png", "D/c_1.png"]


def test_nothing_is_shown_of_images_without_a_pre_crop(cut):
    assert illustrations(cut(margins_px={"left": 0}), None).cropped == ()
