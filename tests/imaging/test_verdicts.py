"""Several reviewers, one verdict; a decision on another file or another grid says nothing, and says so."""

from __future__ import annotations

from typing import Any

import pytest

from neurograde.errors import DataError
from neurograde.imaging.verdicts import Verdicts
from neurograde.specs.patch import Margins, PatchSpec
from neurograde.specs.records import Cell, Decision
from tests.support.decisions import decision

IMAGE = "D/a 1.png"


def spec(**changes: Any) -> PatchSpec:
    fields = {"job": "patch", "name": "p", "store": "memory://x", "region": "FRA", "patch_size_px": 32}
    source = {"url": "images", "pattern": "(?P<class>.+)/(?P<family>.+)"}
    return PatchSpec.parse(fields | {"source": source, "min_tissue_share": 0.5, "review": "first"} | changes)


def cells(*places: tuple[int, int]) -> tuple[Cell, ...]:
    return tuple(Cell(row=row, col=col) for row, col in places)


def verdicts(*decisions: Decision, **changes: Any) -> Verdicts:
    return Verdicts.of(spec(**changes), {IMAGE: {each.reviewer: each for each in decisions}}, [IMAGE])


@pytest.mark.parametrize(
    ("rule", "rejected", "restored"),
    [("any", {(0, 0), (0, 1), (1, 1)}, {(1, 0)}), ("all", {(0, 1)}, {(1, 0), (1, 2)})],
)
def test_a_cell_goes_when_any_reviewer_or_when_all_of_them_said_so(rule: str, rejected: set, restored: set):
    ada = decision(reviewer="ada", rejected=cells((0, 0), (0, 1)), restored=cells((1, 0), (1, 2)), finished=True)
    bob = decision(reviewer="bob", rejected=cells((0, 1), (1, 1)), restored=cells((1, 0)), finished=True)
    found = verdicts(ada, bob, reviewers=rule)
    assert found.by_image[IMAGE].rejected == rejected
    assert found.by_image[IMAGE].restored == restored
    assert found.summary().model_dump(mode="json") == {
        "images": 1,
        "reviewers": {"ada": 1, "bob": 1},
        "undecided": [],
        "unfinished": [],
        "void": {},
    }


def test_a_decision_on_another_grid_is_void():
    found = verdicts(decision(patch_size_px=30))
    assert found.by_image == {}
    assert found.voided == {IMAGE: "its grid had squares of 30 px, now of 32"}


def test_reviewers_who_saw_two_files_cancel_out():
    found = verdicts(decision(), decision(reviewer="bob", image_sha256="b" * 64))
    assert found.voided == {IMAGE: "its reviewers saw two different files"}


def test_two_margins_for_one_image_are_an_error_that_names_both_reviewers():
    with pytest.raises(DataError, match=f"{IMAGE}: ada and bob chose different margins"):
        verdicts(decision(), decision(reviewer="bob", margins_px=Margins(left=3)))


def test_images_without_a_decision_and_unfinished_ones_are_counted():
    found = Verdicts.of(spec(), {IMAGE: {"ada": decision()}}, [IMAGE, "D/b.png"])
    assert (found.undecided, found.unfinished) == (["D/b.png"], [IMAGE])
    assert Verdicts.of(spec(review=None), {}, [IMAGE]).undecided == []
