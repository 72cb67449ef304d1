"""Figure 2.7: each class grows by whole copies, first to the balancing point, then together."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.patches import Patch

from neurograde.reports.blocks import Figure
from neurograde.reports.figures.style import INK, MUTED, PAPER, SUBSET, bare, canvas, render, short
from neurograde.reports.numbers import count
from neurograde.specs.results.balance import SubsetOfBalance


def balancing(slug: str, subsets: Mapping[str, SubsetOfBalance]) -> Figure:
    """A bar for each class of each subset: the patches as they were cut dark, each transform of them light."""
    rows = [(subset, label, each) for subset, found in subsets.items() for label, each in found.classes.items()]
    gaps = [number for number, found in enumerate(subsets.values()) for _ in found.classes]  # one may lack a class
    places = [row + 0.6 * gap for row, gap in enumerate(gaps)]
    most = max(each.final for _, _, each in rows)
    with canvas(height_px=70 + 21 * len(rows)) as drawing:
        axes = bare(drawing.add_subplot())
        for place, (subset, _, each) in zip(places, rows, strict=True):
            copies = each.final // each.start if each.start else 0
            for copy in range(copies):
                alpha = 1.0 if copy == 0 else 0.38
                axes.barh(place, each.start, left=copy * each.start, height=0.74, color=SUBSET[subset], alpha=alpha,
                          edgecolor=PAPER, linewidth=0.9)  # fmt: skip
            axes.plot([each.balanced] * 2, [place - 0.46, place + 0.46], color=INK, linewidth=1.6)
            axes.text(each.final + 0.015 * most, place, count(each.final), va="center", fontsize=8, color=MUTED)
        axes.set_yticks(places, [f"{subset}, {short(label, 12)}" for subset, label, _ in rows])
        axes.invert_yaxis()
        axes.set(xlim=(0, 1.15 * most), xticks=[])
        handles = [Patch(color=SUBSET["train"], label="patches as cut"),
                   Patch(color=SUBSET["train"], alpha=0.38, label="transforms, one each")]  # fmt: skip
        line = axes.plot([], [], color=INK, linewidth=1.6, label="balancing point")
        drawing.legend(handles=[*handles, *line], loc="outside lower left", ncols=3)
        words = "; ".join(
            f"{subset}, {label}: {count(each.start)} to {count(each.balanced)} to {count(each.final)}"
            for subset, label, each in rows
        )
        return render(drawing, slug, f"Samples through balancing and augmentation. {words}.")
