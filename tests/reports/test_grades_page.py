"""The page of new images: what stands above every grade."""

from __future__ import annotations

import pytest

from neurograde.reports.grades_page import banners, named


def titles(classes: tuple[str, ...], *marks: str) -> list[str]:
    return [each.title for each in banners(classes, marks)]


def test_every_page_says_first_that_it_is_not_for_clinical_use():
    assert titles(("Viable", "Non-Tumor")) == ["Not for clinical use"]


@pytest.mark.parametrize("classes", [("PD", "D"), ("U", "PD", "D")])
def test_grades_of_differentiation_are_said_to_be_no_histology(classes: tuple[str, ...]):
    assert titles(classes) == ["Not for clinical use", "A grade of differentiation"]
    assert "(FH, UH)" in banners(classes, ())[1].text
    assert [named(each) for each in classes[-2:]] == ["PD, poorly differentiated", "D, differentiating"]


def test_what_marks_the_model_is_said_of_all_that_it_graded():
    assert titles(("A", "B"), "synthetic", "leaking")[1:] == [
        "A model that leaks",
        "A model of synthetic images",
    ]
    assert titles(("A", "B"), "odd")[1:] == ["Odd"]
