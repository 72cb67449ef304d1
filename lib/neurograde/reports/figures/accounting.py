"""The account of pixels (§2.2.2): one bar per class and one for all, each of them 100 % long."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.patches import Patch

from neurograde.reports.blocks import Figure
from neurograde.reports.figures.style import LOST, PAPER, SUBSET, bare, canvas, render, short
from neurograde.reports.numbers import percent, prose_list

CAUSES = ("kept", "lost to labels", "background", "borders", "pre-crop")
_COLOURS = (SUBSET["train"], *LOST)
_HATCHES = (None, None, "///", None, "xxx")


def accounting(slug: str, shares: Mapping[str, list[float]]) -> Figure:
    """Draw shares of the pixels, in the order of `CAUSES` and of sum 1, for each row of the figure."""
    with canvas(height_px=74 + 24 * len(shares)) as drawing:
        axes = bare(drawing.add_subplot())
        for row, parts in enumerate(shares.values()):
            start = 0.0
            for part, colour, hatch in zip(parts, _COLOURS, _HATCHES, strict=True):
                axes.barh(row, part, left=start, height=0.66, color=colour, hatch=hatch, edgecolor=PAPER, linewidth=1)
                start += part
            axes.text(0.012, row, percent(parts[0], 2), color=PAPER, va="center", fontsize=8.5)
        axes.set_yticks(range(len(shares)), [short(name, 16) for name in shares])
        axes.invert_yaxis()
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", f"100{percent(0)[-2:]}"])
        handles = [
            Patch(facecolor=colour, hatch=hatch, edgecolor=PAPER, label=cause)
            for cause, colour, hatch in zip(CAUSES, _COLOURS, _HATCHES, strict=True)
        ]
        drawing.legend(handles=handles, loc="outside lower left", ncols=3)
        first = next(iter(shares.values()))
        words = prose_list([f"{cause} {percent(part, 2)}" for cause, part in zip(CAUSES, first, strict=True)])
        return render(drawing, slug, f"Bars of where the pixels went. Of all: {words}.")
