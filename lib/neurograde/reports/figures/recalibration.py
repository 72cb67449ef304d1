"""Is it as sure as it is right once a temperature has been at it: the test set's reliability before and after."""

from __future__ import annotations

from typing import Any

from neurograde.reports.blocks import Figure
from neurograde.reports.figures.style import INK, MUTED, RULE, SUBSET, canvas, legend_above, render, short
from neurograde.reports.numbers import decimal
from neurograde.specs.results.evaluation import Recalibration

_LOOKS: dict[str, dict[str, Any]] = {
    "before": {"color": MUTED, "linestyle": (0, (5, 1.6)), "marker": "o", "markerfacecolor": "none"},
    "after": {"color": SUBSET["test"], "linestyle": "-", "marker": "s"},
}


def recalibration(slug: str, effect: Recalibration, positive: str, temperature: float) -> Figure:
    """Draw the share of positives over the mean probability per bin, before the temperature and after."""
    with canvas(height_px=250) as drawing:
        axes = drawing.add_subplot()
        axes.plot([0, 1], [0, 1], color=RULE, linewidth=1.2)
        words = []
        for when, look in _LOOKS.items():
            metrics = effect.before if when == "before" else effect.after
            error = decimal(metrics["calibration_error"].value)
            points = [
                (point.mean_probability, point.positive_share)
                for point in effect.calibration[when]
                if point.mean_probability is not None and point.positive_share is not None
            ]
            across, up = zip(*points, strict=True)
            axes.plot(across, up, markersize=5, linewidth=1.4, label=f"{when}, error {error}", **look)
            words.append(f"an error of {error} {when}")
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.03, 1.03))
        axes.set(xlabel=f"probability of {short(positive, 30)}", ylabel=f"share that is {short(positive, 12)}")
        axes.set_title(f"T = {decimal(temperature, 2)}", color=INK)
        legend_above(axes)
        alt = f"Calibration of {effect.n:,} test patches at a temperature of {decimal(temperature, 2)}: "
        return render(drawing, slug, f"{alt}{' and '.join(words)}.")
