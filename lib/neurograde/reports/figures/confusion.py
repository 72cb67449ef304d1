"""True classes against named classes: counts, shaded by the share of the true class."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from neurograde.reports.blocks import Figure
from neurograde.reports.figures.style import INK, MUTED, PAPER, SUBSET, bare, canvas, render, short
from neurograde.reports.numbers import count, percent


def confusion(
    slug: str, subset: str, classes: Sequence[str], levels: Sequence[tuple[str, Sequence[Sequence[int]]]]
) -> Figure:
    """Draw a matrix per level: a title with counts of (true class, predicted class)."""
    with canvas(height_px=96 + 130) as drawing:
        panels = drawing.subplots(1, len(levels), sharey=True, squeeze=False)[0]
        for axes, (title, matrix) in zip(panels, levels, strict=True):
            _matrix(bare(axes), matrix)
            axes.set_title(f"{subset} {title}", color=MUTED)
            axes.set_xticks(range(len(classes)), [short(label, 18 // len(classes)) for label in classes])
            axes.set_xlabel("taken for")
        panels[0].set_yticks(range(len(classes)), [short(label, 12) for label in classes])
        panels[0].set_ylabel("truth")
        words = "; ".join(
            f"{title}: "
            + ", ".join(
                f"{count(n)} {truth} taken for {named}"
                for truth, row in zip(classes, matrix, strict=True)
                for named, n in zip(classes, row, strict=True)
            )
            for title, matrix in levels
        )
        return render(drawing, slug, f"Confusion matrices, {subset}. {words}.")


def _matrix(axes: Axes, matrix: Sequence[Sequence[int]]) -> None:
    size = len(matrix)
    for row, counts in enumerate(matrix):
        for column, n in enumerate(counts):
            share = n / sum(counts) if sum(counts) else 0.0
            axes.add_patch(
                Rectangle(
                    (column - 0.48, row - 0.48), 0.96, 0.96, color=SUBSET["train"], alpha=0.06 + 0.94 * share, lw=0
                )
            )
            ink = PAPER if share > 0.68 else INK
            axes.text(column, row - 0.08, count(n), ha="center", va="center", color=ink, fontsize=12 if size < 4 else 9)
            axes.text(column, row + 0.24, percent(share), ha="center", va="center", color=ink, fontsize=7.5)
    axes.set_xlim(-0.5, size - 0.5)
    axes.set_ylim(size - 0.5, -0.5)
