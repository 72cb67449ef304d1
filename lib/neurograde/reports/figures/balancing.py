"""Figure 2.7: each class grows by whole copies, first to the balancing point, then together."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.patches import Patch

from neurograde.reports.blocks import Figure
from neurograde.reports.figures.style import INK, MUTED, PAPER, SUBSET, bare, canvas, render, short
from neurograde.reports.numbers import count
from neurograde.specs.results.balance import SubsetOfBalance


def balancing(slug: str, subsets: Mapping[str, SubsetOfBalance]) -> Figure:
    """Draw a bar per class and subset: the patches as they were cut dark, each transform of them light."""
    rows = [
        (subset, label, bar)
        for subset, subset_result in subsets.items()
        for label, bar in subset_result.classes.items()
    ]
    gaps = [number for number, subset in enumerate(subsets.values()) for _ in subset.classes]  # one may lack a class
    places = [row + 0.6 * gap for row, gap in enumerate(gaps)]
    most = max(bar.final for _, _, bar in rows)
    with canvas(height_px=70 + 21 * len(rows)) as drawing:
        axes = bare(drawing.add_subplot())
        for height, (subset, _, bar) in zip(places, rows, strict=True):
            copies = bar.final // bar.start if bar.start else 0
            for copy in range(copies):
                alpha = 1.0 if copy == 0 else 0.38
                axes.barh(height, bar.start, left=copy * bar.start, height=0.74, color=SUBSET[subset], alpha=alpha,
                          edgecolor=PAPER, linewidth=0.9)  # fmt: skip
            axes.plot([bar.balanced] * 2, [height - 0.46, height + 0.46], color=INK, linewidth=1.6)
            axes.text(bar.final + 0.015 * most, height, count(bar.final), va="center", fontsize=8, color=MUTED)
        axes.set_yticks(places, [f"{subset}, {short(label, 12)}" for subset, label, _ in rows])
        axes.invert_yaxis()
        axes.set(xlim=(0, 1.15 * most), xticks=[])
        handles = [Patch(color=SUBSET["train"], label="patches as cut"),
                   Patch(color=SUBSET["train"], alpha=0.38, label="transforms, one each")]  # fmt: skip
        line = axes.plot([], [], color=INK, linewidth=1.6, label="balancing point")
        drawing.legend(handles=[*handles, *line], loc="outside lower left", ncols=3)
        words = "; ".join(
            f"{subset}, {label}: {count(bar.start)} to {count(bar.balanced)} to {count(bar.final)}"
            for subset, label, bar in rows
        )
        return render(drawing, slug, f"Samples through balancing and augmentation. {words}.")
