"""Figure 2.9: the same network on the same patches, families apart and families mixed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from neurograde.reports.blocks import Figure
from neurograde.reports.figures.curves import Curves, moments
from neurograde.reports.figures.style import BEST, MARKER, MUTED, PAPER, SUBSET, canvas, legend_above, render
from neurograde.reports.numbers import decimal

COLOURS = (SUBSET["external"], SUBSET["test"], BEST)
"""Colours of experiments 0, 1 and 2."""
DASHES: dict[str, Literal["-"] | tuple[float, tuple[float, float]]] = {"train": "-", "valid": (0, (5, 1.6))}


class Experiment(NamedTuple):
    """The repeats of one experiment."""

    number: int
    """0 keeps families apart, 1 exchanges patches, 2 shuffles them."""
    curves: Curves
    test_loss: float | None
    """Loss of the chosen session on its independent test set."""


def experiments(slug: str, compared: Mapping[str, Experiment]) -> Figure:
    """Draw mean loss over the repeats, train solid, valid dashed; at the end the loss on the independent test set."""
    with canvas(height_px=270) as drawing:
        axes = drawing.add_subplot()
        axes.grid(axis="y")
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        last, words = 0, []
        for name, experiment in compared.items():
            colour = COLOURS[experiment.number]
            for subset, repeats in (("train", experiment.curves.train), ("valid", experiment.curves.valid)):
                epochs, mean, _ = moments(repeats)
                axes.plot(epochs, mean, color=colour, linestyle=DASHES[subset], linewidth=1.7)
                last = max(last, *epochs)
            valid = float(moments(experiment.curves.valid).mean[-1])
            words.append(f"{name}: valid ends at {decimal(valid)}, test gives {decimal(experiment.test_loss)}")
        for index, experiment in enumerate(compared.values()):  # side by side, so that none hides behind an equal one
            if experiment.test_loss is not None:
                axes.plot(last * (1.03 + 0.03 * index), experiment.test_loss, MARKER["test"],
                          color=COLOURS[experiment.number],
                          markeredgecolor=PAPER, markersize=7, clip_on=False)  # fmt: skip
        axes.set_title("loss", color=MUTED)
        axes.set(xlabel="epoch", xlim=(0, last * 1.12))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7))
        names = [Line2D([], [], color=COLOURS[experiment.number], linewidth=1.7, label=name)
                 for name, experiment in compared.items()]  # fmt: skip
        legend_above(axes, [
            Line2D([], [], color=MUTED, linestyle=DASHES["train"], label="train"),
            Line2D([], [], color=MUTED, linestyle=DASHES["valid"], label="valid"),
            Line2D([], [], color=MUTED, marker=MARKER["test"], linestyle="", label="test"),
        ])  # fmt: skip
        drawing.legend(handles=names, loc="outside lower left", ncols=1)
        return render(drawing, slug, f"Loss of the experiments over the epochs. {'; '.join(words)}.")
