"""The worth of a leak: the accuracy that a leaking split promises beside that with whole families."""

from __future__ import annotations

from collections.abc import Sequence

from neurograde.maths.bootstrap import Interval
from neurograde.reports.blocks import Figure
from neurograde.reports.figures.style import BEST, INK, MARKER, MUTED, PAPER, RULE, SUBSET, bare, canvas, render
from neurograde.reports.numbers import percent


def worth(
    slug: str, subset: str, kept: Interval, promised: Interval, sessions: Sequence[tuple[float, float]]
) -> Figure:
    """Draw both accuracies with their intervals, and behind them a line per session from the one split to the other.

    Args:
        slug: Name of the file.
        subset: Subset of the accuracies, valid or test.
        kept: Accuracy with whole families.
        promised: Accuracy with the leak.
        sessions: Accuracy of each session on train and valid, with whole families and with the leak.
    """
    with canvas(height_px=250) as drawing:
        axes = bare(drawing.add_subplot(), grid="y")
        for pair in sessions:
            axes.plot([0, 1], [100 * value for value in pair], color=MUTED, linewidth=0.8, alpha=0.45)
        values = [100 * interval.value for interval in (kept, promised) if interval.value is not None]
        if len(values) == 2:
            axes.plot([0, 1], values, color=INK, linewidth=2)
        for across, (interval, colour) in enumerate(((kept, SUBSET[subset]), (promised, BEST))):
            if interval.value is None:
                continue
            if interval.low is not None and interval.high is not None:
                bounds = [100 * interval.low, 100 * interval.high]
                axes.plot([across, across], bounds, color=colour, linewidth=2.5)
            axes.plot(
                across,
                100 * interval.value,
                MARKER[subset],
                color=colour,
                markeredgecolor=PAPER,
                markersize=9,
                zorder=5,
            )
            axes.annotate(
                percent(interval.value), (across, 100 * interval.value), xytext=(-9 if across == 0 else 9, 0),
                textcoords="offset points", ha="right" if across == 0 else "left", va="center", weight="bold",
            )  # fmt: skip
        axes.set_xticks([0, 1], ["whole families", "leaking split"])
        axes.set(xlim=(-0.55, 1.55))
        axes.axhline(50, color=RULE, linewidth=0)  # keeps a round number in view
        axes.set_title(f"accuracy on {subset}, %; thin: each session", color=MUTED)
        words = (
            f"Accuracy on {subset}: {percent(kept.value)} with whole families, {percent(promised.value)} with the "
            f"leak; behind them {len(sessions)} sessions on both splits."
        )
        return render(drawing, slug, words)
