"""Accuracy against energy, a mark for each method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.ticker import LogLocator, NullFormatter, PercentFormatter

from neurograde.reports.blocks import Figure
from neurograde.reports.figures.style import INK, PAPER, SUBSET, canvas, render, short
from neurograde.reports.numbers import NARROW, decimal, metric
from neurograde.specs.results.assessment import Interval

ROOM_FOR_WORDS = 0.6
"""Room for words beside the last mark, as a share of the width of the marks."""
LINE_PX = 9


class Mark(NamedTuple):
    """A method."""

    name: str
    label: str
    """Name in the figure: as short as it stays unique."""
    accuracy: Interval
    wh: float
    is_network: bool


def accuracy_against_energy(slug: str, marks: Sequence[Mark]) -> Figure:
    """Draw test accuracy with its interval over the energy that it took; networks are squares, others circles."""
    height_px = 90 + 26 * len(marks)
    with canvas(height_px=height_px) as drawing:
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
        axes.margins(x=0.08)
        least, most = axes.get_xlim()
        axes.set_xlim(least, most * (most / least) ** ROOM_FOR_WORDS)
        bottom, top = axes.get_ylim()
        accuracy_a_px = (top - bottom) / (0.8 * height_px)
        for kind in (True, False):  # they lie far apart
            alike = [mark for mark in marks if mark.is_network == kind and mark.accuracy.value is not None]
            heights = spread([mark.accuracy.value or 0 for mark in alike], LINE_PX * accuracy_a_px)
            for mark, height in zip(alike, heights, strict=True):
                axes.annotate(
                    short(mark.label, 32), (mark.wh, height), (6, 3), textcoords="offset points", fontsize=8, color=INK
                )
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=f"{NARROW}%"))
        axes.xaxis.set_major_locator(LogLocator(numticks=6))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set(xlabel="Wh", title="test accuracy")
        words = "; ".join(
            f"{mark.name} {metric('accuracy', mark.accuracy.value)} for {decimal(mark.wh, 2)} Wh" for mark in marks
        )
        return render(drawing, slug, f"Test accuracy over energy. {words}.")


def spread(values: Sequence[float], step: float) -> list[float]:
    """Return the values, the lower of two that are nearer than `step` moved down, so that their words do not overlap.

    >>> spread([0.5, 0.9, 0.89], 0.02)
    [0.5, 0.9, 0.88]
    """
    spaced, above = list(values), float("inf")
    for index in sorted(range(len(spaced)), key=lambda index: -spaced[index]):
        spaced[index] = above = min(spaced[index], above - step)
    return spaced
