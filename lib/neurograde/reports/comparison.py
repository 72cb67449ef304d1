"""Evaluations held against each other on the test patches that they share, and each one's valid against its test.

All differences are of original patches, with 95 % intervals over families drawn with replacement: seed and number of
resamples are those of the evaluation that is named first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from neurograde.maths.assessment import metrics_of
from neurograde.maths.bootstrap import Interval
from neurograde.maths.dihedral import IDENTITY
from neurograde.maths.metrics import MetricFunction, Metrics
from neurograde.maths.paired import paired_differences
from neurograde.maths.predictions import Floats, Ints
from neurograde.maths.seeding import generator
from neurograde.reports.chain import Chain
from neurograde.reports.metrics import COMPARED

PREDICTIONS = "predictions.csv"


@dataclass(frozen=True)
class Predictions:
    """The predictions of an evaluation's chosen session for the original patches of a subset, by name of the patch."""

    patches: tuple[str, ...]
    families: tuple[str, ...]
    labels: Ints
    """Shape (patch,), number of the class."""
    probabilities: Floats
    """Shape (patch, class)."""
    positive: int
    threshold: float

    def metrics(self, offset: int = 0) -> MetricFunction:
        """Return the function from rows to their metrics; row `offset` is the first patch, other rows are ignored."""
        own = metrics_of(self.labels, self.probabilities, positive=self.positive, threshold=self.threshold, bins=10)
        names = list(own(np.arange(len(self.labels), dtype=np.intp)))

        def of(rows: Ints) -> Metrics:
            here = rows[(rows >= offset) & (rows < offset + len(self.labels))] - offset
            return own(here) if len(here) else dict.fromkeys(names)

        return of


class Comparison:
    """Evaluations of one page; predictions are read once, and each two compared once."""

    def __init__(self, chains: Sequence[Chain]) -> None:
        """Read the predictions of each for valid and test."""
        self.chains = chains
        self._predictions = {chain.name: predictions(chain) for chain in chains}
        self._known: dict[tuple[str, str], dict[str, Interval]] = {}

    def test_sets(self) -> list[list[Chain]]:
        """Return the evaluations grouped by test set (the same patches of the same families), in the page's order."""
        groups: dict[tuple[object, ...], list[Chain]] = {}
        for chain in self.chains:
            predicted = self._predictions[chain.name]["test"]
            key = (chain.patches.manifest.digest, chain.metrics.classes, chain.metrics.positive, predicted.patches)
            groups.setdefault(key, []).append(chain)
        return list(groups.values())

    def size(self, chain: Chain, subset: str) -> tuple[int, int]:
        """Return the number of original patches of the subset, and of their families."""
        predicted = self._predictions[chain.name][subset]
        return len(predicted.patches), len(set(predicted.families))

    def paired(self, first: Chain, second: Chain) -> dict[str, Interval]:
        """Return the second's metrics less the first's on their common test set, paired: one resample for both."""
        if (second.name, first.name) in self._known:
            return {name: _negated(difference) for name, difference in self.paired(second, first).items()}
        key = (first.name, second.name)
        if key not in self._known:
            before, after = (self._predictions[chain.name]["test"] for chain in (first, second))
            assert before.patches == after.patches, "two of one test set"
            self._known[key] = _differences(
                first, before.metrics(), after.metrics(), before.families, ("claims", "pair", second.name)
            )
        return self._known[key]

    def promised(self, chain: Chain) -> dict[str, Interval]:
        """Return the metrics on valid less those on test: how much valid overstates test.

        The families of both are drawn together; a resample without one of valid or of test is left out. Where either
        has a single family, the spread between families is unknown and the bounds are None.
        """
        valid, test = (self._predictions[chain.name][subset] for subset in ("valid", "test"))
        # (valid and test patch): rows of valid first
        families = [*valid.families, *test.families]
        differences = _differences(
            chain, test.metrics(len(valid.patches)), valid.metrics(), families, ("claims", "valid less test")
        )
        if min(len(set(predicted.families)) for predicted in (valid, test)) > 1:
            return differences
        return {name: replace(difference, low=None, high=None) for name, difference in differences.items()}


def names_of(chain: Chain) -> tuple[str, ...]:
    """Return the names of the metrics that are compared: of more than two classes, the means over the classes."""
    return COMPARED.of(len(chain.metrics.classes))


def _differences(
    named: Chain, first: MetricFunction, second: MetricFunction, families: Sequence[str], what: tuple[str, ...]
) -> dict[str, Interval]:
    spec = named.evaluation.manifest.spec
    rng = generator(spec["seed"], "bootstrap", named.name, *what)
    return paired_differences(first, second, families, rng, resamples=spec["resamples"], names=names_of(named))


def _negated(difference: Interval) -> Interval:
    value, low, high = (
        None if bound is None else -bound for bound in (difference.value, difference.high, difference.low)
    )
    return replace(difference, value=value, low=low, high=high)


def predictions(chain: Chain) -> dict[str, Predictions]:
    """Return the chosen session's predictions for valid and test."""
    rows: dict[str, list[dict[str, str]]] = {"valid": [], "test": []}
    for row in chain.evaluation.read_csv(PREDICTIONS):
        if row["subset"] in rows and row["transform"] == IDENTITY:
            rows[row["subset"]].append(row)
    return {subset: _of_rows(chain, row) for subset, row in rows.items()}


def _of_rows(chain: Chain, rows: list[dict[str, str]]) -> Predictions:
    classes, threshold = chain.metrics.classes, chain.metrics.threshold.value
    rows = sorted(rows, key=lambda row: row["patch"])
    return Predictions(
        patches=tuple(row["patch"] for row in rows),
        families=tuple(row["family"] for row in rows),
        labels=np.array([classes.index(row["label"]) for row in rows], dtype=np.intp),
        probabilities=np.array([[float(row[f"p_{label}"]) for label in classes] for row in rows]),
        positive=classes.index(chain.metrics.positive),
        threshold=0.5 if threshold is None else threshold,
    )
