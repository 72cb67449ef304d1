"""The contract of a method: it describes patches, which the store keeps, and learns from the descriptions.

To add one: write a class with `describe` and `fit` in a new file here, give it a model in `specs/baseline.py`,
and name both in `methods.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Patch:
    """A patch as a method sees it."""

    name: str
    """File in the artefact."""
    pixels: Pixels
    """(side, side, 3)."""
    window: Callable[[int], Pixels]
    """The square of so many pixels around its centre in the source image, moved inward at the image's borders."""


@dataclass(frozen=True)
class Described:
    """Descriptions of patches, and their classes."""

    rows: Sequence[Floats]
    """Rows per patch, (rows, width): one row for a vector, any number for a bag."""
    labels: NDArray[np.intp]
    """Number of each patch's class, (patch,)."""

    @property
    def vectors(self) -> Floats:
        """Descriptions of one row each, (patch, width)."""
        return np.concatenate(list(self.rows))


@dataclass(frozen=True)
class Fitted:
    """A method that has learnt."""

    probabilities: Callable[[Described], NDArray[np.float64]]
    """(patch, class)."""
    chosen: dict[str, Any]
    """Choice on valid, with the score of each candidate there."""


class Method(Protocol):
    """A method; an instance belongs to one spec."""

    version: int
    """Counts up when descriptions come out otherwise: those in the store are then made again."""

    def describe(self, patches: Sequence[Patch]) -> list[Floats]:
        """Return the description of each patch, a function of the patch and the spec alone, never of its class."""

    def fit(self, train: Described, valid: Described, classes: int, seed: int) -> Fitted:
        """Learn on train, choose on valid."""
