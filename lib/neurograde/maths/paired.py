"""The difference of two classifiers on the same units, with an interval over resampled families.

Both are compared on every resample, so the difficulty of a family cancels out: the interval of the difference is
narrower than the two intervals, which may overlap although the difference is certain.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from neurograde.maths.bootstrap import Interval, bootstrap_over_families
from neurograde.maths.metrics import MetricFunction, Metrics
from neurograde.maths.predictions import Ints


def paired_differences(
    first: MetricFunction,
    second: MetricFunction,
    families: Sequence[str],
    rng: np.random.Generator,
    *,
    resamples: int = 1000,
    names: Collection[str] | None = None,
) -> dict[str, Interval]:
    """Return each metric of the second minus that of the first, with its 95 % interval over resampled families.

    Args:
        first: Metrics of a selection of rows, as for `bootstrap_over_families`.
        second: The same metrics of the other classifier, on the same units.
        families: n names, the family of each unit.
        rng: Generator of the draws.
        resamples: Number of resamples.
        names: The metrics to compare; all by default.

    Raises:
        ValueError: As `bootstrap_over_families`.
    """

    def difference(rows: Ints) -> Metrics:
        before, after = first(rows), second(rows)
        return {
            name: None if (b := before[name]) is None or (a := after[name]) is None else a - b
            for name in before
            if names is None or name in names
        }

    return bootstrap_over_families(difference, families, rng, resamples)
