"""The sizes of the GPU check: the study's own on a GPU, a few samples on a CPU."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """How much each part measures."""

    device: str
    trunk_batch: int
    trunk_samples: int
    grid_samples: int
    grid_repeats: int
    grid_rates: tuple[float, ...]
    suffix_samples: int
    graph_steps: int
    rounds: int


FULL = Size("cuda", 128, 2_048, 6_296, 10, (1e-5, 3e-5, 1e-4, 3e-4, 1e-3), 256, 200, 3)
"""The study's grid of 250 sessions; passes and epochs long enough for the board's counter of energy."""
DRY = Size("cpu", 2, 2, 16, 1, (1e-4,), 2, 3, 1)
"""A rehearsal of the same code."""
