"""Units with the probabilities that a session gives them, counted by sample, by original patch and by image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurograde.evaluation.units import Unit
from neurograde.maths.dihedral import IDENTITY
from neurograde.maths.predictions import mean_over_groups


@dataclass(frozen=True)
class Predicted:
    """Units with their probabilities by the chosen session."""

    units: Sequence[Unit]
    probabilities: NDArray[np.float64]
    """Shape (unit, class), in the order of the run's classes."""

    def originals(self) -> Predicted:
        """Only the patches as they were cut."""
        rows = [row for row, unit in enumerate(self.units) if unit.transform == IDENTITY]
        return Predicted([self.units[row] for row in rows], self.probabilities[rows])

    def images(self) -> Predicted:
        """One unit an image, with the mean probability over its original patches."""
        patches = self.originals()
        # Two classes or families may each have an image of one name.
        keys = [f"{unit.label}/{unit.family}/{unit.image}" for unit in patches.units]
        names, means = mean_over_groups(keys, patches.probabilities)
        first = dict(zip(reversed(keys), reversed(patches.units), strict=True))
        return Predicted([first[name] for name in names], means)
