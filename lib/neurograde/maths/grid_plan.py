"""The work of a grid before anything runs: samples through trunks and heads, and hours at known rates."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

from neurograde.maths.roofline import Cost, Range

WEIGHT_MOVES = 8
"""Times that a step moves every trained weight or a value of its optimiser: two readings of the weight, the gradient
written and read, two moments read and written."""
BYTES_PER_VALUE = 4


class Size(NamedTuple):
    """The size of a row's network, to estimate its speed with."""

    frozen: int
    """Multiply-adds of a sample in the frozen part."""
    trained: int
    """Multiply-adds of a sample in the trained part, the head included."""
    parameters: int
    """Trained parameters of a session."""


class Row(NamedTuple):
    """A backbone and strategy of a grid, as far as work goes."""

    backbone: str
    strategy: str
    """As session ids call it: `extension2`."""
    kind: str
    """`straightforward`, `extension`, `unfreezing` or `whole`."""
    shards: int
    sessions: int
    session_epochs: int
    """Epochs of all its sessions together."""
    slices: int
    """Crops of each train sample that pass through the frozen part: 1 for centre crops."""
    batch_sizes: tuple[int, int] = (1, 1)
    """The smallest and the largest."""
    size: Size | None = None
    """Size of its network; None where nobody counted it."""

    def frozen_cost(self) -> Cost | None:
        """Return the cost of a sample in the frozen part, forwards only."""
        return None if self.size is None or not self.size.frozen else Cost(2 * self.size.frozen, 0, 0)

    def trained_cost(self) -> Cost | None:
        """Return the cost of a sample in the trained part: forwards, and twice that backwards."""
        if self.size is None or not self.size.trained:
            return None
        moved = WEIGHT_MOVES * BYTES_PER_VALUE * self.size.parameters
        smallest, largest = self.batch_sizes
        return Cost(6 * self.size.trained, moved / largest, moved / smallest)

    def whole_cost(self) -> Cost | None:
        """Return the cost of a sample in the whole network, as the ordinary way computes it in every epoch."""
        frozen, trained = self.frozen_cost(), self.trained_cost()
        if trained is None:
            return None
        return trained if frozen is None else trained._replace(operations=trained.operations + frozen.operations)


class Work(NamedTuple):
    """Samples that pass, one way."""

    work: str
    """`trunk`, `head`, `suffix`, or `epoch`: the whole network, as the report did."""
    of: str
    """The backbone; of `head`, the strategy."""
    samples: float
    cost: Cost | None = None
    """Cost of a sample; None where nobody counted it."""


def shared_work(rows: Iterable[Row], train: int, valid: int) -> list[Work]:
    """Return the work of the shared engine: the frozen part once for all sessions, then the trained part.

    Features are computed once per backbone and shared; the activations before unfrozen layers once per shard.

    Args:
        rows: Every row of every grid of the study.
        train: Train samples.
        valid: Valid samples.
    """
    trained: list[Work] = []
    with_features: dict[str, Work] = {}
    for row in rows:
        in_all_epochs = row.session_epochs * (train + valid)
        once = row.slices * train + valid
        if row.kind in ("straightforward", "extension"):
            known = with_features.get(row.backbone)
            if known is None or once > known.samples:
                with_features[row.backbone] = Work("trunk", row.backbone, once, row.frozen_cost())
            trained.append(Work("head", row.strategy, in_all_epochs, row.trained_cost()))
        else:
            if row.kind == "unfreezing":
                trained.append(Work("trunk", row.backbone, row.shards * once, row.frozen_cost()))
            trained.append(Work("suffix", row.backbone, in_all_epochs, row.trained_cost()))
    return [*with_features.values(), *trained]


def report_work(rows: Iterable[Row], train: int, valid: int) -> list[Work]:
    """Return the work of the report's program: the whole network for every session and epoch.

    The report's 936,000 epochs, at 49 seconds per epoch:

    >>> study = Row("any", "any", "straightforward", 1, 12_500, 936_000, 1)
    >>> [work] = report_work([study], 6_296, 1_164)
    >>> taken = hours([work], lambda _work: Range(152.2, 152.2))
    >>> round(taken.low), round(taken.high)
    (12744, 12744)
    """
    return [Work("epoch", row.backbone, row.session_epochs * (train + valid), row.whole_cost()) for row in rows]


def hours(works: Iterable[Work], speed: Callable[[Work], Range | None]) -> Range | None:
    """Return the hours that the work takes, or None if a speed is unknown.

    Args:
        works: The work to do.
        speed: Samples per second at a piece of work; None if unknown.
    """
    least, most = [], []
    for part in works:
        samples_per_s = speed(part)
        if samples_per_s is None:
            return None
        least.append(part.samples / samples_per_s.high)
        most.append(part.samples / samples_per_s.low)
    return Range(math.fsum(least) / 3600, math.fsum(most) / 3600)
