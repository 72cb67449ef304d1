"""New images cut, graded by a network and shown: the tables and pictures that `predict` leaves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neurograde.imaging.cut import CutImage, CutJob, Patch, cut
from neurograde.imaging.overlay import heat_overlay, probability_overlay
from neurograde.imaging.png import decode_png
from neurograde.imaging.reader import read_rgb
from neurograde.maths.grading import Grade, grade
from neurograde.maths.patch_grid import Margins
from neurograde.maths.temperature import at_temperature
from neurograde.specs.predict import PredictSpec

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


class Network(Protocol):
    """What grades patches; see `neurograde.learning.grading.Grader`."""

    @property
    def threshold(self) -> float:
        """Mean probability from which two classes' positive one is named."""

    @property
    def temperature(self) -> float:
        """Makes it as sure as it is right."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the order of the probabilities."""

    @property
    def positive(self) -> int:
        """Number of the positive class."""

    def probabilities(self, patches: Sequence[Pixels]) -> NDArray[np.float64]:
        """Shape (patch, class)."""

    def heatmaps(self, patches: Sequence[Pixels], named: Sequence[int]) -> list[tuple[Pixels, NDArray[np.float32]]]:
        """What the network saw of each patch, and what in it speaks for its class."""


@dataclass
class Predicting:
    """The images so far: fed one after the other, asked for its tables."""

    spec: PredictSpec
    network: Network
    trained_on: dict[str, Any]
    """The spec by which the patches of training were cut."""
    digests: dict[str, str] = field(default_factory=dict)
    """Digest of each image, by its path."""
    files: dict[str, bytes] = field(default_factory=dict)
    """Every picture, by its path in the artefact."""
    images: list[tuple[object, ...]] = field(default_factory=list)
    """Rows of images.csv."""
    patches: list[tuple[object, ...]] = field(default_factory=list)
    """Rows of patches.csv."""
    heatmaps: list[tuple[object, ...]] = field(default_factory=list)
    """Rows of heatmaps.csv."""

    def add(self, path: str, data: bytes) -> Iterator[tuple[str, bytes]]:
        """Cut and grade an image; yields its pictures.

        Raises:
            DataError: it cannot be read; names it and says why.
        """
        found = cut(self._job(path, data))
        pixels = [decode_png(each.png) for each in found.patches]
        probabilities = self.network.probabilities(pixels)
        graded = self._grade(probabilities)
        sure = at_temperature(probabilities, self.network.temperature)
        stem = f"{len(self.images):03d}-{PurePosixPath(path).stem}"
        pictures = {f"overlays/{stem}.jpg": self._overlay(path, data, found, sure)}
        pictures |= self._heat(path, stem, found.patches, pixels, sure)
        self.files |= pictures
        self.digests[path] = found.sha256
        confidence = None if graded.confidence is None else round(graded.confidence, 6)
        size = (len(found.patches), found.grid.n_cells, found.grid.width, found.grid.height)
        named = (graded.label, graded.reason, graded.likeliest, confidence)
        self.images.append((path, *named, *size, found.sha256, f"overlays/{stem}.jpg"))
        for patch, raw, calibrated in zip(found.patches, probabilities.tolist(), sure.tolist(), strict=True):
            where = (patch.row, patch.col, patch.x, patch.y, round(patch.tissue_share, 4))
            self.patches.append((path, *where, *raw, *calibrated))
        yield from pictures.items()

    def patch_columns(self) -> tuple[str, ...]:
        """The header of patches.csv."""
        classes = self.network.classes
        where = ("image", "row", "col", "x_px", "y_px", "tissue_share")
        return (*where, *(f"p_{each}" for each in classes), *(f"calibrated_{each}" for each in classes))

    def _job(self, path: str, data: bytes) -> CutJob:
        asked = self.spec.min_tissue_share
        return CutJob(
            name=path,
            read=lambda: data,
            patch_size_px=self.trained_on["patch_size_px"],
            min_tissue_share=self.trained_on["min_tissue_share"] if asked is None else asked,
            max_pixels=self.spec.max_image_pixels,
            margins=Margins(**self.spec.margins_px.model_dump()),
            rejected=frozenset(),
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

    def _overlay(self, path: str, data: bytes, found: CutImage, sure: NDArray[np.float64]) -> bytes:
        pixels = read_rgb(data, path, self.spec.max_image_pixels)
        cells = {
            (patch.row, patch.col): float(row[self.network.positive])
            for patch, row in zip(found.patches, sure, strict=True)
        }
        return probability_overlay(pixels, found.grid, cells)

    def _heat(
        self, path: str, stem: str, patches: Sequence[Patch], pixels: Sequence[Pixels], sure: NDArray[np.float64]
    ) -> dict[str, bytes]:
        """Grad-CAM of the patches that the network is most and least certain of."""
        by_certainty = np.argsort(-sure.max(axis=1), kind="stable").tolist() if len(sure) else []
        most = self.spec.heatmaps
        chosen = [*by_certainty[:most], *by_certainty[max(most, len(by_certainty) - most) :]]
        named = [int(sure[each].argmax()) for each in chosen]
        found = {}
        for place, number, (view, heat) in zip(
            chosen, named, self.network.heatmaps([pixels[each] for each in chosen], named), strict=True
        ):
            patch = patches[place]
            name = f"heatmaps/{stem}_r{patch.row:02d}_c{patch.col:02d}.jpg"
            found[name] = heat_overlay(view, heat)
            confidence = round(float(sure[place, number]), 6)
            self.heatmaps.append((path, patch.row, patch.col, self.network.classes[number], confidence, name))
        return found
