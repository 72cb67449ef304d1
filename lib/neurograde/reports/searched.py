"""The searches behind a page, read on train and valid: each backbone under each strategy, in every grid once.

The study plots the best session of a search (§4.2 to 4.4). A setting is chosen here by the mean over its repeats, and
both are shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, stdev

from neurograde.reports.chain import Chain
from neurograde.reports.leaks import searches
from neurograde.specs.results.evaluation import BestEpoch, CellResult, SessionResult
from neurograde.specs.strategies import KINDS, Strategy


@dataclass(frozen=True)
class Search:
    """A backbone under one strategy in one grid: settings and sessions that did not diverge, best first."""

    chain: Chain
    backbone: str
    adaptation: Strategy
    cells: tuple[CellResult, ...]
    """Settings, by the mean of the best minimax loss over their repeats."""
    sessions: tuple[SessionResult, ...]
    """Sessions, by their best minimax loss."""
    tried: int
    """Sessions of all settings, those that diverged included."""

    @property
    def name(self) -> str:
        """Return backbone and strategy."""
        return f"{self.backbone}, {self.adaptation.label}"

    @property
    def best(self) -> SessionResult:
        """Return the best of all sessions."""
        return self.sessions[0]

    @property
    def best_loss(self) -> float:
        """Return the loss of the best of all sessions."""
        return _loss(self.best)

    @property
    def best_accuracy(self) -> float | None:
        """Return the accuracy of the best session, at its epoch of best loss."""
        return self.best.best_loss.accuracy if self.best.best_loss else None

    @property
    def cell(self) -> CellResult:
        """Return the chosen setting: the one of best mean."""
        return self.cells[0]

    @property
    def mean(self) -> float:
        """Return the mean loss of the chosen setting."""
        assert self.cell.loss.mean is not None
        return self.cell.loss.mean

    @cached_property
    def repeats(self) -> tuple[BestEpoch, ...]:
        """Return the best epoch of each repeat of the chosen setting, the best one first."""
        return tuple(
            session.best_loss for session in self.sessions if session.cell == self.cell.cell and session.best_loss
        )

    @property
    def losses(self) -> list[float]:
        """Return the losses of the chosen setting's repeats."""
        return [repeat.loss for repeat in self.repeats if repeat.loss is not None]

    @property
    def accuracy(self) -> tuple[float | None, float | None]:
        """Return mean and deviation of the repeats' accuracies, each at its epoch of best loss."""
        accuracies = [repeat.accuracy for repeat in self.repeats if repeat.accuracy is not None]
        return fmean(accuracies) if accuracies else None, stdev(accuracies) if len(accuracies) > 1 else None

    @property
    def data(self) -> str:
        """Return the digest of the data set; losses on two of them do not compare."""
        return self.chain.dataset.manifest.digest


def grids(chains: Sequence[Chain]) -> list[Chain]:
    """Return the evaluations that count for the search, one for each grid: none that leaks."""
    first: dict[str, Chain] = {}
    for chain in searches(chains):
        first.setdefault(chain.run.grid.name, chain)
    return list(first.values())


def searched(chains: Sequence[Chain]) -> list[Search]:
    """Return every search of the grids behind the evaluations; leaks and their controls are left out."""
    return [search for chain in grids(chains) for search in _searches(chain)]


def by_kind(some: Sequence[Search]) -> dict[str, list[Search]]:
    """Return the searches of each kind of strategy, in the order of §4.2 to 4.4."""
    kinds = {kind: [search for search in some if search.adaptation.kind == kind] for kind in KINDS}
    return {kind: searches for kind, searches in kinds.items() if searches}


def best_mean(some: Sequence[Search]) -> Search:
    """Return the search whose chosen setting has the best mean."""
    return min(some, key=lambda search: search.mean)


def best_session(some: Sequence[Search]) -> Search:
    """Return the search that has the best of all sessions."""
    return min(some, key=lambda search: search.best_loss)


def at_start(chains: Sequence[Chain], measure: str) -> list[float]:
    """Return `loss` or `accuracy` at epoch 0 of every session of the grids, on train and on valid."""
    values = [
        getattr(rows[0], f"{subset}_{measure}")
        for chain in grids(chains)
        for rows in chain.histories.values()
        if rows
        for subset in ("train", "valid")
    ]
    return [value for value in values if value is not None]


def epochs(chains: Sequence[Chain]) -> list[tuple[float, float]]:
    """Return accuracy and loss on valid of every epoch of every session of the grids."""
    return [
        (row.valid_accuracy, row.valid_loss)
        for chain in grids(chains)
        for rows in chain.histories.values()
        for row in rows
        if row.valid_accuracy is not None and row.valid_loss is not None
    ]


def _searches(chain: Chain) -> Iterator[Search]:
    spec = chain.run.spec
    adaptations = {
        (backbone.name, strategy.label): strategy for backbone in spec.backbones for strategy in spec.strategies
    }
    cells: dict[tuple[str, str], list[CellResult]] = {key: [] for key in adaptations}
    tried = dict.fromkeys(adaptations, 0)
    for cell in chain.metrics.cells:  # best first
        tried[cell.backbone, cell.strategy] += cell.n + cell.diverged
        if cell.loss.mean is not None:
            cells[cell.backbone, cell.strategy].append(cell)
    sessions: dict[tuple[str, str], list[SessionResult]] = {key: [] for key in adaptations}
    for session in chain.metrics.sessions:
        sessions[session.backbone, session.strategy].append(session)
    for key, adaptation in adaptations.items():
        able = [session for session in sessions[key] if session.best_loss and session.best_loss.loss is not None]
        if cells[key] and able:
            ranked = sorted(able, key=lambda session: (_loss(session), session.id))
            yield Search(chain, key[0], adaptation, tuple(cells[key]), tuple(ranked), tried[key])


def _loss(session: SessionResult) -> float:
    assert session.best_loss is not None
    assert session.best_loss.loss is not None
    return session.best_loss.loss
