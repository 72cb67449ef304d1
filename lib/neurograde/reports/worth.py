"""The worth of a leak: an evaluation on a leaking split beside one of the same patches and grid with whole families.

What a leaking split promises is the accuracy on the subset that shares families with train: test where test leaks, else
valid. The same subset of the honest evaluation is held against it. Both are of original patches; families are drawn
together, so that one that is in both subsets counts in both, and the difference is paired as far as the subsets share
families. Sessions are paired by their id: one setting and one repeat on both splits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neurograde.maths.bootstrap import Interval, bootstrap_over_families
from neurograde.maths.metrics import Metrics
from neurograde.maths.predictions import Ints
from neurograde.maths.seeding import generator
from neurograde.reports.chain import Chain
from neurograde.reports.comparison import predictions
from neurograde.reports.leaks import is_leaking

LEAKING_TEST = "leaking-test"
"""The mark of an evaluation whose test subset shares families with train."""
METRIC = "accuracy"


@dataclass(frozen=True)
class Worth:
    """A leaking evaluation, its honest counterpart, and the difference."""

    leaking: Chain
    honest: Chain
    subset: str
    """The subset that promises too much: valid or test."""
    promised: Interval
    """Accuracy of the leaking evaluation on it."""
    kept: Interval
    """Accuracy of the honest one on its own."""
    difference: Interval
    """`promised` less `kept`, families drawn together."""
    sessions: tuple[tuple[float, float], ...]
    """Minimax accuracy on train and valid of each session: with whole families, and with the leak."""


def leaks_of(chains: Sequence[Chain]) -> list[Chain]:
    """Return the evaluations whose split leaks."""
    return [chain for chain in chains if is_leaking(chain) or LEAKING_TEST in chain.marks]


def counterpart(leaking: Chain, chains: Sequence[Chain]) -> Chain | None:
    """Return the first evaluation of the same patches, classes and settings whose families are whole; None without."""
    leaks = leaks_of(chains)
    for chain in chains:
        same_patches = chain.patches.manifest.digest == leaking.patches.manifest.digest
        same_classes = chain.metrics.classes == leaking.metrics.classes
        if chain not in leaks and same_patches and same_classes and _settings(chain) == _settings(leaking):
            return chain
    return None


def worth(leaking: Chain, honest: Chain) -> Worth:
    """Return the difference that the leak makes to accuracy."""
    subset = "test" if LEAKING_TEST in leaking.marks else "valid"
    first, second = (predictions(chain)[subset] for chain in (leaking, honest))
    of_first, of_second = first.metrics(), second.metrics(len(first.patches))

    def accuracies(rows: Ints) -> Metrics:
        promised, kept = of_first(rows)[METRIC], of_second(rows)[METRIC]
        difference = None if promised is None or kept is None else promised - kept
        return {"promised": promised, "kept": kept, "difference": difference}

    spec = leaking.evaluation.manifest.spec
    rng = generator(spec["seed"], "bootstrap", leaking.name, "worth of a leak", honest.name)
    # (patch of the leaking and of the honest subset): rows of the leaking one first
    families = [*first.families, *second.families]
    intervals = bootstrap_over_families(accuracies, families, rng, spec["resamples"])
    return Worth(leaking, honest, subset, **intervals, sessions=_paired_sessions(honest, leaking))


def _settings(chain: Chain) -> set[str]:
    return {cell.cell for cell in chain.metrics.cells}


def _paired_sessions(honest: Chain, leaking: Chain) -> tuple[tuple[float, float], ...]:
    before, after = (
        {
            session.id: session.best_accuracy.accuracy
            for session in chain.metrics.sessions
            if session.best_accuracy is not None and session.best_accuracy.accuracy is not None
        }
        for chain in (honest, leaking)
    )
    return tuple((before[name], after[name]) for name in before if name in after)
