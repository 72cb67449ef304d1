"""standardisation.json of data sets: mean and standard deviation of each channel (§2.5)."""

from __future__ import annotations

from neurograde.specs.results.base import Part, Result


class Statistics(Part):
    """The values that a subset is standardised with, on the scale 0 to 1, and what it holds."""

    mean: tuple[float, float, float]
    """Mean of each channel."""
    std: tuple[float, float, float]
    """Standard deviation of each channel."""
    samples: int = 0
    """Samples of the subset."""
    pixels: int = 0
    """Pixels of those samples."""


class Standardisation(Result):
    """The standardisation of a data set."""

    mode: str
    """Source of the values: `train`, `per_subset`, `imagenet` or `none`."""
    subsets: dict[str, Statistics]
    """Values of each subset."""
