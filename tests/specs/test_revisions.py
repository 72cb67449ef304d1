"""A revision says that a mended fault changed a job's results under an unchanged spec."""

from __future__ import annotations

from typing import Literal

import pytest

from neurograde.specs.base import JobSpec
from neurograde.specs.catalogue import BY_NAME
from neurograde.specs.records import Grid, Manifest
from neurograde.specs.revisions import REVISIONS, Revision, outdated, revision_of

RECIPES = {"features", "stage"}


class ToySpec(JobSpec):
    """A spec."""

    job: Literal["toy"] = "toy"
    """The job this spec is for."""
    level: int | None = None
    """Of a slide."""


PICTURE, SLIDE = (ToySpec(name="n", store="memory://s", region="FRA", level=level) for level in (None, 0))
MANIFEST = Manifest(kind="images", name="n", job="toy", spec={}, spec_digest="0" * 64, files={})


@pytest.fixture(autouse=True)
def _two_revisions(monkeypatch: pytest.MonkeyPatch):
    of_slides = Revision("slides are read in rows", concerns=lambda spec: spec.level is not None)
    monkeypatch.setitem(REVISIONS, "toy", (Revision("text is in capitals"), of_slides))


def test_the_revision_of_a_spec_is_that_of_the_last_change_which_concerns_it():
    assert (revision_of(PICTURE), revision_of(SLIDE)) == (2, 3)
    assert revision_of(PICTURE.model_copy(update={"job": "another"})) == 1


def test_an_earlier_revision_is_outdated_by_the_changes_since_that_concern_its_spec():
    assert outdated(1, SLIDE) == "made by revision 1: text is in capitals; slides are read in rows"
    assert outdated(1, PICTURE) == "made by revision 1: text is in capitals"
    assert outdated(2, SLIDE) == "made by revision 2: slides are read in rows"
    assert outdated(2, PICTURE) is None
    assert outdated(3, SLIDE) is None


def test_what_a_later_neurograde_made_is_not_outdated():
    assert outdated(9, SLIDE) is None


def test_revision_1_is_in_no_record_and_in_no_digest():
    assert b"revision" not in MANIFEST.encode()
    assert Manifest.parse(MANIFEST.encode()) == MANIFEST
    grid = Grid(name="n", spec={}, spec_digest="0" * 64, inputs=(), shards=())
    assert b"revision" not in grid.sealed().encode()
    assert grid.model_copy(update={"revision": 2}).sealed().digest != grid.sealed().digest


def test_revision_2_is_in_the_record_and_in_the_digest():
    second = MANIFEST.model_copy(update={"revision": 2})
    assert b'"revision":2' in second.encode()
    assert Manifest.parse(second.encode()) == second
    assert second.digest != MANIFEST.digest


def test_only_jobs_that_would_heed_them_have_revisions():
    assert set(REVISIONS) - {"toy"} <= set(BY_NAME) - RECIPES
