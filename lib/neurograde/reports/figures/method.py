"""Figure 3.1: the method as it was run, from the images to the test set."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from neurograde.reports.blocks import Figure
from neurograde.reports.figures.style import INK, MUTED, RULE, WIDTH_PX, bare, canvas, render

BOX_PX, GAP_PX, LINE_PX = 22, 20, 12  # head of a box, between two rows, a line of text


class Box(NamedTuple):
    """A step."""

    title: str
    lines: tuple[str, ...] = ()
    colour: str = INK
    """Of its title."""


def method(slug: str, rows: Sequence[Sequence[Box]]) -> Figure:
    """The steps from top to bottom; those of a row go side by side."""
    heights = [BOX_PX + LINE_PX * max(len(box.lines) for box in row) for row in rows]
    total = sum(heights) + GAP_PX * (len(rows) - 1)
    with canvas(height_px=total + 8) as drawing:
        axes = bare(drawing.add_axes((0, 0, 1, 1)))
        axes.set(xlim=(0, WIDTH_PX), ylim=(total + 4, -4), xticks=[], yticks=[])
        top = 0.0
        before: list[float] = []
        for row, height in zip(rows, heights, strict=True):
            width = (WIDTH_PX - 4 - 8 * (len(row) - 1)) / len(row)
            middles = []
            for place, box in enumerate(row):
                left = 2 + place * (width + 8)
                _box(axes, box, (left, top, width, height))
                middles.append(left + width / 2)
            _arrows(axes, before, middles, top)
            before, top = middles, top + height + GAP_PX
        words = "; ".join(f"{box.title}: {', '.join(box.lines)}" for row in rows for box in row)
        return render(drawing, slug, f"The method, step by step. {words}.")


def _box(axes: Axes, box: Box, place: tuple[float, float, float, float]) -> None:
    left, top, width, height = place
    outline = FancyBboxPatch(
        (left, top), width, height, boxstyle="round,pad=0,rounding_size=4", facecolor="none", edgecolor=RULE,
        linewidth=1.2,
    )  # fmt: skip
    axes.add_patch(outline)
    middle = left + width / 2
    axes.text(middle, top + 13, box.title, ha="center", va="center", fontsize=9, fontweight="bold", color=box.colour)
    for number, line in enumerate(box.lines):
        axes.text(middle, top + 26 + LINE_PX * number, line, ha="center", va="center", fontsize=8, color=MUTED)


def _arrows(axes: Axes, before: Sequence[float], middles: Sequence[float], top: float) -> None:
    """From every box of the row above to every box of this one, or straight down where there are as many."""
    straight = len(before) == len(middles)
    pairs = zip(before, middles, strict=True) if straight else product(before, middles)
    style = {"arrowstyle": "-|>", "color": MUTED, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0}
    for start, end in pairs:
        axes.annotate("", (end, top - 1), (start, top - GAP_PX + 1), arrowprops=style)
