"""Figure 2.1: images before and after their pre-crop."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from neurograde.patches.illustration import CroppedImage
from neurograde.reports.blocks import Figure
from neurograde.reports.figures.style import BEST, MUTED, PAPER, bare, canvas, render, short
from neurograde.reports.numbers import count, percent

VEIL = (1, 1, 1, 0.5)  # over a photograph, the same on any page


def precrop(slug: str, images: Sequence[CroppedImage]) -> Figure:
    """Draw a row per image: left the whole image, its margins hatched; right the rest under its grid."""
    ratio = sum(image.height_px / image.width_px for image in images)
    with canvas(height_px=round(30 + 40 * len(images) + 165 * ratio)) as drawing:
        for (left, right), image in zip(drawing.subplots(len(images), 2, squeeze=False), images, strict=True):
            _before(bare(left), image)
            _after(bare(right), image)
        words = "; ".join(
            f"{image.name}, {count(image.width_px)} x {count(image.height_px)} px, loses {percent(image.lost_share)}"
            for image in images
        )
        return render(drawing, slug, f"Images before and after their pre-crop: {words}.")


def _before(axes: Axes, image: CroppedImage) -> None:
    _picture(axes, image)
    left, top, right, bottom = image.inner
    for corner, width, height in (
        ((0, 0), left, image.height_px),
        ((right, 0), image.width_px - right, image.height_px),
        ((left, 0), right - left, top),
        ((left, bottom), right - left, image.height_px - bottom),
    ):
        if width and height:
            axes.add_patch(Rectangle(corner, width, height, facecolor=VEIL, edgecolor=BEST, hatch="////", linewidth=0))
    axes.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=BEST, linewidth=1.6))
    axes.set(xlim=(0, image.width_px), ylim=(image.height_px, 0))
    axes.set_title(f"{short(image.name, 20)}, {count(image.width_px)} × {count(image.height_px)}", color=MUTED)


def _after(axes: Axes, image: CroppedImage) -> None:
    _picture(axes, image)
    left, top, right, bottom = image.inner
    size = image.patch_size_px
    columns, rows = (right - left) // size, (bottom - top) // size
    for row in range(rows):
        for column in range(columns):
            corner = (left + column * size, top + row * size)
            axes.add_patch(Rectangle(corner, size, size, fill=False, edgecolor=PAPER, linewidth=1.1))
    axes.set(xlim=(left, right), ylim=(bottom, top))
    axes.set_title(f"{percent(image.lost_share)} less", color=MUTED)


def _picture(axes: Axes, image: CroppedImage) -> None:
    axes.imshow(image.pixels, extent=(0, image.width_px, image.height_px, 0), interpolation="bilinear")
    axes.set(xticks=[], yticks=[])
