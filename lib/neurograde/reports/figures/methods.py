"""Accuracy against energy, a mark for each method."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.ticker import LogLocator, NullFormatter, PercentFormatter

from neurograde.reports.blocks import Figure
from neurograde.reports.figures.style import INK, PAPER, SUBSET, canvas, render, short
from neurograde.reports.numbers import NARROW, decimal, metric
from neurograde.reports.readings import Interval


class Mark(NamedTuple):
    """A method."""

    name: str
    label: str
    """What it is called in the figure: no more than tells it from the others."""
    accuracy: Interval
    wh: float
    is_network: bool


def accuracy_against_energy(slug: str, marks: Sequence[Mark]) -> Figure:
    """Test accuracy with its interval over the energy that it took; networks are squares, the others circles."""
    middle = math.sqrt(min(each.wh for each in marks) * max(each.wh for each in marks))
    with canvas(height_px=90 + 26 * len(marks)) as drawing:
        axes = drawing.add_subplot()
        axes.grid(axis="both")
        axes.set_xscale("log")
        for mark in marks:
            value, low, high = mark.accuracy.value, mark.accuracy.low, mark.accuracy.high
            if value is None:
                continue
            colour = SUBSET["train" if mark.is_network else "valid"]
            if low is not None and high is not None:
                axes.plot([mark.wh, mark.wh], [low, high], color=colour, linewidth=1.2, alpha=0.6)
            axes.plot(
                mark.wh, value, "s" if mark.is_network else "o", color=colour, markeredgecolor=PAPER, markersize=8
            )
            side = -1 if mark.wh > middle else 1  # words go inwards
            axes.annotate(
                short(mark.label, 26), (mark.wh, value), (6 * side, 5), textcoords="offset points",
                ha="right" if side < 0 else "left", fontsize=8, color=INK,
            )  # fmt: skip
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=f"{NARROW}%"))
        axes.xaxis.set_major_locator(LogLocator(numticks=6))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set(xlabel="Wh", title="test accuracy")
        axes.margins(x=0.08)
        words = "; ".join(
            f"{each.name} {metric('accuracy', each.accuracy.value)} for {decimal(each.wh, 2)} Wh" for each in marks
        )
        return render(drawing, slug, f"Test accuracy over energy. {words}.")
