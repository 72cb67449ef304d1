"""Training: the settings of the grid in order, and the learning curves of the best of them (appendix B)."""

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
    """Return the grid of each evaluation."""
    blocks: list[Block] = []
    for chain in chains:
        if len(chains) > 1:
            blocks.append(Heading(chain.name))
        blocks += [_table(chain), *_figures(chain)]
    lead = (
        "A session counts at the epoch where the worse of train and valid is best (minimax), never at epoch 0. "
        "A setting is ranked by the mean over its repeats; the best repeat alone would flatter it."
    )
    return Section("training", "Training", lead, tuple(blocks))


def _table(chain: Chain) -> Table:
    cells = chain.metrics.cells
    more = len(cells) - CELLS_LISTED
    columns = ("cell", "backbone", "strategy", "learning_rate", "batch_size", "n", "diverged")
    spreads = [(name, part) for name in ("loss", "accuracy") for part in ("mean", "std", "best")]
    return Table(
        slug=file_name("cells", chain.name),
        caption=f"Settings of {chain.metrics.run}, best first"
        + (f"; {count(more)} more in the CSV file" if more > 0 else ""),
        titles=tuple(
            Cell(title, kind="text" if index < 2 else "number")
            for index, title in enumerate(
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
        rows=tuple(_row(cell) for cell in cells[:CELLS_LISTED]),
        columns=(*columns, *(f"{name}_{part}" for name, part in spreads)),
        values=tuple(
            (
                *(getattr(cell, column) for column in columns),
                *(getattr(getattr(cell, name), part) for name, part in spreads),
            )
            for cell in cells
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
        sessions = [
            session for session in chain.metrics.sessions if session.cell == cell.cell and session.diverged is None
        ]
        chosen = ", the setting that was chosen" if cell.cell == chain.metrics.chosen.cell else ""
        caption = (
            f"How did it train (appendix B)? {cell.backbone}, {cell.strategy}, learning rate {cell.learning_rate:g}, "
            f"batch {cell.batch_size}{chosen}: "
            f"mean ± std of {plural(len(sessions), 'repeat')}."
        )
        names = [(measure, file_name("curves", chain.name, cell.cell, measure)) for measure in ("loss", "accuracy")]
        figures = [learning_curves(name, curves_of(measure, sessions, histories)) for measure, name in names]
        yield Figures(tuple(figures), caption)


def _drawn(chain: Chain) -> list[CellResult]:
    """Return the best settings, and the chosen one whatever its rank."""
    chosen = chain.metrics.chosen_cell
    best = [cell for cell in chain.metrics.cells[:CELLS_DRAWN] if cell.n]
    return best if chosen in best else [chosen, *best[: CELLS_DRAWN - 1]]


def curves_of(measure: str, sessions: Sequence[SessionResult], histories: dict[str, list[Metrics]]) -> Curves:
    """Return the curves of some sessions of a setting, `loss` or `accuracy`."""

    def curve(session: SessionResult, subset: str) -> dict[int, float]:
        values = [getattr(metrics, f"{subset}_{measure}") for metrics in histories[session.id]]
        return {epoch: value for epoch, value in enumerate(values) if value is not None}

    bests = [session.best_loss if measure == "loss" else session.best_accuracy for session in sessions]
    return Curves(
        measure=measure,
        train=[curve(session, "train") for session in sessions],
        valid=[curve(session, "valid") for session in sessions],
        best=[(best.epoch, value) for best in bests if best and (value := getattr(best, measure)) is not None],
    )
