"""A new image cut, graded by a network and shown: the tables and pictures that `predict` leaves of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from neurograde.errors import DataError
from neurograde.evaluation.training_set import TrainingSet
from neurograde.imaging.cut import CutImage, CutJob, Patch, cut_opened
from neurograde.imaging.pixels.open_image import Opened
from neurograde.imaging.pixels.overlay import LARGEST_PX, heat_overlay, probability_overlay
from neurograde.imaging.pixels.slide import UNSPECIFIED, RequestError, Resolution, Slide
from neurograde.imaging.pixels.tissue import MIN_CHROMA, TissueRule
from neurograde.maths.grading import Grade, grade
from neurograde.maths.novelty import Reference
from neurograde.maths.patch_grid import Margins
from neurograde.maths.temperature import at_temperature
from neurograde.patches.png import decode_png
from neurograde.runtime.log import log
from neurograde.runtime.machine import usable_cores
from neurograde.specs.predict import PredictSpec
from neurograde.specs.results.prediction import GradedImage, Heatmap
from neurograde.storage.raw import Files

OVERLAY = "overlay.jpg"
T = TypeVar("T")
Pixels = NDArray[np.uint8]
BATCH = 512
"""Patches that are in memory at once: a slide may have any number."""


class Network(Protocol):
    """A network that grades patches; see `neurograde.learning.inference.grader.Grader`."""

    @property
    def threshold(self) -> float:
        """Mean probability from which the positive one of two classes is named."""

    @property
    def temperature(self) -> float:
        """Temperature that calibrates the probabilities."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the order of the probabilities."""

    @property
    def positive(self) -> int:
        """Number of the positive class."""

    def probabilities(self, patches: Sequence[Pixels]) -> NDArray[np.float64]:
        """Return the probabilities, (patch, class)."""


