"""What a grid will take, before anything runs: samples through trunks and heads, and hours at known rates."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple


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


class Work(NamedTuple):
    """Samples that pass, one way."""

    work: str
    """`trunk`, `head`, `suffix`, or `epoch`: the whole network, as the report did."""
    of: str
    """The backbone; of `head`, the strategy."""
    samples: float


def shared_work(rows: Iterable[Row], train: int, valid: int) -> list[Work]:
    """The work of the shared engine: the frozen part once for all, then what is trained.

    Features are computed once for a backbone, whatever reads them; the activations before unfrozen layers once for each
    shard, which keeps them to itself.

    Args:
        rows: Every row of every grid of the study.
        train: Train samples.
        valid: Valid samples.
    """
    found: list[Work] = []
    with_features: dict[str, int] = {}
    for row in rows:
        each_epoch = row.session_epochs * (train + valid)
        if row.kind in ("straightforward", "extension"):
            with_features[row.backbone] = max(row.slices, with_features.get(row.backbone, 0))
            found.append(Work("head", row.strategy, each_epoch))
        else:
            if row.kind == "unfreezing":
                found.append(Work("trunk", row.backbone, row.shards * (row.slices * train + valid)))
            found.append(Work("suffix", row.backbone, each_epoch))
    return [*(Work("trunk", name, slices * train + valid) for name, slices in with_features.items()), *found]


def report_work(rows: Iterable[Row], train: int, valid: int) -> list[Work]:
    """The work of the report's way: the whole network for every session and epoch.

    The report's own 936,000 epochs, at 49 seconds each:

    >>> study = Row("any", "any", "straightforward", 1, 12_500, 936_000, 1)
    >>> [work] = report_work([study], 6_296, 1_164)
    >>> round(hours([work], lambda _work, _of: 152.2))
    12744
    """
    return [Work("epoch", row.backbone, row.session_epochs * (train + valid)) for row in rows]


def hours(works: Iterable[Work], rate: Callable[[str, str], float | None]) -> float | None:
    """Time that the work takes; None where a rate is unknown.

    Args:
        works: What is to be done.
        rate: Samples a second by work and what it is of; None where unknown.
    """
    seconds = []
    for each in works:
        samples_per_s = rate(each.work, each.of)
        if samples_per_s is None:
            return None
        seconds.append(each.samples / samples_per_s)
    return math.fsum(seconds) / 3600
