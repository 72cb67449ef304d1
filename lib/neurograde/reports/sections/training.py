"""Training: the settings of each grid in order, and the curves of a chosen one that no other figure of the page has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter

from neurograde.reports.blocks import Block, Figures, Heading, Notes, Section, Table
from neurograde.reports.chain import Chain, file_name
from neurograde.reports.figures.curves import Curves, learning_curves
from neurograde.reports.leaks import cell_of, members
from neurograde.reports.numbers import count, decimal, percent, plural, spread
from neurograde.reports.sections.winners import drawn_settings
from neurograde.reports.tables import Column, table
from neurograde.specs.records import Metrics
from neurograde.specs.results.evaluation import SessionResult

CELLS_LISTED = 20


def training(chains: Sequence[Chain]) -> Section:
    """Return the grid of each evaluation."""
    blocks: list[Block] = []
    # The grids of the search (figures B.1 to B.3) and the experiments (2.9) have the curves of their settings.
    elsewhere = drawn_settings(chains) | {(chain.name, str(cell_of(chains))) for chain in members(chains).values()}
    for chain in chains:
        if len(chains) > 1:
            blocks.append(Heading(chain.name))
        blocks += [_table(chain), *_crops(chain), *_epochs(chain)]
        if (chain.name, chain.metrics.chosen.cell) not in elsewhere:
            blocks.append(_figures(chain))
    lead = (
        "A session counts at the epoch where the worse of train and valid is best (minimax), never at epoch 0. "
        "A setting is ranked by the mean over its repeats; the best repeat alone would flatter it."
    )
    return Section("training", "Training", lead, tuple(blocks))


def _table(chain: Chain) -> Table:
    cells = chain.metrics.cells
    more = len(cells) - CELLS_LISTED
    caption = f"Settings of {chain.metrics.run}, best first" + (
        f"; {count(more)} more in the CSV file" if more > 0 else ""
    )
    return table(file_name("cells", chain.name), caption, COLUMNS, cells[:CELLS_LISTED], csv_rows=cells)


def _crops(chain: Chain) -> Iterator[Notes]:
    """Yield a note where sessions read fewer crops of a sample than they have epochs."""
    spec = chain.run.spec
    slices = spec.crop_slices or spec.longest
    if spec.crop == "random" and slices < spec.longest:
        words = f"{plural(slices, 'random crop')} of each train sample are read in turn over {spec.longest} epochs"
        beside = "; the study draws a crop at each iteration (§2.2.1)" if chain.study else ""
        yield Notes((f"{words}{beside}",))


COLUMNS = (
    Column("cell", value=attrgetter("cell")),
    Column("backbone", "backbone", kind="text", value=attrgetter("backbone")),
    Column("strategy", "strategy", kind="text", value=attrgetter("strategy")),
    Column("learning_rate", "learning rate", "{:g}".format, value=attrgetter("learning_rate")),
    Column("batch_size", "batch", count, value=attrgetter("batch_size")),
    Column(
        "n",
        "n",
        value=attrgetter("n"),
        show=lambda cell: (count(cell.n), f"{cell.diverged} diverged" if cell.diverged else ""),
    ),
    Column("diverged", value=attrgetter("diverged")),
    Column(
        "loss_mean",
        "loss",
        value=attrgetter("loss.mean"),
        show=lambda cell: spread("loss", cell.loss.mean, cell.loss.std),
    ),
    Column("loss_std", value=attrgetter("loss.std")),
    Column("loss_best", "best loss", decimal, value=attrgetter("loss.best")),
    Column(
        "accuracy_mean",
        "accuracy",
        value=attrgetter("accuracy.mean"),
        show=lambda cell: spread("accuracy", cell.accuracy.mean, cell.accuracy.std),
    ),
    Column("accuracy_std", value=attrgetter("accuracy.std")),
    Column("accuracy_best", "best accuracy", percent, value=attrgetter("accuracy.best")),
)
"""The columns of a grid; a row is a setting."""


def _epochs(chain: Chain) -> Iterator[Table]:
    """Yield the table of epochs of a grid whose sessions do not all have the same: rules of the spec, written out."""
    epochs = {
        (session.backbone, session.adaptation.label, session.learning_rate, session.batch_size): session.epochs
        for session in chain.run.sessions
    }
    if len(set(epochs.values())) < 2:
        return
    rates, sizes = sorted({rate for _, _, rate, _ in epochs}), sorted({size for *_, size in epochs})
    by_grid: dict[tuple[tuple[int, ...], ...], list[tuple[str, str]]] = {}
    for network in dict.fromkeys(setting[:2] for setting in epochs):
        grid = tuple(tuple(epochs[(*network, rate, size)] for rate in rates) for size in sizes)
        by_grid.setdefault(grid, []).append(network)
    lines = [
        (_networks(networks if len(by_grid) > 1 else []), size, *row)
        for grid, networks in by_grid.items()
        for size, row in zip(sizes, grid, strict=True)
    ]
    columns = (
        Column(None, "networks", kind="text"),
        Column(None, "batch", count),
        *(Column(None, f"learning rate {rate:g}", count) for rate in rates),
    )
    names = ("backbone", "strategy", "learning_rate", "batch_size", "epochs")
    rows = [(*setting, number) for setting, number in epochs.items()]
    caption = f"Epochs of the sessions of {chain.metrics.run} (§5.3.2: 25 to 100), by batch size and learning rate"
    yield table(file_name("epochs", chain.name), caption, columns, lines, csv=(names, rows))


def _networks(networks: Sequence[tuple[str, str]]) -> str:
    """Return networks with their strategies in words; `all` for none."""
    return ", ".join(f"{backbone} {strategy}" for backbone, strategy in networks) or "all"


def _figures(chain: Chain) -> Figures:
    """Return the curves of the chosen setting."""
    setting = chain.metrics.chosen_cell
    sessions = [
        session for session in chain.metrics.sessions if session.cell == setting.cell and session.diverged is None
    ]
    caption = (
        f"How did it train (appendix B)? {setting.backbone}, {setting.strategy}, learning rate "
        f"{setting.learning_rate:g}, batch {setting.batch_size}, the setting that was chosen: mean ± std of "
        f"{plural(len(sessions), 'repeat')}."
    )
    figures = [
        learning_curves(
            file_name("curves", chain.name, setting.cell, measure), curves_of(measure, sessions, chain.histories)
        )
        for measure in ("loss", "accuracy")
    ]
    return Figures(tuple(figures), caption)


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
