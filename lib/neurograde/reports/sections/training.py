"""Training: the cells of the grid in order, and the learning curves of the best of them (appendix B)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from neurograde.reports.blocks import Block, Cell, Figures, Heading, Section, Table
from neurograde.reports.chain import Chain, file_name
from neurograde.reports.figures.curves import Curves, learning_curves
from neurograde.reports.numbers import count, decimal, percent, plural, spread
from neurograde.specs.records import Metrics
from neurograde.specs.results.evaluation import CellResult, SessionResult

CELLS_DRAWN = 4
CELLS_LISTED = 20


def training(chains: Sequence[Chain]) -> Section:
    """The grid of each evaluation."""
    blocks: list[Block] = []
    for chain in chains:
        if len(chains) > 1:
            blocks.append(Heading(chain.name))
        blocks += [_table(chain), *_figures(chain)]
    lead = (
        "A session counts at the epoch where the worse of train and valid is best (minimax), never at epoch 0. "
        "A cell is ranked by the mean over its repeats; the best repeat alone would flatter it."
    )
    return Section("training", "Training", lead, tuple(blocks))


def _table(chain: Chain) -> Table:
    cells = chain.metrics.cells
    more = len(cells) - CELLS_LISTED
    columns = ("cell", "backbone", "strategy", "learning_rate", "batch_size", "n", "diverged")
    spreads = [(name, part) for name in ("loss", "accuracy") for part in ("mean", "std", "best")]
    return Table(
        slug=file_name("cells", chain.name),
        caption=f"Cells of {chain.metrics.run}, best first"
        + (f"; {count(more)} more in the CSV file" if more > 0 else ""),
        titles=tuple(
            Cell(title, kind="text" if place < 2 else "number")
            for place, title in enumerate(
                (
                    "backbone",
                    "strategy",
                    "learning rate",
                    "batch",
                    "n",
                    "loss",
                    "best loss",
                    "accuracy",
                    "best accuracy",
                )
            )
        ),
        rows=tuple(_row(each) for each in cells[:CELLS_LISTED]),
        columns=(*columns, *(f"{name}_{part}" for name, part in spreads)),
        values=tuple(
            (
                *(getattr(each, column) for column in columns),
                *(getattr(getattr(each, name), part) for name, part in spreads),
            )
            for each in cells
        ),
    )


def _row(cell: CellResult) -> tuple[Cell, ...]:
    return (
        Cell(cell.backbone, kind="text"),
        Cell(cell.strategy, kind="text"),
        Cell(f"{cell.learning_rate:g}"),
        Cell(count(cell.batch_size)),
        Cell(count(cell.n), f"{cell.diverged} diverged" if cell.diverged else ""),
        Cell(spread("loss", cell.loss.mean, cell.loss.std)),
        Cell(decimal(cell.loss.best)),
        Cell(spread("accuracy", cell.accuracy.mean, cell.accuracy.std)),
        Cell(percent(cell.accuracy.best)),
    )


def _figures(chain: Chain) -> Iterator[Figures]:
    histories = chain.histories
    for cell in _drawn(chain):
        sessions = [each for each in chain.metrics.sessions if each.cell == cell.cell and each.diverged is None]
        chosen = ", the cell that was chosen" if cell.cell == chain.metrics.chosen.cell else ""
        caption = (
            f"How did it train (appendix B)? {cell.backbone}, {cell.strategy}, learning rate {cell.learning_rate:g}, "
            f"batch {cell.batch_size}{chosen}: "
            f"mean ± std of {plural(len(sessions), 'repeat')}."
        )
        names = [(measure, file_name("curves", chain.name, cell.cell, measure)) for measure in ("loss", "accuracy")]
        figures = [learning_curves(name, curves_of(measure, sessions, histories)) for measure, name in names]
        yield Figures(tuple(figures), caption)


def _drawn(chain: Chain) -> list[CellResult]:
    """The best cells, and the chosen one wherever it stands."""
    chosen = chain.metrics.chosen_cell
    best = [each for each in chain.metrics.cells[:CELLS_DRAWN] if each.n]
    return best if chosen in best else [chosen, *best[: CELLS_DRAWN - 1]]


def curves_of(measure: str, sessions: Sequence[SessionResult], histories: dict[str, list[Metrics]]) -> Curves:
    """The curves of some sessions of a cell, `loss` or `accuracy`."""

    def curve(session: SessionResult, subset: str) -> dict[int, float]:
        values = [getattr(each, f"{subset}_{measure}") for each in histories[session.id]]
        return {epoch: value for epoch, value in enumerate(values) if value is not None}

    bests = [each.best_loss if measure == "loss" else each.best_accuracy for each in sessions]
    return Curves(
        measure=measure,
        train=[curve(each, "train") for each in sessions],
        valid=[curve(each, "valid") for each in sessions],
        best=[(each.epoch, value) for each in bests if each and (value := getattr(each, measure)) is not None],
    )
