"""Patches as methods see them: their pixels, and windows of the images that they were cut from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from neurograde.baselines.method import Patch, Pixels
from neurograde.errors import SpecError
from neurograde.imaging.pixels.open_image import ImageFile, Opened
from neurograde.imaging.pixels.slide import Resolution
from neurograde.patches.png import decode_png
from neurograde.specs.patch import PatchSpec
from neurograde.storage.artefact import Artefact
from neurograde.storage.raw import Files, RawFolder


class Images:
    """The source images, one at a time open; patches come in the order of their images."""

    def __init__(self, spec: PatchSpec, synthesised: Artefact | None) -> None:
        """Find the images that the patches of `spec` were cut from; `synthesised` where they are in the store."""
        self.spec = spec
        self._folder: Files | None = synthesised
        self._last: tuple[str, Opened] | None = None

    def window(self, row: Mapping[str, str], side_px: int) -> Pixels:
        """Return the square of `side_px` around an index row's patch, moved inward at borders, cut in smaller images.

        Raises:
            SpecError: the images' names are pseudonyms, so that the images cannot be found.
        """
        if self.spec.pseudonymise:
            raise SpecError("method: it reads windows of the source images, whose names are pseudonyms here")
        if self._last is None or self._last[0] != row["image"]:
            if self._folder is None:
                self._folder = RawFolder(str(self.spec.source.url))
            file = ImageFile.of(self._folder, row["image"])
            self._last = (row["image"], file.open(self.spec.max_image_pixels, Resolution.of(self.spec)))
        image = self._last[1]
        half = self.spec.patch_size_px // 2
        starts = []
        for length, key in ((image.height, "y_px"), (image.width, "x_px")):
            wanted = int(row[key]) + half - side_px // 2
            starts.append(int(np.clip(wanted, 0, max(0, length - side_px))))
        top, left = starts
        width, height = min(side_px, image.width - left), min(side_px, image.height - top)
        return image.region(left, top, width, height)


def patches_in_order(artefact: Artefact, names: Sequence[str], synthesised: Artefact | None) -> Iterator[Patch]:
    """Yield the patches of these names, read and checked once, in the order of the index."""
    wanted = set(names)
    rows: list[dict[str, Any]] = [row for row in artefact.read_csv("index.csv") if row["patch"] in wanted]
    images = Images(PatchSpec.parse(artefact.manifest.spec), synthesised)
    for row, data in zip(rows, artefact.read_many([row["patch"] for row in rows]), strict=True):
        yield Patch(row["patch"], decode_png(data, row["patch"]), partial(images.window, row))
