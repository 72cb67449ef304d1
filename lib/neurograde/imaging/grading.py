"""New images cut, graded by a network and shown: the tables and pictures that `predict` leaves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import PurePosixPath
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neurograde.errors import DataError
from neurograde.imaging.cut import CutImage, CutJob, Patch, cut_opened
from neurograde.imaging.pixels.open_image import Opened
from neurograde.imaging.pixels.overlay import LARGEST_PX, heat_overlay, probability_overlay
from neurograde.imaging.pixels.slide import UNSPECIFIED, RequestError, Resolution
from neurograde.imaging.pixels.tissue import MIN_CHROMA, TissueRule
from neurograde.maths.grading import Grade, grade
from neurograde.maths.patch_grid import Margins
from neurograde.maths.temperature import at_temperature
from neurograde.patches.png import decode_png
from neurograde.runtime.log import log
from neurograde.runtime.machine import usable_cores
from neurograde.specs.predict import PredictSpec
from neurograde.storage.raw import Files

IMAGE_COLUMNS = (
    "image",
    "grade",
    "reason",
    "likeliest",
    "confidence",
    "patches",
    "cells",
    "width_px",
    "height_px",
    "sha256",
    "overlay",
)
HEATMAP_COLUMNS = ("image", "row", "col", "named", "confidence", "heatmap")
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

    def heatmaps(self, patches: Sequence[Pixels], named: Sequence[int]) -> list[tuple[Pixels, NDArray[np.float32]]]:
        """Return each patch as the network sees it, and a map of what in it supports the class."""


def probabilities_of(patches: Iterable[Patch], network: Network) -> tuple[list[Patch], NDArray[np.float64]]:
    """Return the patches, without their files, and their probabilities, (patch, class); read a batch at a time."""
    seen: list[Patch] = []
    probabilities = [network.probabilities([])]
    rest = iter(patches)
    while batch := list(islice(rest, BATCH)):
        probabilities.append(network.probabilities([decode_png(patch.png) for patch in batch]))
        seen += (replace(patch, png=b"") for patch in batch)
    return seen, np.concatenate(probabilities)


@dataclass
class Predicting:
    """The images so far: fed one after the other, asked for its tables."""

    spec: PredictSpec
    network: Network
    trained_on: dict[str, Any]
    """The spec by which the patches of training were cut."""
    digests: dict[str, str] = field(default_factory=dict)
    """Digest of each image, by its path."""
    bad: dict[str, str] = field(default_factory=dict)
    """Images that cannot be read, by their path, with the error's message."""
    files: dict[str, bytes] = field(default_factory=dict)
    """Every picture, by its path in the artefact."""
    images: list[tuple[object, ...]] = field(default_factory=list)
    """Rows of images.csv."""
    patches: list[tuple[object, ...]] = field(default_factory=list)
    """Rows of patches.csv."""
    heatmaps: list[tuple[object, ...]] = field(default_factory=list)
    """Rows of heatmaps.csv."""

    def add(self, path: str, folder: Files, size_bytes: int | None = None) -> Iterator[tuple[str, bytes]]:
        """Cut and grade an image; yields its pictures. One that cannot be read gets the reason in place of a grade."""
        try:
            yield from self._add(path, replace(self._job(path, folder), size_bytes=size_bytes))
        except RequestError:
            raise
        except DataError as error:
            log.warning(str(error))
            self.bad[path] = str(error)
            reason = f"cannot be read: {str(error).removeprefix(f'{path}: ')}"
            self.images.append((path, None, reason, None, None, 0, 0, None, None, None, None))

    def check_that_one_is_read(self) -> None:
        """Raise DataError if not one image could be read."""
        if len(self.bad) == len(self.images) > 0:
            others = f"; and {len(self.bad) - 1:,} others" if len(self.bad) > 1 else ""
            raise DataError(next(iter(self.bad.values())) + others)

    def _add(self, path: str, job: CutJob) -> Iterator[tuple[str, bytes]]:
        image = job.open()
        cut = cut_opened(image, job)
        patches, probabilities = probabilities_of(cut.patches, self.network)
        graded = self._grade(probabilities)
        sure = at_temperature(probabilities, self.network.temperature)
        stem = f"{len(self.images):03d}-{PurePosixPath(path).stem}"
        pictures = {f"overlays/{stem}.jpg": self._overlay(image, cut, patches, sure)}
        pictures |= self._heat(path, stem, image, patches, sure)
        self.files |= pictures
        self.digests[path] = cut.sha256
        confidence = None if graded.confidence is None else round(graded.confidence, 6)
        size = (len(patches), cut.grid.n_cells, cut.grid.width, cut.grid.height)
        named = (graded.label, graded.reason, graded.likeliest, confidence)
        self.images.append((path, *named, *size, cut.sha256, f"overlays/{stem}.jpg"))
        for patch, raw, calibrated in zip(patches, probabilities.tolist(), sure.tolist(), strict=True):
            where = (patch.row, patch.col, patch.x, patch.y, round(patch.tissue_share, 4))
            self.patches.append((path, *where, *raw, *calibrated))
        yield from pictures.items()

    def patch_columns(self) -> tuple[str, ...]:
        """Return the header of patches.csv."""
        classes = self.network.classes
        where = ("image", "row", "col", "x_px", "y_px", "tissue_share")
        return (*where, *(f"p_{label}" for label in classes), *(f"calibrated_{label}" for label in classes))

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
        network = self.network
        return grade(
            probabilities,
            network.classes,
            network.positive,
            network.threshold,
            network.temperature,
            min_patches=self.spec.min_patches,
            min_confidence=self.spec.min_confidence,
        )

    def _overlay(self, image: Opened, cut: CutImage, patches: Sequence[Patch], sure: NDArray[np.float64]) -> bytes:
        scale = min(1.0, LARGEST_PX / max(image.width, image.height))
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        pixels = image.region(0, 0, image.width, image.height, size)
        cells = {
            (patch.row, patch.col): float(row[self.network.positive]) for patch, row in zip(patches, sure, strict=True)
        }
        return probability_overlay(pixels, cut.grid, cells)

    def _heat(
        self, path: str, stem: str, image: Opened, patches: Sequence[Patch], sure: NDArray[np.float64]
    ) -> dict[str, bytes]:
        """Grad-CAM of the patches that the network is most and least certain of."""
        by_certainty = np.argsort(-sure.max(axis=1), kind="stable").tolist() if len(sure) else []
        most = self.spec.heatmaps
        chosen = [*by_certainty[:most], *by_certainty[max(most, len(by_certainty) - most) :]]
        named = [int(sure[index].argmax()) for index in chosen]
        side = self.trained_on["patch_size_px"]
        pixels = [image.region(patches[index].x, patches[index].y, side, side) for index in chosen]
        pictures = {}
        for index, number, (view, heat) in zip(chosen, named, self.network.heatmaps(pixels, named), strict=True):
            patch = patches[index]
            name = f"heatmaps/{stem}_r{patch.row:02d}_c{patch.col:02d}.jpg"
            pictures[name] = heat_overlay(view, heat)
            confidence = round(float(sure[index, number]), 6)
            self.heatmaps.append((path, patch.row, patch.col, self.network.classes[number], confidence, name))
        return pictures
