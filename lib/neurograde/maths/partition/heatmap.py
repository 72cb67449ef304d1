"""D(ε, μ) of one class as a map of its exact pieces (report §2.3.5, figure 2.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from neurograde.maths.partition.greedy import fillings
from neurograde.maths.partition.large import bands
from neurograde.maths.partition.problem import Families, Targets
from neurograde.maths.partition.search import class_pool
from neurograde.maths.readings import Reading

_NOBODY: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True)
class Heatmap:
    """The two parts of D between breakpoints; D is their sum.

    Element [m, e] is valid for μ between `mu_edges[m]` and [m + 1] and ε between `epsilon_edges[e]` and [e + 1], as in
    matplotlib's `pcolormesh`; `Parameters` knows which end belongs to which piece. Edges run from 0 to 1.
    """

    reading: Reading
    epsilon_edges: NDArray[np.float64]  # (E + 1,)
    mu_edges: NDArray[np.float64]  # (M + 1,)
    proportion: NDArray[np.float64]  # (M, E)
    diversity: NDArray[np.float64]  # (M, E)


def heatmap(
    families: Families,
    targets: Targets,
    class_name: str,
    reading: Reading,
    placed: Mapping[str, int] = _NOBODY,
) -> Heatmap:
    """Return the map of one class under one reading of "large".

    Args:
        families: All families.
        targets: p, d and their weights.
        class_name: The class.
        reading: The meaning of "large".
        placed: Subset of each family that crosses classes, as these are assigned first; empty if there are none.
    """
    pool = class_pool(families, targets, class_name, placed)
    score = pool.scorer()
    rows = [band for band in bands(pool, [reading]) if band.mu.low < band.mu.high]
    pieces = [list(fillings(pool, band.large)) for band in rows]
    edges = sorted({filling.low for row in pieces for filling in row})
    maps = np.empty((2, len(rows), len(edges)))  # (part, μ, ε)
    for m, row in enumerate(pieces):
        first = np.searchsorted(edges, [filling.low for filling in row])
        for filling, start, stop in zip(row, first, [*first[1:], len(edges)], strict=True):
            maps[:, m, start:stop] = np.array(score.parts(filling.subsets)[1:], dtype=float)[:, None] / score.unit
    return Heatmap(
        reading=reading,
        epsilon_edges=np.array([*(edge / pool.total for edge in edges), 1.0]),
        mu_edges=np.array([*(float(band.mu.low) for band in rows), 1.0]),
        proportion=maps[0],
        diversity=maps[1],
    )
