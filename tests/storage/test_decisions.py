"""Decisions of a review: nothing is overwritten, the newest counts, two windows cannot lose each other's work."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from neurograde.specs.patch import Margins
from neurograde.specs.records import Cell
from neurograde.storage.decisions import Decisions, Overtaken, as_input
from neurograde.storage.store import Store
from tests.support.decisions import decision


def test_the_newest_decision_of_each_reviewer_on_each_image_counts_and_the_older_ones_stay(memory_url: str):
    decisions = Decisions(Store(memory_url), "first")
    for number in range(1, 12):
        decisions.add(decision(number=number, rejected=(Cell(row=0, col=number % 3, reason="blood"),)))
    decisions.add(decision(reviewer="b-2", number=1))
    decisions.add(decision(image="D/b.png"))
    latest = decisions.latest()
    assert {image: {who: each.number for who, each in by.items()} for image, by in latest.items()} == {
        "D/a 1.png": {"ada": 11, "b-2": 1},
        "D/b.png": {"ada": 1},
    }
    assert len(Store(memory_url).list("reviews/first")) == 13


def test_a_second_window_is_told_and_overwrites_nothing(memory_url: str):
    decisions = Decisions(Store(memory_url), "first")
    ours = decision(rejected=(Cell(row=0, col=0, reason="blood"),))
    decisions.add(ours)
    decisions.add(ours)  # an answer that was lost, sent again
    with pytest.raises(Overtaken, match=r"D/a 1\.png was changed in another window"):
        decisions.add(decision(rejected=(Cell(row=1, col=1, reason="blood"),)))
    assert decisions.latest()["D/a 1.png"]["ada"] == ours


def test_a_review_as_an_input_is_what_it_says_not_when_or_in_how_many_changes():
    said = decision(rejected=(Cell(row=0, col=0, reason="blood"),))
    later = said.model_copy(update={"number": 7, "at": "2027-01-01T00:00:00+00:00"})
    other = decision(image="D/b.png")
    assert as_input("first", [said, other]) == as_input("first", [other, later])
    assert as_input("first", [said]).digest != as_input("first", [decision()]).digest


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"rejected": (Cell(row=2, col=0),)}, r"square \(2, 0\) is outside the grid of 2 rows and 3 columns"),
        ({"rejected": (Cell(row=0, col=0),), "restored": (Cell(row=0, col=0),)}, "named twice"),
        ({"background": 7}, "more than the grid has"),
        ({"margins_px": Margins(top=60), "restored": (Cell(row=0, col=0),)}, "grid of 0 rows"),
    ],
)
def test_a_decision_that_does_not_fit_its_grid_is_refused(changes: dict[str, Any], reason: str):
    with pytest.raises(ValidationError, match=reason):
        decision(**changes)
