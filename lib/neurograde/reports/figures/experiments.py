"""Figure 2.9: the same network on the same patches, families apart and families mixed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from neurograde.reports.blocks import Figure
from neurograde.reports.figures.curves import Curves, mean_and_deviation, moments
from neurograde.reports.figures.style import BEST, MARKER, MUTED, PAPER, SUBSET, canvas, legend_above, render
from neurograde.reports.numbers import decimal, spread

COLOURS = (SUBSET["external"], SUBSET["test"], BEST, SUBSET["valid"])
"""Colours of experiments 0, 1, 2 and the shuffle of patches, by rank."""
DASHES: dict[str, Literal["-"] | tuple[float, tuple[float, float]]] = {"train": "-", "valid": (0, (5, 1.6))}


class Experiment(NamedTuple):
    """The repeats of one experiment."""

    rank: int
    """Rank among the experiments of the report, from 0; gives the colour."""
    curves: Curves
    test_losses: tuple[float, ...]
    """Loss on the independent test set, per sample: of each repeat at its best epoch, the chosen session first."""


def experiments(slug: str, compared: Mapping[str, Experiment]) -> Figure:
    """Draw mean loss over the repeats, train solid, valid dashed; at the end mean and deviation on the test set."""
    with canvas(height_px=270) as drawing:
        axes = drawing.add_subplot()
        axes.grid(axis="y")
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        last, words = 0, []
        for name, experiment in compared.items():
            colour = COLOURS[experiment.rank]
            for subset, repeats in (("train", experiment.curves.train), ("valid", experiment.curves.valid)):
                epochs, mean, _ = moments(repeats)
                axes.plot(epochs, mean, color=colour, linestyle=DASHES[subset], linewidth=1.7)
                last = max(last, *epochs)
            valid = float(moments(experiment.curves.valid).mean[-1])
            test = spread("loss", *mean_and_deviation(experiment.test_losses))
            words.append(f"{name}: valid ends at {decimal(valid)}, test gives {test}")
        for index, experiment in enumerate(compared.values()):  # side by side, so that none hides behind an equal one
            mean_loss, deviation = mean_and_deviation(experiment.test_losses)
            axes.errorbar(last * (1.03 + 0.03 * index), mean_loss, yerr=deviation, fmt=MARKER["test"],
                          color=COLOURS[experiment.rank], elinewidth=1.4, capsize=2.5,
                          markeredgecolor=PAPER, markersize=7, clip_on=False)  # fmt: skip
        axes.set_title("loss", color=MUTED)
        axes.set(xlabel="epoch", xlim=(0, last * 1.15))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7))
        names = [Line2D([], [], color=COLOURS[experiment.rank], linewidth=1.7, label=name)
                 for name, experiment in compared.items()]  # fmt: skip
        legend_above(axes, [
            Line2D([], [], color=MUTED, linestyle=DASHES["train"], label="train"),
            Line2D([], [], color=MUTED, linestyle=DASHES["valid"], label="valid"),
            Line2D([], [], color=MUTED, marker=MARKER["test"], linestyle="", label="test"),
        ])  # fmt: skip
        drawing.legend(handles=names, loc="outside lower left", ncols=1)
        return render(drawing, slug, f"Loss of the experiments over the epochs. {'; '.join(words)}.")
