"""The page of new images: each one's grade, how sure it is, and where in the image it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from neurograde.reports.blocks import (
    Banner,
    Block,
    Notes,
    Picture,
    Pictures,
    Section,
    Statistic,
    Statistics,
)
from neurograde.reports.chain import file_name
from neurograde.reports.document import Page
from neurograde.reports.grade_notes import notes_of, warnings_of
from neurograde.reports.headline import with_interval
from neurograde.reports.numbers import count, decimal, percent, plural
from neurograde.reports.tables import Column, table
from neurograde.specs.results.evaluation import EvaluationResult
from neurograde.specs.results.prediction import GradedImage, Heatmap

SHIMADA = {"U": "undifferentiated", "PD": "poorly differentiated", "D": "differentiating"}
"""Grades of neuroblastic differentiation in the Shimada system (§1.1.1), as the study labels its images."""
NOT_CLINICAL = Banner(
    "Not for clinical use",
    "A research classifier's opinion, from the texture of single patches. It has been tested only as shown below.",
)
NOT_THE_HISTOLOGY = Banner(
    "A grade of differentiation",
    "It is one part of the Shimada system. Favourable or unfavourable histology (FH, UH) also follows from age, "
    "mitosis-karyorrhexis index and nodularity, none of which this knows.",
)
OF_A_MARKED_MODEL = {
    "synthetic": (
        "A model of synthetic images",
        "It learnt from images that a program drew. Its grades show that the chain works, and nothing about tumours.",
    ),
    "leaking-test": (
        "A model with a leaking test",
        "Families or pixels of its test subset were in train or valid as well. Its test results are too good.",
    ),
    "leaking": (
        "A model that leaks",
        "Families were in train and in valid at once. It was chosen, and its confidence calibrated, on what it knew.",
    ),
}
BESIDE = "Beside this page lie images.csv, patches.csv and heatmaps.csv, and the pictures: overlay.jpg, heatmaps/."


def prediction_page(  # noqa: PLR0917 - what there is to show, in the order in which it is read
    title: str,
    metrics: EvaluationResult,
    temperature: float,
    images: Sequence[GradedImage],
    heatmaps: Sequence[Heatmap],
    files: Mapping[str, bytes],
    marks: Sequence[str] = (),
) -> Page:
    """Return the page.

    Args:
        title: Headline.
        metrics: metrics.json of the evaluation whose session graded the images.
        temperature: The temperature that was fitted on its valid patches.
        images: Rows of images.csv.
        heatmaps: Rows of heatmaps.csv.
        files: The pictures that the rows name.
        marks: Marks of the evaluation, which everything made from it must show.
    """
    sections = [_answer(metrics, temperature, images)]
    sections += [
        _image(image, [heatmap for heatmap in heatmaps if heatmap.image == image.image], files, metrics, number)
        for number, image in enumerate(images)
    ]
    return Page(title, banners(metrics.classes, marks), tuple(sections), BESIDE)


def banners(classes: Sequence[str], marks: Sequence[str]) -> tuple[Banner, ...]:
    """Return the warnings above every grade: its limits, and the marks of its model."""
    unknown = "The model was made from what is marked so."
    marked = [OF_A_MARKED_MODEL.get(mark, (mark.capitalize(), unknown)) for mark in sorted(marks)]
    of_shimada = set(classes) <= set(SHIMADA)
    return (NOT_CLINICAL, *((NOT_THE_HISTOLOGY,) if of_shimada else ()), *(Banner(*banner) for banner in marked))


def named(label: str) -> str:
    """Return a class with its long name, where that is known.

    >>> named("PD"), named("Viable")
    ('PD, poorly differentiated', 'Viable')
    """
    return f"{label}, {SHIMADA[label]}" if label in SHIMADA else label


def _answer(metrics: EvaluationResult, temperature: float, images: Sequence[GradedImage]) -> Section:
    graded = [image for image in images if image.grade]
    columns = [
        Column("image", "image", kind="text"),
        Column("grade", "grade", lambda value: named(value) if value else "no grade", kind="text"),
        Column("confidence", "confidence", percent),
        Column("patches", "patches", count),
        Column("reason", "why no grade", kind="text"),
        Column("warnings", "to be known", kind="text"),
    ]
    rows = [
        (image.image, image.grade, image.confidence, image.patches, image.reason, "; ".join(warnings_of(image)))
        for image in images
    ]
    test = metrics.subsets["test"].images
    lead = (
        f"{len(graded)} of {plural(len(images), 'image')} graded by {metrics.chosen.session}, whose test set gave "
        f"accuracy {with_interval('accuracy', test.metric('accuracy'))} per image, on {plural(test.n, 'image')} of "
        f"{plural(test.families, 'family')}."
    )
    note = (
        "Confidence is the mean probability over an image's patches, calibrated on the valid subset by a temperature "
        f"of {decimal(temperature, 2)}. Images are standardised as train is: one image has no statistics of its own. "
        "Distance from the training images is measured between the features that the network makes of patches."
    )
    blocks: tuple[Block, ...] = (table("images", note, columns, rows),)
    return Section("answer", "The grades", lead, blocks)


def _image(
    image: GradedImage,
    heatmaps: Sequence[Heatmap],
    files: Mapping[str, bytes],
    metrics: EvaluationResult,
    number: int,
) -> Section:
    if image.grade:
        lead = f"{named(image.grade)}, at a confidence of {percent(image.confidence)}."
    else:
        lead = f"No grade: {image.reason}."
    if warnings := warnings_of(image):
        lead += f" To be known: {'; '.join(warnings)}."
    blocks: list[Block] = [
        Statistics(
            (
                Statistic(
                    "Grade, not for clinical use",
                    image.grade or "none",
                    SHIMADA.get(image.grade or "", image.reason.partition(":")[0]),
                ),
                Statistic(
                    "Confidence",
                    percent(image.confidence),
                    f"for {image.likeliest}" if image.likeliest else "no patch",
                ),
                Statistic("Patches of tissue", count(image.patches), f"of {count(image.cells)} squares"),
            )
        ),
    ]
    if notes := notes_of(image):
        blocks.append(Notes(notes))
    if image.overlay:
        alt = f"{image.image} with its patches tinted by the probability of {metrics.positive}"
        blocks.append(Pictures((Picture(files[image.overlay], alt),), _key(image, metrics)))
    if heatmaps:
        pictures = tuple(
            Picture(
                files[heatmap.heatmap],
                f"Grad-CAM of row {heatmap.row}, column {heatmap.col} for {heatmap.named}",
                f"row {heatmap.row}, column {heatmap.col}: {heatmap.named} {percent(heatmap.confidence)}",
            )
            for heatmap in heatmaps
        )
        note = (
            "Grad-CAM of the surest and the least sure patches: lit is what speaks for the class named. Where, not "
            "why. Rows and columns count from 0, as in patches.csv."
        )
        blocks.append(Pictures(pictures, note))
    return Section(f"image-{number}-{file_name(image.image)}", image.image, lead, tuple(blocks))


def _key(image: GradedImage, metrics: EvaluationResult) -> str:
    if not image.patches:
        return "No square has enough tissue."
    other = next(label for label in metrics.classes if label != metrics.positive)
    blue = named(other) if len(metrics.classes) == 2 else "another class"
    return (
        f"Orange speaks for {named(metrics.positive)}, blue for {blue}; the stronger the tint, the surer. In figures, "
        f"the calibrated probability of {metrics.positive} in percent. Squares without any are background."
    )
