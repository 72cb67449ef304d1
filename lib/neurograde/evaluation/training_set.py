"""The set that a model learnt from, as far as a new image is held against it: its images, pixels and resolution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from neurograde.evaluation.units import Unit, held_out
from neurograde.storage.artefact import Artefact

SUBSETS = ("train", "valid", "test")


@dataclass(frozen=True)
class TrainingSet:
    """Images and patches of the data set of a model, by subset."""

    images: Mapping[str, frozenset[str]]
    """SHA-256 of the images of each subset's families."""
    pixels: Mapping[str, frozenset[str]]
    """SHA-256 of the pixels of each subset's patches."""
    um_per_px: float | None
    """Resolution at which its slides were cut, their median; None where none is known."""

    @classmethod
    def of(cls, patches: Artefact, subsets: Mapping[str, Sequence[Unit]]) -> TrainingSet:
        """Return the set that was cut into `patches`, whose samples are `subsets`."""
        images = {
            subset: frozenset(sha256 for sha256, _, _ in held_out(patches, units).images)
            for subset, units in subsets.items()
        }
        pixels = {subset: frozenset(unit.pixel_sha256 for unit in units) for subset, units in subsets.items()}
        return cls(images, pixels, _um_per_px(patches))

    def used_in(self, sha256: str, pixels: Iterable[str]) -> tuple[str, ...]:
        """Return the subsets that hold an image: the file itself, or a patch of the same pixels from another file.

        Args:
            sha256: SHA-256 of the file.
            pixels: SHA-256 of the pixels of its patches.
        """
        of_image = set(pixels)
        return tuple(
            subset
            for subset in SUBSETS
            if sha256 in self.images[subset] or not of_image.isdisjoint(self.pixels[subset])
        )


def _um_per_px(patches: Artefact) -> float | None:
    slides = patches.read_csv("slides.csv") if "slides.csv" in patches.manifest.files else []
    cut_at = [float(row["um_per_px"]) for row in slides if row["um_per_px"]]
    return median(cut_at) if cut_at else None
