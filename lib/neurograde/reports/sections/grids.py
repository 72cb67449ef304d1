"""Figures B.1 to B.3, the curves of every setting of the best searches; and 4.1, valid ahead of train."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from neurograde.reports.blocks import Figures
from neurograde.reports.chain import Chain, file_name
from neurograde.reports.figures.curves import Curves, learning_curves
from neurograde.reports.figures.small_multiples import small_multiples
from neurograde.reports.numbers import percent
from neurograde.reports.searched import Search
from neurograde.reports.sections.training import curves_of
from neurograde.reports.sections.winners import winners
from neurograde.specs.results.evaluation import SessionResult


def grid_figures(chains: Sequence[Chain]) -> list[Figures]:
    """Return the grid of the best session of each row of table 4.1, where it has more than one setting."""
    figures = []
    for kind, winner in winners(chains).items():
        cells = dict(_cells(winner.best))
        if len(cells) > 1:
            figures.append(small_multiples(file_name("grid", kind), winner.best.name, cells))
    if not figures:
        return []
    caption = (
        "How does every setting of the best searches train (figures B.1 to B.3)? Loss by learning rate (rows) and "
        "batch size (columns), mean ± std of the repeats; framed is the setting with the best of all repeats."
    )
    return [Figures(tuple(figures), caption)]


def _cells(search: Search) -> Iterator[tuple[tuple[float, int], Curves]]:
    for cell in search.cells:
        sessions = [session for session in search.sessions if session.cell == cell.cell]
        yield (cell.learning_rate, cell.batch_size), curves_of("loss", sessions, search.chain.histories)


def valid_ahead(chains: Sequence[Chain]) -> list[Figures]:
    """Return figure 4.1, the session that valid alone would overstate most, if there is one."""
    overstating = [
        (overstated(_accuracies(session, chain)), chain, session) for chain in chains for session in _judged(chain)
    ]
    gain, chain, session = max(overstating, key=lambda candidate: candidate[0], default=(0.0, chains[0], None))
    if session is None or gain <= 0:
        return []
    train, valid = _accuracies(session, chain)
    peak = max(valid, key=lambda epoch: (valid[epoch], -epoch))
    [(epoch, credited)] = curves_of("accuracy", [session], chain.histories).best
    caption = (
        f"Why not judge by valid alone (figure 4.1)? {session.id} of {chain.name}: valid alone would claim "
        f"{percent(valid[peak])}, at epoch {peak}, where train has {percent(train[peak])}; the dot, where the worse of "
        f"both is best, claims {percent(credited)}, at epoch {epoch}. No session of the page would be overstated more."
    )
    return [Figures((learning_curves("valid-ahead", curves_of("accuracy", [session], chain.histories)),), caption)]


Both = tuple[dict[int, float], dict[int, float]]
"""Train and valid accuracy by epoch, from 1 on."""


def overstated(curves: Both) -> float:
    """Return the excess of the best valid accuracy over the best that train has reached as well.

    >>> round(overstated(({1: 0.6, 2: 0.7, 3: 0.8}, {1: 0.9, 2: 0.75, 3: 0.75})), 2)
    0.15
    """
    train, valid = curves
    if not valid:
        return 0.0
    return max(valid.values()) - max(min(train[epoch], valid[epoch]) for epoch in valid)


def _judged(chain: Chain) -> list[SessionResult]:
    return [session for session in chain.metrics.sessions if session.best_accuracy is not None]


def _accuracies(session: SessionResult, chain: Chain) -> Both:
    rows = [
        (epoch, metrics.train_accuracy, metrics.valid_accuracy)
        for epoch, metrics in enumerate(chain.histories[session.id])
        if epoch and metrics.train_accuracy is not None and metrics.valid_accuracy is not None
    ]
    return {epoch: train for epoch, train, _ in rows}, {epoch: valid for epoch, _, valid in rows}
