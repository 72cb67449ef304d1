"""Real pictures for a report's figures: images before their pre-crop, and a patch, made small.

A picture is shown only if it is still the one that was cut, to the digest, and never of a pseudonymised set: what a
pre-crop takes off may be a label with a name on it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from neurograde.errors import NeurogradeError
from neurograde.imaging.image_sets import find_images
from neurograde.imaging.pixels.reader import read_rgb
from neurograde.maths.digest import sha256_hex
from neurograde.maths.patch_grid import Grid, Margins
from neurograde.patches.illustration import CroppedImage, Illustrations
from neurograde.runtime.log import log
from neurograde.specs.patch import PatchSpec
from neurograde.storage.artefact import Artefact
from neurograde.storage.raw import Files

IMAGES = 2
IMAGE_SIDE_PX, PATCH_SIDE_PX = 240, 56  # of what a page shows
MOST_PIXELS = 40_000_000  # a larger image is passed over: a figure is not worth minutes


def illustrations(patches: Artefact, images: Artefact | None) -> Illustrations:
    """Return pictures of patches and of the images that they were cut from, as far as they may be shown.

    Args:
        patches: The set.
        images: The synthesised images, where it was cut from such.
    """
    spec = PatchSpec.parse(patches.manifest.spec)
    cropped = () if spec.pseudonymise else _cropped(spec, patches, images)
    return Illustrations(cropped, _patch(patches))


def _cropped(spec: PatchSpec, patches: Artefact, images: Artefact | None) -> tuple[CroppedImage, ...]:
    """Return the images that lose the largest shares to their pre-crop."""
    rows = [row for row in patches.read_csv("images.csv") if int(row["precrop_px"])]
    rows = [row for row in rows if int(row["width_px"]) * int(row["height_px"]) <= MOST_PIXELS]
    if "slides.csv" in patches.manifest.files:  # what a pre-crop took off a slide is more than a page should read
        slides = {row["image"] for row in patches.read_csv("slides.csv")}
        rows = [row for row in rows if row["image"] not in slides]
    if not rows:
        return ()
    try:
        labelled, _, folder = find_images(spec, images)
    except NeurogradeError as error:
        log.info(f"no picture of a pre-crop: {error}")
        return ()
    margins = {image.path: image.margins for image in labelled.images}
    pictures: list[CroppedImage] = []
    for row in sorted(rows, key=lambda row: -int(row["precrop_px"]) / (int(row["width_px"]) * int(row["height_px"]))):
        if len(pictures) < IMAGES and row["image"] in margins:
            image = _image(row, margins[row["image"]], spec, folder)
            pictures += [image] if image is not None else []
    return tuple(pictures)


def _image(row: Mapping[str, str], margins: Margins, spec: PatchSpec, folder: Files) -> CroppedImage | None:
    """Return the image of a row of images.csv, or None unless file and pre-crop are those that the row records."""
    width, height = int(row["width_px"]), int(row["height_px"])
    if Grid(width, height, margins, spec.patch_size_px).precrop_px != int(row["precrop_px"]):
        return None  # a review chose other margins
    try:
        data = folder.read(row["image"])
        if sha256_hex(data) != row["sha256"]:
            log.info(f"no picture of {row['image']}: it has changed since it was cut")
            return None
        pixels = read_rgb(data, row["image"], MOST_PIXELS)
    except (NeurogradeError, OSError) as error:
        log.info(f"no picture of {row['image']}: {error}")
        return None
    return CroppedImage(row["image"], _small(pixels, IMAGE_SIDE_PX), width, height, margins, spec.patch_size_px)


def _patch(patches: Artefact) -> NDArray[np.uint8] | None:
    """Return the patch with most tissue, the first of equals."""
    rows = patches.read_csv("index.csv")
    if not rows:
        return None
    first = max(rows, key=lambda row: float(row["tissue_share"]))
    return _small(read_rgb(patches.read(first["patch"]), first["patch"], MOST_PIXELS), PATCH_SIDE_PX)


def _small(pixels: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    image = Image.fromarray(pixels)
    image.thumbnail((side_px, side_px))
    return np.asarray(image)
