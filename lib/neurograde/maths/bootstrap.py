"""Confidence intervals by resampling families, since cases are independent and the patches of one case are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from neurograde.maths.metrics import MetricFunction

NO_WIDTH = 1e-12
"""Width of an interval that is but rounding."""


@dataclass(frozen=True)
class Interval:
    """A metric, and the percentile interval in which it lies over resampled families."""

    value: float | None
    """The metric of the samples as they are; None where undefined."""
    low: float | None
    """Lower bound; None with a single family or no defined resample."""
    high: float | None
    """Upper bound; None with a single family or no defined resample."""
    families: int
    """Families that were resampled."""
    resamples: int
    """Resamples that were drawn."""
    undefined: int
    """Resamples that left the metric undefined: the interval is over the others."""
    exact: int | None = None
    """Families of the exact interval that replaces that of the resamples; None where these give it."""

    @property
    def has_width(self) -> bool:
        """True if the resamples differ, by more than rounding, and so know something of the spread."""
        return self.low is not None and self.high is not None and self.high - self.low > NO_WIDTH

    def without_bounds(self) -> Interval:
        """Return the value alone."""
        return replace(self, low=None, high=None)


def without_empty(intervals: Mapping[str, Interval]) -> dict[str, Interval]:
    """Return the intervals; of a metric whose resamples do not differ, the value alone."""
    return {name: interval if interval.has_width else interval.without_bounds() for name, interval in intervals.items()}


def bootstrap_over_families(
    metrics: MetricFunction,
    families: Sequence[str],
    rng: np.random.Generator,
    resamples: int = 1000,
    level: float = 0.95,
) -> dict[str, Interval]:
    """Return percentile intervals of metrics over resamples of whole families, drawn with replacement.

    Each resample draws as many families as there are, and each sample counts as often as its family is drawn. A single
    family gives no interval: the spread between families is unknown. Where no resample differs, the bounds are equal.

    Args:
        metrics: Metrics of a selection of rows: `lambda rows: binary_metrics(labels[rows], p[rows], 0.5)`.
        families: n names, the family of each sample.
        rng: Generator of the draws.
        resamples: Number of resamples.
        level: Coverage of the interval.

    Returns:
        An interval for each metric, in the order in which `metrics` names them.

    Raises:
        ValueError: If `families` is empty, `resamples` is below 1 or `level` is not between 0 and 1.
    """
    if resamples < 1 or not 0.0 < level < 1.0 or len(families) == 0:
        raise ValueError(
            f"resamples={resamples}, level={level}, {len(families)} samples: "
            "1 resample or more, a level between 0 and 1, and 1 sample or more are accepted"
        )
    names, family = np.unique(np.asarray(families, dtype=str), return_inverse=True)
    rows_of = np.split(np.argsort(family, kind="stable"), np.cumsum(np.bincount(family))[:-1])
    values = metrics(np.arange(len(families), dtype=np.intp))
    drawn: dict[str, list[float | None]] = {name: [] for name in values}
    if len(names) > 1:
        for chosen in rng.integers(0, len(names), size=(resamples, len(names))):
            for name, value in metrics(np.concatenate([rows_of[member] for member in chosen])).items():
                drawn[name].append(value)
    tails = (0.5 - level / 2.0, 0.5 + level / 2.0)
    intervals = {}
    for name, value in values.items():
        defined = [drawn_value for drawn_value in drawn[name] if drawn_value is not None]
        low, high = (float(bound) for bound in np.quantile(defined, tails)) if defined else (None, None)
        intervals[name] = Interval(value, low, high, len(names), len(drawn[name]), len(drawn[name]) - len(defined))
    return intervals
