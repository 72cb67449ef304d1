"""Notes on a grade that a reader must know: the image's part in training, its distance from it, its scale."""

from __future__ import annotations

from neurograde.reports.numbers import decimal, plural
from neurograde.specs.results.prediction import GradedImage

USES = {
    "train": (
        "Used in training: the model learnt from this very image, or from patches of the same pixels. Its grade says "
        "nothing about new images."
    ),
    "valid": (
        "Used in validation: the model was chosen and calibrated on this very image, or on patches of the same pixels. "
        "Its grade says little about new images."
    ),
    "test": (
        "An image of the test set: its grade is part of the accuracy that is stated here, and the look at it is in the "
        "ledger."
    ),
}
FEW_IMAGES = 20
"""With fewer valid images the largest distance among them is the limit."""


def notes_of(image: GradedImage) -> tuple[str, ...]:
    """Return the notes on a grade, a sentence or two each, the gravest first."""
    uses = [USES[subset] for subset in image.used_in.split("+") if subset]
    return (*uses, *_on_distance(image), *_on_scale(image))


def warnings_of(image: GradedImage) -> tuple[str, ...]:
    """Return in a few words each what speaks against a grade."""
    warnings = [f"used in {subset}" for subset in image.used_in.split("+") if subset]
    warnings += ["far from the training images"] if image.is_far else []
    return (*warnings, *(["another µm/px than training"] if image.is_of_another_scale else []))


def _on_distance(image: GradedImage) -> tuple[str, ...]:
    if image.distance is None or image.distance_limit is None or "train" in image.used_in.split("+"):
        return ()
    valid = plural(image.valid_images or 0, "valid image")
    limit = decimal(image.distance_limit, 3)
    whose = "the farthest of them" if (image.valid_images or 0) < FEW_IMAGES else "95 % of them lie within"
    measured = f"{decimal(image.distance, 3)}, farther than {image.valid_images_nearer} of {valid}; {whose} {limit}"
    if image.is_far:
        return (f"Far from the training images ({measured}): the stated accuracy may not hold for it.",)
    return (f"Its distance from the training images is usual ({measured}).",)


def _on_scale(image: GradedImage) -> tuple[str, ...]:
    ours, theirs = image.um_per_px, image.um_per_px_of_training
    if image.is_of_another_scale:
        return (
            f"Graded at {decimal(ours, 3)} µm/px, trained at {decimal(theirs, 3)}: its patches show tissue at another "
            "scale than the model knows.",
        )
    if ours is not None and theirs is not None:
        return ()
    if image.width_px is None:
        return ()
    whose = (
        "neither this image nor those of training record"
        if ours is None and theirs is None
        else ("this image does not record" if ours is None else "the images of training do not record")
    )
    return (f"Its scale is not checked, for {whose} µm/px: the model knows tissue at the scale of training only.",)
