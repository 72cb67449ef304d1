"""Scenes from the store: the grades of `predict`, and the mistakes of `evaluate` on its test subset."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from neurograde.errors import DataError, MissingUpstream, NeurogradeError
from neurograde.imaging.new_images import new_images
from neurograde.imaging.pixels.slide import UNSPECIFIED, Resolution
from neurograde.maths.dihedral import IDENTITY
from neurograde.pages.view.scenes import Attention, Scene, Scenes, Square
from neurograde.reports.grade_notes import notes_of, warnings_of
from neurograde.reports.numbers import percent, plural
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.runtime.upstream import finished_run, made_from
from neurograde.specs.evaluate import EvaluateSpec
from neurograde.specs.patch import SlideSpec
from neurograde.specs.predict import PredictSpec
from neurograde.specs.results.evaluation import EvaluationResult
from neurograde.specs.results.prediction import GradedImage, Heatmap
from neurograde.storage.artefact import Artefact
from neurograde.storage.predictions import read_predictions
from neurograde.storage.raw import Files, RawFolder


def graded_images(job: Job[PredictSpec]) -> Scenes:
    """Return the images of a prediction, those that lie in the folder of the spec with their tissue.

    Raises:
        MissingUpstream: The prediction has no image yet.
    """
    artefacts = read_predictions(job.store, job.spec.name)
    if not artefacts:
        raise job.missing("predictions", job.spec.name)
    evaluation = job.upstream("evaluations", job.spec.evaluation)
    metrics = evaluation.read_result(EvaluationResult, "metrics.json")
    trained_on = _patches_of(job, evaluation).manifest.spec
    try:
        images = new_images(job.spec.images)
        folder: Files | None = images.folder
        paths = set(images.files)
    except NeurogradeError as error:
        log.warning(f"{error}; squares are shown without their images")
        folder, paths = None, set()
    resolution = Resolution.of(job.spec)
    resolution = _cut_at(trained_on) if resolution == UNSPECIFIED else resolution
    scenes = []
    for artefact in artefacts:
        if artefact.input("evaluations").digest != evaluation.manifest.digest:
            log.warning(f"{artefact.url} is left out: another model graded it")
            continue
        rows, heatmaps = _by_image(artefact, "patches.csv"), _by_image(artefact, "heatmaps.csv")
        for row in artefact.read_csv("images.csv"):
            image = GradedImage.from_csv(row)
            scenes.append(
                Scene(
                    name=image.image,
                    answer=_grade(image),
                    sha256=image.sha256 or "",
                    folder=folder if image.image in paths else None,
                    side_px=int(trained_on["patch_size_px"]),
                    cut_at=resolution,
                    squares=tuple(_square(patch, metrics.classes, "calibrated") for patch in rows[image.image]),
                    notes=notes_of(image),
                    attention=tuple(_attention(Heatmap.from_csv(heatmap)) for heatmap in heatmaps[image.image]),
                    artefact=artefact,
                )
            )
    marks = tuple(f"Made from what is marked {mark}." for mark in evaluation.manifest.marks)
    return Scenes(
        f"Grades: {job.spec.name}",
        metrics.classes,
        metrics.positive,
        tuple(scenes),
        ("Not for clinical use.", *marks),
        job.spec.max_image_pixels,
    )


def mistakes(job: Job[EvaluateSpec]) -> Scenes:
    """Return the test images with wrong patches, those first whose worst patch the session was surest of.

    Raises:
        MissingUpstream: The evaluation does not exist.
    """
    evaluation = job.upstream("evaluations", job.spec.name)
    metrics = evaluation.read_result(EvaluationResult, "metrics.json")
    patches = _patches_of(job, evaluation)
    index = {row["patch"]: row for row in patches.read_csv("index.csv")}
    digests = _digests(patches)
    by_image: dict[str, list[Square]] = defaultdict(list)
    for row in evaluation.read_csv("predictions.csv"):
        if row["subset"] == "test" and row["transform"] == IDENTITY:
            where = index[row["patch"]]
            by_image[where["image"]].append(_square(where | row, metrics.classes, "p", row["label"]))
    worst = {image: max((_surety(square) for square in squares), default=0.0) for image, squares in by_image.items()}
    folder, spec = _folder_of(job, patches), patches.manifest.spec
    scenes = tuple(
        Scene(
            name=image,
            answer=_mistakes(by_image[image]),
            sha256=digests.get(image, ""),
            folder=folder,
            side_px=int(spec["patch_size_px"]),
            cut_at=_cut_at(spec),
            squares=tuple(by_image[image]),
        )
        for image in sorted(worst, key=lambda image: (-worst[image], image))
        if worst[image]
    )
    warning = "Looking does not open the test set again; choosing by what is seen would."
    return Scenes(f"Mistakes: {job.spec.name}", metrics.classes, metrics.positive, scenes, (warning,))


def _patches_of(job: Job[Any], evaluation: Artefact) -> Artefact:
    run = finished_run(job, evaluation.input("runs").name)
    return made_from(job, made_from(job, run.artefact(), "datasets"), "patches")


def _cut_at(spec: Mapping[str, Any]) -> Resolution:
    """Return the resolution in a spec by which patches were cut."""
    fields = {name: spec.get(name) for name in SlideSpec.model_fields if name in Resolution.__dataclass_fields__}
    return Resolution(**fields)


def _by_image(artefact: Artefact, table: str) -> dict[str, list[dict[str, str]]]:
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in artefact.read_csv(table) if table in artefact.manifest.files else []:
        rows[row["image"]].append(row)
    return rows


def _square(row: Mapping[str, str], classes: tuple[str, ...], prefix: str, truth: str | None = None) -> Square:
    return Square(
        int(row["row"]),
        int(row["col"]),
        int(row["x_px"]),
        int(row["y_px"]),
        {label: float(row[f"{prefix}_{label}"]) for label in classes},
        float(row["distance"]) if row.get("distance") else None,
        truth,
    )


def _attention(heatmap: Heatmap) -> Attention:
    words = f"row {heatmap.row}, column {heatmap.col}: {heatmap.named} {percent(heatmap.confidence)}"
    x, y, side = heatmap.x_px, heatmap.y_px, heatmap.side_px
    box = None if x is None or y is None or side is None else (x, y, side)
    return Attention(heatmap.row, heatmap.col, words, heatmap.heatmap, box)


def _grade(image: GradedImage) -> str:
    if image.grade is None:
        return f"No grade: {image.reason}"
    return "; ".join((f"{image.grade}, confidence {percent(image.confidence)}", *warnings_of(image)))


def _surety(square: Square) -> float:
    """Return the probability of a wrong class, 0 of a square that is right."""
    return 0.0 if square.named == square.truth else square.probabilities[square.named]


def _mistakes(squares: list[Square]) -> str:
    wrong = [square for square in squares if square.named != square.truth]
    surest = max(wrong, key=_surety, default=None)
    if surest is None:
        return "No mistake"
    sure = percent(_surety(surest))
    return (
        f"{len(wrong)} of {plural(len(squares), 'patch')} wrong: {surest.truth} taken for {surest.named}, up to {sure}"
    )


def _digests(patches: Artefact) -> dict[str, str]:
    rows = patches.read_csv("images.csv") if "images.csv" in patches.manifest.files else []
    return {row["image"]: row["sha256"] for row in rows}


def _folder_of(job: Job[Any], patches: Artefact) -> Files | None:
    """Return the folder that patches were cut from; None where it is gone."""
    source = patches.manifest.spec["source"]
    try:
        if source.get("images"):
            return job.upstream("images", source["images"])
        folder = RawFolder(source["url"])
        folder.list()
    except (DataError, MissingUpstream) as error:
        log.warning(f"{error}; squares are shown without their images")
        return None
    return folder