class Grader(Network, Protocol):
    """A network that also shows where it looks and what it makes of a patch before it names a class."""

    def outputs(self, patches: Sequence[Pixels]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Return the probabilities, (patch, class), and the trunk's features, (patch, width)."""

    def heatmaps(self, patches: Sequence[Pixels], named: Sequence[int]) -> list[tuple[Pixels, NDArray[np.float32]]]:
        """Return each patch as the network sees it, and a map of what in it supports the class."""

    def seen_px(self, patch_size_px: int) -> tuple[int, int]:
        """Return the part of a patch that the network sees: its offset from left and top, and its side."""


def looked_at(patches: Iterable[Patch], look: Callable[[list[Pixels]], T]) -> tuple[list[Patch], list[T]]:
    """Return the patches, without their files, and what `look` makes of their pixels; read a batch at a time.

    `look` is called with no patch first, so that there is a result of the right width.
    """
    seen: list[Patch] = []
    results = [look([])]
    rest = iter(patches)
    while batch := list(islice(rest, BATCH)):
        results.append(look([decode_png(patch.png) for patch in batch]))
        seen += (replace(patch, png=b"") for patch in batch)
    return seen, results


def probabilities_of(patches: Iterable[Patch], network: Network) -> tuple[list[Patch], NDArray[np.float64]]:
    """Return the patches, without their files, and their probabilities, (patch, class); read a batch at a time."""
    seen, probabilities = looked_at(patches, network.probabilities)
    return seen, np.concatenate(probabilities)


@dataclass
class Graded:
    """An image that was graded, or cannot be read."""

    image: GradedImage
    """The row of images.csv."""
    patch_columns: tuple[str, ...]
    """Header of patches.csv."""
    patches: list[tuple[object, ...]] = field(default_factory=list)
    """Rows of patches.csv."""
    heatmaps: list[Heatmap] = field(default_factory=list)
    """Rows of heatmaps.csv."""
    pictures: dict[str, bytes] = field(default_factory=dict)
    """Every picture, by its path in the artefact."""
    error: str | None = None
    """Why it cannot be read."""


@dataclass(frozen=True)
class Grading:
    """The grading of images by one model."""

    spec: PredictSpec
    grader: Grader
    trained_on: Mapping[str, Any]
    """The spec by which the patches of training were cut."""
    training: TrainingSet
    """The set that the model learnt from."""
    reference: Reference
    """Features of that set, and distances that are usual."""

    def grade(self, path: str, folder: Files, size_bytes: int, sha256: str) -> Graded:
        """Cut and grade an image. One that cannot be read gets the reason in place of a grade."""
        try:
            return self._graded(path, replace(self._job(path, folder), size_bytes=size_bytes))
        except RequestError:
            raise
        except DataError as error:
            log.warning(str(error))
            reason = f"cannot be read: {str(error).removeprefix(f'{path}: ')}"
            row = GradedImage(image=path, reason=reason, sha256=sha256)
            return Graded(row, self.patch_columns(), error=str(error))

    def patch_columns(self) -> tuple[str, ...]:
        """Return the header of patches.csv."""
        classes = self.grader.classes
        where = ("image", "row", "col", "x_px", "y_px", "tissue_share")
        calibrated = (f"calibrated_{label}" for label in classes)
        return (*where, *(f"p_{label}" for label in classes), *calibrated, "distance")

    def _graded(self, path: str, job: CutJob) -> Graded:
        image = job.open()
        cut = cut_opened(image, job)
        patches, batches = looked_at(cut.patches, self._look)
        probabilities, distances = (np.concatenate(parts) for parts in zip(*batches, strict=True))
        sure = at_temperature(probabilities, self.grader.temperature)
        row = self._row(path, image, cut, patches, probabilities, distances)
        graded = Graded(row, self.patch_columns(), pictures={OVERLAY: self._overlay(image, cut, patches, sure)})
        self._add_heatmaps(graded, image, patches, sure)
        numbers = zip(probabilities.tolist(), sure.tolist(), distances.tolist(), strict=True)
        for patch, (raw, calibrated, distance) in zip(patches, numbers, strict=True):
            where = (patch.row, patch.col, patch.x, patch.y, round(patch.tissue_share, 4))
            graded.patches.append((path, *where, *raw, *calibrated, round(distance, 6)))
        return graded

    def _look(self, patches: Sequence[Pixels]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the probabilities of patches, (patch, class), and their distances from train, (patch,)."""
        probabilities, features = self.grader.outputs(patches)
        return probabilities, self.reference.distances(features) if len(features) else np.empty(0)

    def _row(  # noqa: PLR0917 - the image, then what was made of it
        self,
        path: str,
        image: Opened,
        cut: CutImage,
        patches: Sequence[Patch],
        probabilities: NDArray[np.float64],
        distances: NDArray[np.float64],
    ) -> GradedImage:
        graded = self._grade(probabilities)
        distance = float(distances.mean()) if len(distances) else None
        return GradedImage(
            image=path,
            grade=graded.label,
            reason=graded.reason,
            likeliest=graded.likeliest,
            confidence=_rounded(graded.confidence),
            patches=len(patches),
            cells=cut.grid.n_cells,
            width_px=cut.grid.width,
            height_px=cut.grid.height,
            sha256=cut.sha256,
            overlay=OVERLAY,
            used_in="+".join(self.training.used_in(cut.sha256, (patch.pixel_sha256 for patch in patches))),
            um_per_px=_rounded(image.um_per_px) if isinstance(image, Slide) else None,
            um_per_px_of_training=_rounded(self.training.um_per_px),
            distance=_rounded(distance),
            distance_limit=_rounded(self.reference.limit),
            valid_images_nearer=None if distance is None else self.reference.nearer(distance),
            valid_images=len(self.reference.usual),
        )

    def _job(self, path: str, folder: Files) -> CutJob:
        share = self.spec.min_tissue_share
        return CutJob(
            name=path,
            read=partial(folder.read, path),
            patch_size_px=self.trained_on["patch_size_px"],
            min_tissue_share=self.trained_on["min_tissue_share"] if share is None else share,
            max_pixels=self.spec.max_image_pixels,
            margins=Margins(**self.spec.margins_px.model_dump()),
            rejected=frozenset(),
            local=partial(folder.local, path),
            resolution=self._resolution(),
            tissue=TissueRule(self.trained_on.get("min_chroma", MIN_CHROMA), self.trained_on.get("glass") != "grey"),
            workers=self.spec.workers or usable_cores(),
        )

    def _resolution(self) -> Resolution:
        """Return the resolution of the spec, or that at which the patches of training were cut."""
        resolution = Resolution.of(self.spec)
        if resolution != UNSPECIFIED:
            return resolution
        return Resolution(
            *(self.trained_on.get(name) for name in ("level", "um_per_px", "assumed_um_per_px", "finest_um_per_px"))
        )

    def _grade(self, probabilities: NDArray[np.float64]) -> Grade:
        grader = self.grader
        return grade(
            probabilities,
            grader.classes,
            grader.positive,
            grader.threshold,
            grader.temperature,
            min_patches=self.spec.min_patches,
            min_confidence=self.spec.min_confidence,
        )

    def _overlay(self, image: Opened, cut: CutImage, patches: Sequence[Patch], sure: NDArray[np.float64]) -> bytes:
        scale = min(1.0, LARGEST_PX / max(image.width, image.height))
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        pixels = image.region(0, 0, image.width, image.height, size)
        squares = {
            (patch.row, patch.col): float(row[self.grader.positive]) for patch, row in zip(patches, sure, strict=True)
        }
        return probability_overlay(pixels, cut.grid, squares)

    def _add_heatmaps(self, graded: Graded, image: Opened, patches: Sequence[Patch], sure: NDArray[np.float64]) -> None:
        """Add Grad-CAM of the patches that the network is most and least certain of."""
        by_certainty = np.argsort(-sure.max(axis=1), kind="stable").tolist() if len(sure) else []
        most = self.spec.heatmaps
        chosen = [*by_certainty[:most], *by_certainty[max(most, len(by_certainty) - most) :]]
        named = [int(sure[index].argmax()) for index in chosen]
        side = self.trained_on["patch_size_px"]
        offset, seen = self.grader.seen_px(side)
        pixels = [image.region(patches[index].x, patches[index].y, side, side) for index in chosen]
        for index, number, (view, heat) in zip(chosen, named, self.grader.heatmaps(pixels, named), strict=True):
            patch = patches[index]
            picture = f"heatmaps/r{patch.row:02d}_c{patch.col:02d}.jpg"
            graded.pictures[picture] = heat_overlay(view, heat)
            graded.heatmaps.append(
                Heatmap(
                    image=graded.image.image,
                    row=patch.row,
                    col=patch.col,
                    named=self.grader.classes[number],
                    confidence=round(float(sure[index, number]), 6),
                    heatmap=picture,
                    x_px=patch.x + offset,
                    y_px=patch.y + offset,
                    side_px=seen,
                )
            )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
