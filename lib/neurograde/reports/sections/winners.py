"""The winners: the best setting of each strategy (table 4.1), and of each backbone with a new last layer (4.3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from operator import attrgetter
from statistics import fmean, stdev
from typing import NamedTuple

from neurograde.reports.blocks import Figures, Table
from neurograde.reports.chain import Chain
from neurograde.reports.figures.backbones import Reached, backbones, family
from neurograde.reports.leaks import searches
from neurograde.reports.numbers import count, decimal, percent, plural, spread
from neurograde.reports.tables import Column, table
from neurograde.specs.results.evaluation import BestEpoch, CellResult
from neurograde.specs.strategies import Extension, Straightforward, Strategy, Unfreezing


class Winner(NamedTuple):
    """A setting that no other of its kind beats by the mean of its repeats."""

    chain: Chain
    cell: CellResult
    adaptation: Strategy
    mean: float

    @property
    def repeats(self) -> list[BestEpoch]:
        """Return the best epoch of each of its repeats, the best one first."""
        bests = [session.best_loss for session in self.chain.metrics.sessions if session.cell == self.cell.cell]
        return sorted((best for best in bests if best and best.loss is not None), key=lambda best: best.loss or 0.0)

    @property
    def accuracy(self) -> tuple[float | None, float | None]:
        """Return mean and deviation of the repeats' accuracies, each at its epoch of best loss."""
        accuracies = [repeat.accuracy for repeat in self.repeats if repeat.accuracy is not None]
        return fmean(accuracies) if accuracies else None, stdev(accuracies) if len(accuracies) > 1 else None


def candidates(chains: Sequence[Chain]) -> Iterator[Winner]:
    """Yield every setting of the searches, the best of each evaluation first."""
    for chain in searches(chains):
        adaptations = {session.cell: session.adaptation for session in chain.run.sessions}
        for cell in chain.metrics.cells:
            if cell.loss.mean is not None:
                yield Winner(chain, cell, adaptations[cell.cell], cell.loss.mean)


def winners(chains: Sequence[Chain]) -> dict[str, Winner]:
    """Return the best setting of each kind of strategy, in the order of §4.2 to 4.4."""
    best: dict[str, Winner] = {}
    for candidate in candidates(chains):
        kind = candidate.adaptation.kind
        if kind not in best or candidate.mean < best[kind].mean:
            best[kind] = candidate
    order = ("straightforward", "extension", "unfreezing", "whole")
    return dict(sorted(best.items(), key=lambda item: order.index(item[0])))


def modification(adaptation: Strategy) -> str:
    """Return the words of table 4.1 for a strategy."""
    if isinstance(adaptation, Extension):
        return plural(adaptation.non_linearities, "non-linearity")
    if isinstance(adaptation, Unfreezing):
        return plural(adaptation.layers, "unfrozen layer")
    return "/" if isinstance(adaptation, Straightforward) else "every layer"


def best_table(chains: Sequence[Chain]) -> Table:
    """Return table 4.1."""
    searched: Counter[str] = Counter()
    for candidate in candidates(chains):
        searched[candidate.adaptation.kind] += candidate.cell.n + candidate.cell.diverged
    columns = (
        Column("experiment", "experiment", kind="text", value=attrgetter("adaptation.kind")),
        Column("backbone", "CNN", kind="text", value=attrgetter("cell.backbone")),
        Column(
            "strategy",
            "modification",
            kind="text",
            value=attrgetter("cell.strategy"),
            show=lambda winner: modification(winner.adaptation),
        ),
        Column("learning_rate", "learning rate", "{:g}".format, value=attrgetter("cell.learning_rate")),
        Column("batch_size", "batch", count, value=attrgetter("cell.batch_size")),
        Column(
            "loss",
            "loss",
            value=lambda winner: winner.repeats[0].loss,
            show=lambda winner: (
                decimal(winner.repeats[0].loss),
                spread("loss", winner.cell.loss.mean, winner.cell.loss.std),
            ),
        ),
        Column(
            "accuracy",
            "accuracy",
            value=lambda winner: winner.repeats[0].accuracy,
            show=lambda winner: (percent(winner.repeats[0].accuracy, 2), spread("accuracy", *winner.accuracy)),
        ),
        Column("loss_mean", value=attrgetter("cell.loss.mean")),
        Column("loss_std", value=attrgetter("cell.loss.std")),
        Column("accuracy_mean", value=lambda winner: winner.accuracy[0]),
        Column("accuracy_std", value=lambda winner: winner.accuracy[1]),
        Column("n", value=attrgetter("cell.n")),
        Column(
            "sessions",
            "sessions",
            value=lambda winner: searched[winner.adaptation.kind],
            show=lambda winner: (count(searched[winner.adaptation.kind]), f"n = {winner.cell.n}"),
        ),
    )
    caption = (
        "Which strategy is best on valid (table 4.1)? The best repeat of the setting of best mean loss, the "
        "accuracy of the same epoch; below them mean ± std of the n repeats, and how many sessions were searched"
    )
    return table("best", caption, columns, list(winners(chains).values()))


def backbone_figures(chains: Sequence[Chain]) -> list[Figures]:
    """Return figure 4.3, where more than one backbone had a new last layer alone."""
    best: dict[str, Winner] = {}
    for candidate in candidates(chains):
        name = candidate.cell.backbone
        if isinstance(candidate.adaptation, Straightforward) and (name not in best or candidate.mean < best[name].mean):
            best[name] = candidate
    if len(best) < 2:
        return []
    reached = sorted((_reached(winner) for winner in best.values()), key=lambda winner: _natural(winner.backbone))
    caption = (
        "Which backbone, with nothing but a new last layer (figure 4.3)? The best setting of each: its best repeat and "
        "the accuracy of the same epoch, and mean ± std over the repeats."
    )
    return [Figures((backbones("backbones-straightforward", reached),), caption)]


def _reached(winner: Winner) -> Reached:
    repeats = winner.repeats
    losses = [repeat.loss or 0.0 for repeat in repeats]
    accuracies = [repeat.accuracy or 0.0 for repeat in repeats]
    deviations = [stdev(values) if len(values) > 1 else None for values in (losses, accuracies)]
    return Reached(
        winner.cell.backbone, losses[0], accuracies[0], fmean(losses), deviations[0], fmean(accuracies), deviations[1]
    )


def _natural(backbone: str) -> tuple[str, int, str]:
    """Return a key that sorts families by name, their members by number: resnet18 before resnet152."""
    digits = "".join(character for character in backbone[len(family(backbone)) :] if character.isdigit())
    return family(backbone), int(digits or 0), backbone
