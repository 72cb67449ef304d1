"""The search: every setting, backbones, strategies and depths compared (table 4.1, figures 4.3 to 4.8, B, C)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurograde.reports.blocks import Block, Figure, Figures, Notes, Section
from neurograde.reports.chain import Chain, file_name
from neurograde.reports.figures.curves import learning_curves
from neurograde.reports.figures.search import Band, Point, compared, density, depths, distribution, grid_map
from neurograde.reports.leaks import searches
from neurograde.reports.numbers import decimal, plural, spread
from neurograde.reports.sections.grids import grid_figures, valid_ahead
from neurograde.reports.sections.training import curves_of
from neurograde.reports.sections.winners import backbone_figures, best_table
from neurograde.specs.records import Session
from neurograde.specs.results.evaluation import CellResult
from neurograde.specs.strategies import Extension, Straightforward, Strategy, Unfreezing

MAPS_DRAWN = 8
KINDS: dict[type, tuple[str, str, str]] = {
    Extension: ("extension", "number of non-linearities", "Does a deeper head help (figure 4.5)?"),
    Unfreezing: ("unfreezing", "number of unfrozen layers", "Does training more of the network help (figure 4.7)?"),
}


def search(chains: Sequence[Chain]) -> Section:
    """Return everything that was tried in the searches of the page; a line names each figure that needs more of it.

    Leak experiments are left out: they are compared in the section of experiments.
    """
    chains = searches(chains)
    if not chains:
        return Section("search", "Search", "", ())
    blocks: list[Block] = [best_table(chains)]
    missing: list[str] = []
    rows = best_rows(chains)
    tables: tuple[tuple[str, Sequence[Block]], ...] = (
        ("maps", [*_maps(chains), *grid_figures(chains)]),
        ("backbones alone", backbone_figures(chains)),
        ("backbones", _backbones(rows)),
        ("depths", _depths(chains, rows)),
        ("valid ahead", valid_ahead(chains)),
        ("best session", [_best_session(chains[0])]),
        ("distributions", _distributions(chains)),
    )
    for name, drawn in tables:
        blocks += drawn
        if not drawn:
            missing.append(_MISSING[name])
    if missing:
        blocks.append(Notes(tuple(missing)))
    sessions = sum(len(chain.run.sessions) for chain in chains)
    best = min(rows.values(), key=lambda row: row.mean)
    lead = (
        f"{plural(sessions, 'session')} in {plural(len(rows), 'search')} of a backbone and strategy; the best mean "
        f"over repeats is {spread('loss', best.mean, best.std)}, by {best.name}."
    )
    return Section("search", "Search", lead, tuple(blocks))


_MISSING = {
    "maps": "No map of learning rate and batch size: each search has a single setting.",
    "backbones alone": "No comparison of backbones with a new last layer alone (figure 4.3): it takes two of them.",
    "backbones": "No comparison of backbones and strategies: there is one of each.",
    "valid ahead": "No example of valid ahead of train (figure 4.1): no session's best valid accuracy exceeds what "
    "train had reached as well.",
    "depths": "No curve over depth: it takes two depths of a strategy, or one and the straightforward head.",
}


def best_rows(chains: Sequence[Chain]) -> dict[tuple[str, str, str], Point]:
    """Return the best setting of every backbone and strategy of each evaluation."""
    searches = [(cell.backbone, cell.strategy) for chain in chains for cell in _firsts(chain)]
    best: dict[tuple[str, str, str], Point] = {}
    for chain in chains:
        for cell in _firsts(chain):
            again = searches.count((cell.backbone, cell.strategy)) > 1
            name = f"{cell.backbone}, {cell.strategy}" + (f" ({chain.name})" if again else "")
            assert cell.loss.mean is not None
            best[chain.name, cell.backbone, cell.strategy] = Point(name, cell.loss.mean, cell.loss.std, cell.n)
    return best


def _firsts(chain: Chain) -> list[CellResult]:
    """Return the best setting of each backbone and strategy; an evaluation lists its settings best first."""
    firsts: dict[tuple[str, str], CellResult] = {}
    for cell in chain.metrics.cells:
        if cell.loss.mean is not None:
            firsts.setdefault((cell.backbone, cell.strategy), cell)
    return list(firsts.values())


def _maps(chains: Sequence[Chain]) -> list[Figures]:
    figures: list[Figure] = []
    for chain in chains:
        cells: dict[tuple[str, str], list[CellResult]] = {}
        for cell in chain.metrics.cells:
            if cell.loss.mean is not None:
                cells.setdefault((cell.backbone, cell.strategy), []).append(cell)
        for (backbone, strategy), members in cells.items():
            if len(members) > 1 and len(figures) < MAPS_DRAWN:
                title = f"{backbone}, {strategy}"
                slug = file_name("map", chain.name, title)
                if len(chains) > 1:
                    title = f"{chain.name}: {title}"
                values = {
                    (member.learning_rate, member.batch_size): (member.loss.mean or 0.0, member.n) for member in members
                }
                figures.append(grid_map(slug, title, values))
    if not figures:
        return []
    caption = (
        "Which learning rate and batch size (appendix B)? Mean of the best minimax losses over the repeats of each "
        "setting; framed the best."
    )
    if len(figures) == MAPS_DRAWN:
        caption += f" The first {MAPS_DRAWN} searches; all settings are in tables/."
    return [Figures(tuple(figures), caption)]


def _backbones(rows: dict[tuple[str, str, str], Point]) -> list[Figures]:
    if len(rows) < 2:
        return []
    points = sorted(rows.values(), key=lambda row: row.mean)
    caption = "Which backbone and strategy together? The best setting of each, mean ± std over its repeats."
    return [Figures((compared("backbones", points),), caption)]


def _depths(chains: Sequence[Chain], rows: dict[tuple[str, str, str], Point]) -> list[Figures]:
    figures, questions, band = [], [], untrained(chains)
    strategies = {
        (chain.name, session.backbone, session.adaptation.label): session.adaptation
        for chain in chains
        for session in chain.run.sessions
    }
    for kind, (word, axis, question) in KINDS.items():
        series: dict[str, dict[int, Point]] = {}
        for key, point in rows.items():
            adaptation = strategies[key]
            if isinstance(adaptation, kind):
                series.setdefault(key[1], {})[_depth(adaptation)] = point
        for key, point in rows.items():
            if isinstance(strategies[key], Straightforward) and key[1] in series:
                series[key[1]].setdefault(0, point)
        series = {name: points for name, points in series.items() if len(points) > 1}
        if series:
            figures.append(depths(f"depth-{word}", axis, series, band))
            questions.append(question)
    if not figures:
        return []
    caption = f"{' '.join(questions)} The best setting of each depth; 0 is the new last layer alone."
    if band is not None:
        caption += f" The band is valid loss before training, {spread('loss', band.mean, band.std)}."
    return [Figures(tuple(figures), caption)]


def _depth(adaptation: Strategy) -> int:
    return adaptation.layers if isinstance(adaptation, Unfreezing) else getattr(adaptation, "non_linearities", 0)


def _best_session(chain: Chain) -> Figures:
    chosen = next(session for session in chain.metrics.sessions if session.id == chain.metrics.chosen.session)
    histories = chain.histories
    figures = tuple(
        learning_curves(f"best-session-{measure}", curves_of(measure, [chosen], histories))
        for measure in ("loss", "accuracy")
    )
    epoch = chosen.best_loss.epoch if chosen.best_loss else None
    session: Session = next(session for session in chain.run.sessions if session.id == chosen.id)
    caption = f"How did the session that opened the test set train (figure 4.8)? {session.id}" + (
        f": its best epoch is {epoch}, at a minimax loss of {decimal(chosen.best_loss.loss)}."
        if chosen.best_loss
        else "."
    )
    return Figures(figures, caption)


def untrained(chains: Sequence[Chain]) -> Band | None:
    """Return mean and deviation of valid loss at epoch 0 over all sessions."""
    losses = [rows[0].valid_loss for chain in chains for rows in chain.histories.values() if rows]
    known = [loss for loss in losses if loss is not None]
    return Band(float(np.mean(known)), float(np.std(known))) if known else None


def _distributions(chains: Sequence[Chain]) -> list[Figures]:
    histories = [rows for chain in chains for rows in chain.histories.values() if rows]
    figures: list[Figure] = []
    for measure in ("loss", "accuracy"):
        values = [getattr(rows[0], f"valid_{measure}") for rows in histories]
        known = [value for value in values if value is not None]
        if len(known) > 1:
            figures.append(distribution(f"untrained-{measure}", measure, known))
    pairs = [
        (row.valid_accuracy, row.valid_loss)
        for rows in histories
        for row in rows
        if row.valid_accuracy is not None and row.valid_loss is not None
    ]
    if len(pairs) > 1:
        figures.append(density("accuracy-and-loss", pairs))
    caption = (
        "What does no training give, and do loss and accuracy tell the same (appendix C)? All sessions of the page."
    )
    return [Figures(tuple(figures), caption)] if figures else []
