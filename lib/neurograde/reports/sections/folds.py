"""Folds together: every family tested by a network that never saw it, and all of them pooled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from neurograde.maths.assessment import Assessment, assess
from neurograde.maths.seeding import generator
from neurograde.reports.blocks import Block, Notes, Section, Table
from neurograde.reports.chain import Chain
from neurograde.reports.comparison import Predictions, predictions
from neurograde.reports.metrics import OF_FOLDS, title
from neurograde.reports.numbers import plural
from neurograde.reports.tables import Column, Text, measured, table
from neurograde.specs.results.assessment import Interval
from neurograde.specs.results.partition import PartitionSummary

FEW = 10
"""Number of families below which an interval over them is called rough."""


class Row(NamedTuple):
    """The result of a fold, or of all."""

    name: str
    families: str
    counts: tuple[int, ...]
    """Test patches of each class."""
    metrics: Mapping[str, Interval]


def folds(chains: Sequence[Chain]) -> Section:
    """Return a table per set of folds: evaluations that differ only in the fold they test; empty below two."""
    groups: dict[tuple[object, ...], list[Chain]] = {}
    for chain in chains:
        fold = chain.partition.read_result(PartitionSummary, "summary.json").folds
        if fold is not None:
            cell = chain.metrics.chosen_cell
            key = (chain.patches.manifest.digest, chain.metrics.classes, fold.k, cell.backbone, cell.strategy)
            groups.setdefault(key, []).append(chain)
    tables = [_table(group, number) for number, group in enumerate(groups.values()) if _apart(group)]
    blocks: list[Block] = [*tables]
    if tables:
        blocks.append(
            Notes(
                (
                    "each row is another network, chosen on its own train and valid; the last row has every test patch "
                    "once, each by the network that never saw its family",
                    "a dash is a metric that the classes of a fold leave undefined; of one family there is no interval",
                )
            )
        )
    lead = "Each family tested by a network that never saw it: a single test set hangs on the families that it drew."
    return Section("folds", "Folds", lead, tuple(blocks))


def _apart(group: Sequence[Chain]) -> bool:
    """Return True for two or more folds of one threshold that share no test family."""
    tested = [_tested(chain) for chain in group]
    families = [family for fold in tested for family in set(fold.families)]
    is_partition = len(set(families)) == len(families)
    return len(group) > 1 and is_partition and len({fold.threshold for fold in tested}) == 1


def _tested(chain: Chain) -> Predictions:
    return predictions(chain)["test"]


def _together(group: Sequence[Chain]) -> Assessment:
    tested, spec = [_tested(chain) for chain in group], group[0].evaluation.manifest.spec
    return assess(
        np.concatenate([one.labels for one in tested]),
        np.concatenate([one.probabilities for one in tested]),
        [family for one in tested for family in one.families],
        positive=tested[0].positive,
        threshold=tested[0].threshold,
        bins=spec["calibration_bins"],
        resamples=spec["resamples"],
        rng=generator(spec["seed"], "bootstrap", "folds"),
    )


def _table(group: Sequence[Chain], number: int) -> Table:
    classes, cell, together = group[0].metrics.classes, group[0].metrics.chosen_cell, _together(group)
    names = OF_FOLDS.of(len(classes))
    rows = [_row(chain) for chain in group]
    whole = {
        name: Interval(value=metric.value, low=metric.low, high=metric.high, exact=metric.exact)
        for name, metric in together.metrics.items()
    }
    last = Row("all folds", plural(together.families, "family"), together.class_counts, whole)
    rough = ": of so few a rough one" if together.families < FEW else ""

    def tested(row: Row) -> Text:
        return (row.name, row.families) if row is last else (row.families, row.name)

    def value(name: str) -> Callable[[Row], Text]:
        return lambda row: measured(name, row.metrics.get(name, Interval(value=None)))

    columns = (
        Column(None, "tested", kind="text", show=tested),
        Column(None, "patches", show=lambda row: (str(sum(row.counts)), " + ".join(map(str, row.counts)))),
        *(Column(None, title(name), show=value(name)) for name in names),
    )
    lines = [
        (row.name, row.families, sum(row.counts), *row.counts, name, interval.value, interval.low, interval.high)
        for row in (*rows, last)
        for name in names
        if (interval := row.metrics.get(name))
    ]
    return table(
        "folds" if number == 0 else f"folds-{number + 1}",
        f"{cell.backbone}, {cell.strategy}, one fold left out at a time: test patches, {' + '.join(classes)}. "
        f"Intervals are of 95 % over the families of a row, {together.families} in the last{rough}",
        columns,
        rows,
        total=last,
        csv=(("evaluation", "families", "n", *classes, "metric", "value", "low", "high"), lines),
    )


def _row(chain: Chain) -> Row:
    tested, test = _tested(chain), chain.metrics.subsets["test"].patches
    counts = np.bincount(tested.labels, minlength=len(chain.metrics.classes))
    return Row(chain.name, ", ".join(sorted(set(tested.families))), tuple(counts.tolist()), test.metrics)
