"""A partition against its targets: share of the pixels and of the families, by class and subset."""

from __future__ import annotations

from neurograde.maths.subsets import SUBSETS
from neurograde.reports.blocks import Figure
from neurograde.reports.figures.stacks import HATCHES
from neurograde.reports.figures.style import INK, MUTED, PAPER, SUBSET, bare, canvas, render, short
from neurograde.reports.numbers import percent, prose_list
from neurograde.specs.results.partition import PartitionSummary


def partition(slug: str, summary: PartitionSummary) -> Figure:
    """Draw a row per class and subset, its share as a bar and its target as a tick."""
    rows = [(label, subset) for label in summary.classes for subset in SUBSETS]
    # A gap of half a row between classes.
    places = [4.2 * (row // len(SUBSETS)) + row % len(SUBSETS) for row in range(len(rows))]
    with canvas(height_px=56 + 24 * len(rows)) as drawing:
        left, right = drawing.subplots(1, 2, sharey=True)
        for axes, title, targets in (
            (left, "share of pixels", summary.targets.proportions),
            (right, "share of families", summary.targets.diversity),
        ):
            bare(axes).set_title(title)
            for height, (label, subset) in zip(places, rows, strict=True):
                got = summary.classes[label].subsets[subset]
                share = got.share if axes is left else got.family_share
                note = percent(share) if axes is left else f"{percent(share)} ({len(got.families)})"
                target = float(targets[SUBSETS.index(subset)])
                axes.barh(height, share, height=0.7, color=SUBSET[subset], hatch=HATCHES[subset], edgecolor=PAPER, lw=0)
                axes.plot([target, target], [height - 0.45, height + 0.45], color=INK, linewidth=1.6)
                axes.text(max(share, target) + 0.03, height, note, va="center", fontsize=8, color=MUTED)
            axes.set_xlim(0, 1.25)
            axes.set_xticks([])
        left.set_yticks(places, [subset for _, subset in rows])
        left.invert_yaxis()
        for number, label in enumerate(summary.classes):
            left.text(0, 4.2 * number - 0.72, short(label, 26), color=INK, weight="bold", fontsize=8.5)
        left.set_ylim(bottom=max(places) + 0.6, top=-1.3)
        alt = "; ".join(
            f"{label}: "
            + prose_list([f"{subset} {percent(of_class.subsets[subset].share)} of the pixels" for subset in SUBSETS])
            for label, of_class in summary.classes.items()
        )
        return render(drawing, slug, f"Bars of the share that each subset got. {alt}.")
