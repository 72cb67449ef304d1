"""The search: every setting, backbones, strategies and depths compared (table 4.1, figures 4.3 to 4.8, B, C)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurograde.reports.blocks import Block, Figure, Figures, Notes, Section
from neurograde.reports.chain import Chain, file_name, of_study
from neurograde.reports.figures.curves import learning_curves
from neurograde.reports.figures.search import Band, Point, compared, density, depths, distribution, grid_map
from neurograde.reports.numbers import count, decimal, plural, spread
from neurograde.reports.published import EPOCHS, SESSIONS, TABLE_4_1, UNTRAINED
from neurograde.reports.searched import Search, at_start, best_mean, best_session, by_kind, epochs, grids, searched
from neurograde.reports.sections.grids import grid_figures, valid_ahead
from neurograde.reports.sections.training import curves_of
from neurograde.reports.sections.winners import backbone_figures, best_table, winners
from neurograde.specs.records import Session
from neurograde.specs.strategies import KINDS

COMPARED = 16  # searches in one figure: more would be a page of dots
QUESTIONS = {
    "extension": "Does a deeper head help (figure 4.5)?",
    "unfreezing": "Does training more of the network help (figure 4.7)?",
}
"""Question of the curve over the depths of a strategy, by its kind."""


def search(chains: Sequence[Chain]) -> Section:
    """Return everything that was tried in the searches of the page; a line names each figure that needs more of it.

    Leak experiments are left out: they are compared in the section of experiments.
    """
    chains = grids(chains)
    if not chains:
        return Section("search", "Search", "", ())
    blocks: list[Block] = [*best_table(chains)]
    missing: list[str] = []
    rows = best_rows(chains)
    tables: tuple[tuple[str, Sequence[Block]], ...] = (
        ("maps", [*_maps(chains), *grid_figures(chains)]),
        ("backbones alone", backbone_figures(chains)),
        ("backbones", _backbones(rows)),
        ("depths", _depths(chains)),
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
    everything = searched(chains)
    sessions = sum(len(chain.run.sessions) for chain in chains)
    best, chosen = best_session(everything), best_mean(everything)
    lead = (
        f"{plural(sessions, 'session')} in {plural(len(rows), 'search')} of a backbone and strategy; the best session "
        f"reaches {decimal(best.best_loss)} ({best.name}), the best mean over repeats is "
        f"{spread('loss', chosen.mean, chosen.cell.loss.std)} ({chosen.name})"
    )
    lead += "; the study has 0.278 and 0.310 (§4.5)." if of_study(chains) else "."
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
    """Return the chosen setting and the best session of every backbone and strategy of each evaluation."""
    everything = searched(chains)
    names = [search.name for search in everything]
    return {
        (search.chain.name, search.backbone, search.adaptation.label): _point(
            search, search.name + (f" ({search.chain.name})" if names.count(search.name) > 1 else "")
        )
        for search in everything
    }


def _point(search: Search, name: str) -> Point:
    return Point(name, search.mean, search.cell.loss.std, search.cell.n, search.best_loss)


def _maps(chains: Sequence[Chain]) -> list[Figures]:
    """Return a map for each row of table 4.1: the grid that has the best session of the strategy."""
    figures = []
    for winner in winners(chains).values():
        search = winner.best
        if len(search.cells) > 1:
            values = {(cell.learning_rate, cell.batch_size): (cell.loss.mean or 0.0, cell.n) for cell in search.cells}
            figures.append(grid_map(file_name("map", search.chain.name, search.name), search.name, values))
    if not figures:
        return []
    caption = (
        "Which learning rate and batch size (appendix B)? Of the grid with the best session of each strategy: mean of "
        "the best minimax losses over the repeats of each setting, framed the best. All settings are in tables/."
    )
    return [Figures(tuple(figures), caption)]


def _backbones(rows: dict[tuple[str, str, str], Point]) -> list[Figures]:
    if len(rows) < 2:
        return []
    points = sorted(rows.values(), key=lambda row: row.mean)
    caption = (
        "Which backbone and strategy together? The best of all sessions of each, and mean ± std of the chosen setting."
    )
    if len(points) > COMPARED:
        caption += f" The {COMPARED} best of {len(points)} searches by the mean; all settings are in tables/."
    return [Figures((compared("backbones", points[:COMPARED]),), caption)]


def _depths(chains: Sequence[Chain]) -> list[Figures]:
    figures, questions, band = [], [], untrained(chains)
    kinds = by_kind(searched(chains))
    alone = {search.backbone: search for search in kinds.get(KINDS[0], ())}
    for kind, searches in kinds.items():
        unit = searches[0].adaptation.UNIT
        series: dict[str, dict[int, Point]] = {}
        for search in (search for search in searches if unit):
            points = series.setdefault(search.backbone, {})
            points[search.adaptation.depth] = _point(search, search.name)
            if search.backbone in alone:
                points.setdefault(0, _point(alone[search.backbone], alone[search.backbone].name))
        series = {backbone: points for backbone, points in series.items() if len(points) > 1}
        if series:
            best = TABLE_4_1.get(kind) if of_study(chains) else None
            published = (best.depth, best.loss) if best and best.backbone in series else None
            units = plural(2, unit).removeprefix("2 ")
            figures.append(depths(f"depth-{kind}", f"number of {units}", series, band, published))
            questions.append(QUESTIONS.get(kind, f"Do more {units} help?"))
    if not figures:
        return []
    caption = (
        f"{' '.join(questions)} At each depth the best of all sessions, as the study plots it (the line), and mean ± "
        "std of the chosen setting (the bars); 0 is the new last layer alone."
    )
    if of_study(chains):
        caption += (
            " Rings are the study's best: 0.278 with 4 non-linearities on Inception v3, 0.282 with 6 unfrozen layers "
            "of VGG 19."
        )
    if band is not None:
        caption += f" The band is the loss before training, train and valid: {spread('loss', band.mean, band.std)}"
        caption += f"; the study's is {UNTRAINED['loss'].text} (figure C.1)." if of_study(chains) else "."
    return [Figures(tuple(figures), caption)]


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
    """Return mean and deviation of the losses at epoch 0 over all sessions, on train and valid."""
    losses = at_start(chains, "loss")
    return Band(float(np.mean(losses)), float(np.std(losses))) if losses else None


def _distributions(chains: Sequence[Chain]) -> list[Figures]:
    figures: list[Figure] = []
    for measure in ("loss", "accuracy"):
        values = at_start(chains, measure)
        if len(values) > 1:
            figures.append(distribution(f"untrained-{measure}", measure, values))
    pairs = epochs(chains)
    if len(pairs) > 1:
        figures.append(density("accuracy-and-loss", pairs))
    if not figures:
        return []
    caption = (
        "What does no training give, and do loss and accuracy tell the same (appendix C)? All sessions of the page, on "
        "train and valid."
    )
    if of_study(chains):
        caption += (
            f" The study's {count(SESSIONS)} sessions begin at a loss of {UNTRAINED['loss'].text} (C.1) and an "
            f"accuracy of {UNTRAINED['accuracy'].text} (C.2); figure C.3 has {count(EPOCHS)} epochs."
        )
    return [Figures(tuple(figures), caption)]
