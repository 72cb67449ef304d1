"""Valid and test side by side, one row for each evaluation: the gap between them is what a leak looks like."""

from __future__ import annotations

from collections.abc import Sequence

from neurograde.reports.blocks import Figure
from neurograde.reports.figures.style import INK, MARKER, PAPER, RULE, SUBSET, bare, canvas, render, short
from neurograde.reports.metrics import is_share
from neurograde.reports.numbers import metric
from neurograde.specs.results.assessment import Interval

Row = tuple[str, dict[str, Interval]]
"""Name of an evaluation, and the metric in each subset."""


def gap(slug: str, name: str, rows: Sequence[Row]) -> Figure:
    """Draw the metric `name` with its interval in valid, test and, where there is one, external."""
    subsets = [subset for subset in ("valid", "test", "external") if any(subset in intervals for _, intervals in rows)]
    step = len(subsets) + 1.1
    scale = 100 if is_share(name) else 1
    with canvas(height_px=58 + round(20 * step * len(rows))) as drawing:
        axes = bare(drawing.add_subplot(), grid="x")
        for number, (_, intervals) in enumerate(rows):
            defined = [scale * interval.value for interval in intervals.values() if interval.value is not None]
            if len(defined) > 1:
                middle = number * step + (len(subsets) - 1) / 2
                axes.fill_betweenx(
                    [middle - len(subsets) / 2, middle + len(subsets) / 2],
                    min(defined), max(defined), color=RULE, alpha=0.6, linewidth=0,
                )  # fmt: skip
            for index, subset in enumerate(subsets, start=0):
                interval = intervals.get(subset, Interval(value=None))
                row = number * step + index
                if interval.value is None:
                    continue
                if interval.low is not None and interval.high is not None:
                    axes.plot(
                        [scale * interval.low, scale * interval.high], [row, row], color=SUBSET[subset], linewidth=2
                    )
                axes.plot(
                    scale * interval.value, row, MARKER[subset],
                    color=SUBSET[subset], markeredgecolor=PAPER, markersize=8,
                )  # fmt: skip
        axes.set_yticks(
            [number * step + index for number in range(len(rows)) for index in range(len(subsets))],
            subsets * len(rows),
        )
        axes.set_ylim((len(rows) - 1) * step + len(subsets) - 0.4, -1.2)
        for number, (evaluation, _) in enumerate(rows):
            axes.annotate(
                short(evaluation, 40), (0, number * step - 0.72), xycoords=("axes fraction", "data"),
                color=INK, weight="bold", fontsize=8.5, va="center",
            )  # fmt: skip
        axes.set_xlabel(f"{name.replace('_', ' ')}{', %' if scale == 100 else ''}")
        axes.margins(x=0.08)
        words = "; ".join(
            f"{evaluation}: "
            + ", ".join(
                f"{subset} {metric(name, intervals[subset].value)}" for subset in subsets if subset in intervals
            )
            for evaluation, intervals in rows
        )
        return render(drawing, slug, f"{name.replace('_', ' ').capitalize()} with its interval. {words}.")
