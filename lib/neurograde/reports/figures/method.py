"""Figure 3.1: the method as it was run, from the images to the test set."""

from __future__ import annotations

from collections.abc import Sequence
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
    """Colour of its title."""
    span: tuple[float, float] = (0.0, 1.0)
    """From where to where it reaches, in shares of the width: it leads to whatever lies next below."""


def method(slug: str, rows: Sequence[Sequence[Box]]) -> Figure:
    """Draw the steps from top to bottom, an arrow from each to those that follow it."""
    heights = [BOX_PX + LINE_PX * max(len(box.lines) for box in row) for row in rows]
    tops = [sum(heights[:row]) + GAP_PX * row for row in range(len(rows))]
    total = tops[-1] + heights[-1]
    with canvas(height_px=total + 8) as drawing:
        drawing.set_layout_engine("none")
        axes = bare(drawing.add_axes((0, 0, 1, 1)))
        axes.set(xlim=(-2, WIDTH_PX + 2), ylim=(total + 4, -4), xticks=[], yticks=[])
        for number, row in enumerate(rows):
            for box in row:
                _box(axes, box, tops[number], heights[number])
                below = next((later for later in range(number + 1, len(rows)) if _followers(box, rows[later])), None)
                if below is not None:
                    for follower in _followers(box, rows[below]):
                        _arrow(axes, box, follower, tops[number] + heights[number], tops[below])
        words = "; ".join(f"{box.title}: {', '.join(box.lines)}" for row in rows for box in row)
        return render(drawing, slug, f"The method, step by step. {words}.")


def _followers(box: Box, row: Sequence[Box]) -> list[Box]:
    return [below for below in row if below.span[0] < box.span[1] and box.span[0] < below.span[1]]


def _box(axes: Axes, box: Box, top: float, height: float) -> None:
    left, right = (WIDTH_PX * edge for edge in box.span)
    left, right = left + (4 if box.span[0] > 0 else 0), right - (4 if box.span[1] < 1 else 0)
    outline = FancyBboxPatch(
        (left, top), right - left, height, boxstyle="round,pad=0,rounding_size=4", facecolor="none", edgecolor=RULE,
        linewidth=1.2,
    )  # fmt: skip
    axes.add_patch(outline)
    middle = (left + right) / 2
    axes.text(middle, top + 13, box.title, ha="center", va="center", fontsize=9, fontweight="bold", color=box.colour)
    for number, line in enumerate(box.lines):
        axes.text(middle, top + 26 + LINE_PX * number, line, ha="center", va="center", fontsize=8, color=MUTED)


def _arrow(axes: Axes, box: Box, follower: Box, bottom: float, top: float) -> None:
    """Draw an arrow straight down from the middle of the width that both boxes share."""
    x = WIDTH_PX * (max(box.span[0], follower.span[0]) + min(box.span[1], follower.span[1])) / 2
    style = {"arrowstyle": "-|>", "color": MUTED, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", (x, top - 1), (x, bottom + 1), arrowprops=style)
