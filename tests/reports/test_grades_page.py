"""The page of new images: what stands above every grade."""

from __future__ import annotations

import pytest

from neurograde.reports.grade_notes import notes_of, warnings_of
from neurograde.reports.grades_page import banners, named
from neurograde.specs.results.prediction import GradedImage


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


def notes(**fields: object) -> str:
    return " ".join(notes_of(GradedImage(image="a.tif", width_px=10, **fields)))


@pytest.mark.parametrize(
    ("ours", "theirs", "note"),
    [
        (0.25, 0.5, "Graded at 0.250 µm/px, trained at 0.500"),
        (None, 0.5, "this image does not record µm/px"),
        (0.25, None, "the images of training do not record µm/px"),
        (None, None, "neither this image nor those of training record µm/px"),
    ],
)
def test_another_scale_than_that_of_training_is_named(ours: float | None, theirs: float | None, note: str):
    assert note in notes(um_per_px=ours, um_per_px_of_training=theirs)


def test_of_the_scale_of_training_there_is_nothing_to_say():
    assert notes(um_per_px=0.51, um_per_px_of_training=0.5) == ""
    assert warnings_of(GradedImage(image="a", um_per_px=0.5, um_per_px_of_training=0.5)) == ()


def test_the_gravest_comes_first_and_each_has_a_few_words():
    image = GradedImage(
        image="a",
        used_in="valid+test",
        um_per_px=1.0,
        um_per_px_of_training=0.5,
        distance=0.9,
        distance_limit=0.5,
        valid_images=40,
        valid_images_nearer=39,
    )
    assert warnings_of(image) == (
        "used in valid",
        "used in test",
        "far from the training images",
        "another µm/px than training",
    )
    assert [note.split()[0] for note in notes_of(image)] == ["Used", "An", "Far", "Graded"]
    assert "farther than 39 of 40 valid images; 95 % of them lie within 0.500" in notes_of(image)[2]


def test_an_image_of_train_is_never_far_from_train():
    fields = {"distance": 0.9, "distance_limit": 0.5, "valid_images": 40, "valid_images_nearer": 39}
    assert notes(**fields, um_per_px=0.5, um_per_px_of_training=0.5).startswith("Far from the training images")
    assert "Far" not in notes(**fields, used_in="train")
