"""Two classifiers on the same units: how far apart they are, and whether that could be the luck of the families drawn.

Both meet every resample together, so what makes a family hard for both cancels out: the interval of the difference is
narrower than their own two, which overlap long before the difference is in doubt.
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
    """Each metric of the second less that of the first, with its 95 % interval over resampled families.

    Args:
        first: Metrics of a selection of rows, as `bootstrap_over_families` takes them.
        second: The same metrics of the other classifier, on the same units.
        families: n names, the family of each unit.
        rng: Generator of the draws.
        resamples: Number of resamples.
        names: The metrics to compare; all of them when not given.

    Raises:
        ValueError: as `bootstrap_over_families` has it.
    """

    def difference(rows: Ints) -> Metrics:
        before, after = first(rows), second(rows)
        return {
            name: None if (b := before[name]) is None or (a := after[name]) is None else a - b
            for name in before
            if names is None or name in names
        }

    return bootstrap_over_families(difference, families, rng, resamples)
