"""The set that a model learnt from, as a new image is held against it."""

from __future__ import annotations

import pytest

from neurograde.evaluation.training_set import TrainingSet
from neurograde.evaluation.units import Unit
from neurograde.storage.artefact import Artefact
from neurograde.storage.store import Store
from tests.support.artefacts import publish

IMAGES = ("image", "class", "family", "sha256")


def unit(number: int) -> Unit:
    return Unit(f"p{number}.png", "identity", "D", f"image {number}", f"family {number}", f"pixels {number}")


def patches(url: str, slides: list[tuple[str, float | None]]) -> Artefact:
    rows = [(f"image {number}", "D", f"family {number}", f"file {number}") for number in range(3)]
    rows.append(("without a patch", "D", "family 0", "file without a patch"))
    files = {"images.csv": (IMAGES, rows)}
    if slides:
        files["slides.csv"] = (("image", "um_per_px"), slides)
    return publish(Store(url), "patches", "cut", files)


SUBSETS = {"train": [unit(0)], "valid": [unit(1)], "test": [unit(2)]}


def test_an_image_is_known_by_its_file_or_by_the_pixels_of_a_patch(memory_url: str):
    known = TrainingSet.of(patches(memory_url, []), SUBSETS)
    assert known.used_in("file 0", []) == ("train",)
    assert known.used_in("file without a patch", []) == ("train",)
    assert known.used_in("saved again", ["other pixels", "pixels 1"]) == ("valid",)
    assert known.used_in("file 2", ["pixels 0"]) == ("train", "test")
    assert known.used_in("new", ["other pixels"]) == ()


@pytest.mark.parametrize(
    ("slides", "expected"),
    [([], None), ([("a", None)], None), ([("a", 0.25), ("b", None), ("c", 0.5), ("d", 0.26)], 0.26)],
)
def test_the_scale_of_training_is_the_median_of_its_slides(
    memory_url: str, slides: list[tuple[str, float | None]], expected: float | None
):
    assert TrainingSet.of(patches(memory_url, slides), SUBSETS).um_per_px == expected
