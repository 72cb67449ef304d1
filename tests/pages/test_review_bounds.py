"""What a review takes from a request is bounded: numbers of decisions, zooms of tiles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from neurograde.imaging.image_sets import find_images
from neurograde.pages.review.session import Change, Review
from neurograde.specs.review import ReviewSpec
from neurograde.storage.decisions import Decisions
from neurograde.storage.store import Store
from tests.support.review import write_review


@pytest.fixture
def review(tmp_path: Path) -> Review:
    spec = ReviewSpec.parse(json.loads(write_review(tmp_path).read_text()))
    labelled, _files, folder = find_images(spec, None)
    names = [image.path for image in labelled.images]
    return Review(spec, labelled.images, names, folder, Decisions(Store(spec.store), spec.name))


def change(number: Any) -> Change:
    return Change.parse({"number": number, "margins_px": {}, "rejected": [], "restored": [], "finished": True})


@pytest.mark.parametrize("number", [0, -1, 1_000_000, 10**30, 1.5, "1", None])
def test_a_number_that_no_decision_can_have_is_refused(number: Any):
    with pytest.raises(ValidationError, match="number"):
        change(number)


def test_a_number_that_leaves_some_out_is_refused_with_the_next_one(review: Review):
    for number in (2, 999_999):
        with pytest.raises(ValueError, match="the next decision on this image is 1"):
            review.decide(0, change(number))
    for number in (1, 2):
        review.decide(0, change(number))
    assert [decision.number for decision in review.decisions.latest()[review.names[0]].values()] == [2]


@pytest.mark.parametrize("zoom", [-1_000_000, 64, 1_000_000])
def test_a_zoom_that_no_image_has_is_refused(review: Review, zoom: int):
    with pytest.raises(ValueError, match=f"of zoom {zoom}"):
        review.tile(0, zoom, 0, 0)
