"""Who won: the best cell of each strategy (table 4.1), and of each backbone with a new last layer (figure 4.3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean, stdev
from typing import NamedTuple

from neurograde.reports.blocks import Cell, Figures, Table
from neurograde.reports.chain import Chain
from neurograde.reports.figures.backbones import Reached, backbones, family
from neurograde.reports.leaks import searches
from neurograde.reports.numbers import count, decimal, percent, plural, spread
from neurograde.specs.results.evaluation import BestEpoch, CellResult
from neurograde.specs.train import Extension, Straightforward, Strategy, Unfreezing


class Winner(NamedTuple):
    """A cell that no other of its kind beats by the mean of its repeats."""

    chain: Chain
    cell: CellResult
    adaptation: Strategy
    mean: float

    @property
    def repeats(self) -> list[BestEpoch]:
        """The best epoch of each of its repeats, the best one first."""
        bests = [each.best_loss for each in self.chain.metrics.sessions if each.cell == self.cell.cell]
        return sorted((each for each in bests if each and each.loss is not None), key=lambda each: each.loss or 0.0)


def candidates(chains: Sequence[Chain]) -> Iterator[Winner]:
    """Yield every setting of the searches, the best of each evaluation first."""
    for chain in searches(chains):
        adaptations = {each.cell: each.adaptation for each in chain.run.sessions}
        for cell in chain.metrics.cells:
            if cell.loss.mean is not None:
                yield Winner(chain, cell, adaptations[cell.cell], cell.loss.mean)


def winners(chains: Sequence[Chain]) -> dict[str, Winner]:
    """The best cell of each kind of strategy, in the order of §4.2 to 4.4."""
    found: dict[str, Winner] = {}
    for each in candidates(chains):
        kind = each.adaptation.kind
        if kind not in found or each.mean < found[kind].mean:
            found[kind] = each
    order = ("straightforward", "extension", "unfreezing", "whole")
    return dict(sorted(found.items(), key=lambda item: order.index(item[0])))


def modification(adaptation: Strategy) -> str:
    """What table 4.1 says of a strategy."""
    if isinstance(adaptation, Extension):
        return plural(adaptation.non_linearities, "non-linearity")
    if isinstance(adaptation, Unfreezing):
        return plural(adaptation.layers, "unfrozen layer")
    return "/" if isinstance(adaptation, Straightforward) else "every layer"


def best_table(chains: Sequence[Chain]) -> Table:
    """Table 4.1."""
    found = winners(chains)
    searched = {
        kind: sum(each.cell.n + each.cell.diverged for each in candidates(chains) if each.adaptation.kind == kind)
        for kind in found
    }
    names = ("experiment", "CNN", "modification", "learning rate", "batch", "loss", "accuracy", "sessions")
    rows, values = [], []
    for kind, each in found.items():
        best, repeats = each.repeats[0], each.repeats
        accuracies = [one.accuracy for one in repeats if one.accuracy is not None]
        deviation = stdev(accuracies) if len(accuracies) > 1 else None
        mean = fmean(accuracies) if accuracies else None
        cell = each.cell
        rows.append(
            (
                Cell(kind, kind="text"),
                Cell(cell.backbone, kind="text"),
                Cell(modification(each.adaptation), kind="text"),
                Cell(f"{cell.learning_rate:g}"),
                Cell(count(cell.batch_size)),
                Cell(decimal(best.loss), spread("loss", cell.loss.mean, cell.loss.std)),
                Cell(percent(best.accuracy, 2), spread("accuracy", mean, deviation)),
                Cell(count(searched[kind]), f"n = {cell.n}"),
            )
        )
        values.append(
            (kind, cell.backbone, cell.strategy, cell.learning_rate, cell.batch_size, best.loss, best.accuracy,
             cell.loss.mean, cell.loss.std, mean, deviation, cell.n, searched[kind])
        )  # fmt: skip
    return Table(
        slug="best",
        caption="Which strategy is best on valid (table 4.1)? The best repeat of the cell of best mean loss, the "
        "accuracy of the same epoch; below them mean ± std of the n repeats, and how many sessions were searched",
        titles=tuple(Cell(name, kind="text" if place < 3 else "number") for place, name in enumerate(names)),
        rows=tuple(rows),
        columns=("experiment", "backbone", "strategy", "learning_rate", "batch_size", "loss", "accuracy", "loss_mean",
                 "loss_std", "accuracy_mean", "accuracy_std", "n", "sessions"),
        values=tuple(values),
    )  # fmt: skip


def backbone_figures(chains: Sequence[Chain]) -> list[Figures]:
    """Figure 4.3, where more than one backbone had a new last layer alone."""
    best: dict[str, Winner] = {}
    for each in candidates(chains):
        name = each.cell.backbone
        if isinstance(each.adaptation, Straightforward) and (name not in best or each.mean < best[name].mean):
            best[name] = each
    if len(best) < 2:
        return []
    found = sorted((_reached(each) for each in best.values()), key=lambda each: _natural(each.backbone))
    caption = (
        "Which backbone, with nothing but a new last layer (figure 4.3)? The best cell of each: its best repeat and "
        "the accuracy of the same epoch, and mean ± std over the repeats."
    )
    return [Figures((backbones("backbones-straightforward", found),), caption)]


def _reached(winner: Winner) -> Reached:
    repeats = winner.repeats
    losses = [each.loss or 0.0 for each in repeats]
    accuracies = [each.accuracy or 0.0 for each in repeats]
    deviations = [stdev(each) if len(each) > 1 else None for each in (losses, accuracies)]
    return Reached(
        winner.cell.backbone, losses[0], accuracies[0], fmean(losses), deviations[0], fmean(accuracies), deviations[1]
    )


def _natural(backbone: str) -> tuple[str, int, str]:
    """Families by name, their members by number: resnet18 before resnet152."""
    digits = "".join(each for each in backbone[len(family(backbone)) :] if each.isdigit())
    return family(backbone), int(digits or 0), backbone
