"""The work of a grid before anything runs: samples through trunks and heads, and hours at known rates."""

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
    """Return the work of the shared engine: the frozen part once for all sessions, then the trained part.

    Features are computed once per backbone and shared; the activations before unfrozen layers once per shard.

    Args:
        rows: Every row of every grid of the study.
        train: Train samples.
        valid: Valid samples.
    """
    trained: list[Work] = []
    with_features: dict[str, int] = {}
    for row in rows:
        each_epoch = row.session_epochs * (train + valid)
        if row.kind in ("straightforward", "extension"):
            with_features[row.backbone] = max(row.slices, with_features.get(row.backbone, 0))
            trained.append(Work("head", row.strategy, each_epoch))
        else:
            if row.kind == "unfreezing":
                trained.append(Work("trunk", row.backbone, row.shards * (row.slices * train + valid)))
            trained.append(Work("suffix", row.backbone, each_epoch))
    return [*(Work("trunk", name, slices * train + valid) for name, slices in with_features.items()), *trained]


def report_work(rows: Iterable[Row], train: int, valid: int) -> list[Work]:
    """Return the work of the report's program: the whole network for every session and epoch.

    The report's 936,000 epochs, at 49 seconds per epoch:

    >>> study = Row("any", "any", "straightforward", 1, 12_500, 936_000, 1)
    >>> [work] = report_work([study], 6_296, 1_164)
    >>> round(hours([work], lambda _work, _of: 152.2))
    12744
    """
    return [Work("epoch", row.backbone, row.session_epochs * (train + valid)) for row in rows]


def hours(works: Iterable[Work], rate: Callable[[str, str], float | None]) -> float | None:
    """Return the hours that the work takes, or None if a rate is unknown.

    Args:
        works: The work to do.
        rate: Samples per second by kind of work and its backbone or strategy; None if unknown.
    """
    seconds = []
    for part in works:
        samples_per_s = rate(part.work, part.of)
        if samples_per_s is None:
            return None
        seconds.append(part.samples / samples_per_s)
    return math.fsum(seconds) / 3600
