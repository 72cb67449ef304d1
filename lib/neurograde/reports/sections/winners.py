"""The winners: the best of each strategy (table 4.1), and of each backbone with a new last layer (figure 4.3).

Each is shown twice: the best of all sessions, which the study gives, and mean ± std of the setting that is chosen here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neurograde.reports.blocks import Figures, Notes, Table
from neurograde.reports.chain import Chain, of_study
from neurograde.reports.figures.backbones import Reached, backbones, family
from neurograde.reports.numbers import count, decimal, percent, plural, spread
from neurograde.reports.published import RETAINED, TABLE_4_1
from neurograde.reports.searched import Search, best_mean, best_session, by_kind, searched
from neurograde.reports.tables import Column, Text, table
from neurograde.specs.results.evaluation import CellResult, SessionResult
from neurograde.specs.strategies import Strategy


@dataclass(frozen=True)
class Winner:
    """The best of a kind of strategy."""

    kind: str
    tried: int
    """Sessions of all its searches."""
    chosen: Search
    """The search whose chosen setting has the best mean."""
    best: Search
    """The search that has the best of all sessions."""


def winners(chains: Sequence[Chain]) -> dict[str, Winner]:
    """Return the best of each kind of strategy, in the order of §4.2 to 4.4."""
    return {
        kind: Winner(kind, sum(search.tried for search in some), best_mean(some), best_session(some))
        for kind, some in by_kind(searched(chains)).items()
    }


def drawn_settings(chains: Sequence[Chain]) -> set[tuple[str, str]]:
    """Return evaluation and id of each setting whose curves are in figures B.1 to B.3."""
    return {
        (winner.best.chain.name, cell.cell)
        for winner in winners(chains).values()
        if len(winner.best.cells) > 1
        for cell in winner.best.cells
    }


def modification(adaptation: Strategy) -> str:
    """Return the words of table 4.1 for a strategy."""
    if adaptation.UNIT:
        return plural(adaptation.depth, adaptation.UNIT)
    return "/" if adaptation.has_frozen_trunk else adaptation.TITLE.lower()


def best_table(chains: Sequence[Chain]) -> tuple[Table, *tuple[Notes, ...]]:
    """Return table 4.1, and beside it the one of the study where the page is held against it."""
    columns = (
        Column("experiment", "experiment", kind="text", value=lambda row: row.kind),
        Column("backbone", value=lambda row: row.best.backbone),
        Column("strategy", value=lambda row: row.best.adaptation.label),
        Column("learning_rate", value=lambda row: row.best.best.learning_rate),
        Column("batch_size", value=lambda row: row.best.best.batch_size),
        Column(None, "best session", kind="text", show=lambda row: _where(row.best, row.best.best)),
        Column("loss", "loss", decimal, value=lambda row: row.best.best_loss),
        Column("accuracy", "accuracy", lambda value: percent(value, 2), value=lambda row: row.best.best_accuracy),
        Column(None, "the study's best", show=_published),
        Column("chosen_backbone", value=lambda row: row.chosen.backbone),
        Column("chosen_strategy", value=lambda row: row.chosen.adaptation.label),
        Column("chosen_learning_rate", value=lambda row: row.chosen.cell.learning_rate),
        Column("chosen_batch_size", value=lambda row: row.chosen.cell.batch_size),
        Column(None, "chosen setting", kind="text", show=lambda row: _where(row.chosen, row.chosen.cell)),
        Column(
            "loss_mean",
            "mean ± std",
            value=lambda row: row.chosen.mean,
            show=lambda row: (
                spread("loss", row.chosen.mean, row.chosen.cell.loss.std),
                spread("accuracy", *row.chosen.accuracy),
            ),
        ),
        Column("loss_std", value=lambda row: row.chosen.cell.loss.std),
        Column("accuracy_mean", value=lambda row: row.chosen.accuracy[0]),
        Column("accuracy_std", value=lambda row: row.chosen.accuracy[1]),
        Column("n", value=lambda row: row.chosen.cell.n),
        Column(
            "sessions",
            "sessions",
            value=lambda row: row.tried,
            show=lambda row: (count(row.tried), f"n = {row.chosen.cell.n}"),
        ),
    )
    caption = (
        "Which strategy is best on valid (table 4.1)? The best of all sessions by its minimax loss, with the accuracy "
        "of the same epoch, as the study has it; beside it the setting of best mean loss, which `best_of_best_cell` "
        "takes the model from, mean ± std of its n repeats, and how many sessions were searched"
    )
    rows, study = list(winners(chains).values()), of_study(chains)
    shown = [column for column in columns if study or column.show is not _published]
    return table("best", caption, shown, rows), *([Notes(tuple(_notes()))] if study else [])


def _where(search: Search, setting: SessionResult | CellResult) -> Text:
    modified = modification(search.adaptation)
    first = search.backbone if modified == "/" else f"{search.backbone}, {modified}"
    return first, f"{setting.learning_rate:g}, batch {setting.batch_size}"


def _published(row: Winner) -> Text:
    best = TABLE_4_1.get(row.kind)
    return (decimal(best.loss), percent(best.accuracy, 2)) if best else ""


def _notes() -> list[str]:
    best = "; ".join(f"{row.backbone} with {kind}" for kind, row in TABLE_4_1.items())
    return [
        f"the study's best sessions: {best}",
        f"the study's chosen setting (§4.5; {RETAINED.learning_rate:g}, batch {RETAINED.batch_size}, "
        f"n = {RETAINED.repeats}): mean best loss {decimal(RETAINED.mean_loss)}, mean best accuracy "
        f"{percent(RETAINED.mean_accuracy, 2)}; its best session opened the test set, as `opens: best` does",
    ]


def backbone_figures(chains: Sequence[Chain]) -> list[Figures]:
    """Return figure 4.3, where more than one backbone had a new last layer alone."""
    alone: dict[str, list[Search]] = {}
    for search in searched(chains):
        if search.adaptation.depth == 0 and search.adaptation.has_frozen_trunk:
            alone.setdefault(search.backbone, []).append(search)
    if len(alone) < 2:
        return []
    study = of_study(chains)
    reached = sorted((_reached(some, study=study) for some in alone.values()), key=lambda row: _natural(row.backbone))
    caption = (
        "Which backbone, with nothing but a new last layer (figure 4.3)? The best of all sessions with the accuracy of "
        "the same epoch, as the study plots it, and mean ± std over the repeats of the chosen setting."
    )
    best = TABLE_4_1["straightforward"]
    if best.backbone in alone and study:
        caption += (
            f" The ring is the study's {best.backbone}: {decimal(best.loss)} and {percent(best.accuracy)} (figure 4.3)."
        )
    return [Figures((backbones("backbones-straightforward", reached),), caption)]


def _reached(some: Sequence[Search], *, study: bool) -> Reached:
    best, chosen, published = best_session(some), best_mean(some), TABLE_4_1["straightforward"]
    mean_accuracy, std_accuracy = chosen.accuracy
    return Reached(
        best.backbone, best.best_loss, best.best_accuracy or 0.0, chosen.mean, chosen.cell.loss.std,
        mean_accuracy or 0.0, std_accuracy,
        (published.loss, published.accuracy) if study and published.backbone == best.backbone else None,
    )  # fmt: skip


def _natural(backbone: str) -> tuple[str, int, str]:
    """Return a key that sorts families by name, their members by number: resnet18 before resnet152."""
    digits = "".join(character for character in backbone[len(family(backbone)) :] if character.isdigit())
    return family(backbone), int(digits or 0), backbone
