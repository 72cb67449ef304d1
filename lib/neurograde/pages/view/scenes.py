"""Scenes: an image and its graded squares as the viewer shows them, from any job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from neurograde.errors import DataError
from neurograde.imaging.pixels.open_image import ImageFile, Picture
from neurograde.imaging.pixels.slide import Resolution, Slide
from neurograde.pages.tiles import tiling
from neurograde.storage.artefact import Artefact
from neurograde.storage.raw import Files

FULL_RESOLUTION = Resolution(level=0)


@dataclass(frozen=True)
class Square:
    """A square that the network graded."""

    row: int
    col: int
    x: int
    """Left edge in the image as it was cut, px."""
    y: int
    """Top edge, px."""
    probabilities: Mapping[str, float]
    """Probability of each class."""
    distance: float | None = None
    """Distance from the train patches, where it is known."""
    truth: str | None = None
    """Class of its label, where it has one."""

    @property
    def named(self) -> str:
        """The most probable class."""
        return max(self.probabilities, key=lambda label: self.probabilities[label])


@dataclass(frozen=True)
class Attention:
    """A square as Grad-CAM shows it."""

    row: int
    col: int
    words: str
    """The class whose evidence is lit, and its probability."""
    path: str
    """The picture, by its path in the artefact."""
    box: tuple[int, int, int] | None = None
    """Left and top edge and side of what the network saw, in the image as it was cut; None where not recorded."""


@dataclass(frozen=True)
class Scene:
    """An image, and what a network made of its squares."""

    name: str
    """Path of the image in its folder."""
    answer: str
    """The grade or the mistakes in a line."""
    sha256: str
    """Digest of the file."""
    folder: Files | None
    """Folder that holds the file; None where it is not known."""
    side_px: int
    """Side of a square, in the pixels that were cut."""
    cut_at: Resolution
    """Resolution at which a slide was cut."""
    squares: tuple[Square, ...]
    notes: tuple[str, ...] = ()
    """Sentences that a reader must know."""
    attention: tuple[Attention, ...] = ()
    artefact: Artefact | None = None
    """Holds the pictures of `attention`."""
    path: str | None = None
    """Path of the file in `folder`; the name where it is not given."""


@dataclass(frozen=True)
class Scenes:
    """The content of the viewer."""

    title: str
    classes: tuple[str, ...]
    positive: str
    """The class that is tinted orange; the others are blue."""
    scenes: tuple[Scene, ...]
    warnings: tuple[str, ...] = field(default=("Not for clinical use.",))
    """Words above everything."""
    max_pixels: int = 400_000_000
    """A picture with more is refused before it is decoded."""


@dataclass(frozen=True)
class OpenScene:
    """A scene with its image open, at full resolution."""

    scene: Scene
    image: Picture | Slide
    scale: float
    """Pixels of level 0 that a pixel spans as it was cut."""

    @classmethod
    def of(cls, scene: Scene, max_pixels: int) -> OpenScene:
        """Open the image of a scene.

        Raises:
            DataError: It is not where it was, cannot be read, or is another file by now.
        """
        if scene.folder is None:
            raise DataError(f"{scene.name} is not in the folder of the spec: its squares are shown without it")
        try:
            image = ImageFile.of(scene.folder, scene.path or scene.name).open(max_pixels, FULL_RESOLUTION)
        except FileNotFoundError:
            raise DataError(f"{scene.name} is gone: its squares are shown without it") from None
        if image.sha256 != scene.sha256:
            raise DataError(f"{scene.name} has changed since: its squares are shown without it")
        return cls(scene, image, image.finest_px_at(scene.cut_at) if isinstance(image, Slide) else 1.0)

    def facts(self) -> dict[str, Any]:
        """Return size, resolution and tiles of the image, and its squares in pixels of level 0."""
        image = self.image
        return {
            "width_px": image.width,
            "height_px": image.height,
            "um_per_px": image.um_per_px if isinstance(image, Slide) else None,
            "tiles": tiling(image),
            **described(self.scene, self.scale),
        }


def described(scene: Scene, scale: float = 1.0) -> dict[str, Any]:
    """Return a scene as the page gets it, its squares scaled to the pixels of level 0."""
    return {
        "name": scene.name,
        "answer": scene.answer,
        "sha256": scene.sha256,
        "notes": scene.notes,
        "side": scene.side_px * scale,
        "squares": [
            {
                "row": square.row,
                "col": square.col,
                "x": square.x * scale,
                "y": square.y * scale,
                "p": dict(square.probabilities),
                "named": square.named,
                "distance": square.distance,
                "truth": square.truth,
            }
            for square in scene.squares
        ],
        "attention": [
            {
                "row": seen.row,
                "col": seen.col,
                "words": seen.words,
                "box": None if seen.box is None else [edge * scale for edge in seen.box],
            }
            for seen in scene.attention
        ],
    }


def without_image(scene: Scene) -> dict[str, Any]:
    """Return a scene whose image cannot be shown: the size is that of its squares."""
    right = max((square.x for square in scene.squares), default=0) + scene.side_px
    bottom = max((square.y for square in scene.squares), default=0) + scene.side_px
    return {"width_px": right, "height_px": bottom, "um_per_px": None, "tiles": None, **described(scene)}
