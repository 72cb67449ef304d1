"""Learning curves of a setting as in appendix B: mean ± deviation over the repeats, best epochs as red dots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from neurograde.reports.blocks import Figure
from neurograde.reports.figures.style import BEST, MUTED, PAPER, RULE, SUBSET, canvas, legend_above, render
from neurograde.reports.metrics import is_share
from neurograde.reports.numbers import NARROW, metric, spread

Curve = Mapping[int, float]
"""Epoch -> value; an epoch without a value is absent."""


@dataclass(frozen=True)
class Curves:
    """The curves of one measure over the repeats of a setting."""

    measure: str
    """`loss` or `accuracy`."""
    train: Sequence[Curve]
    """One curve per repeat."""
    valid: Sequence[Curve]
    """One curve per repeat."""
    best: Sequence[tuple[int, float]]
    """Best epoch of each repeat, and the value it is credited with there."""


def learning_curves(slug: str, curves: Curves) -> Figure:
    """Draw train and valid over the epochs; the band across is valid at epoch 0, before any training."""
    with canvas(height_px=235) as drawing:
        axes = drawing.add_subplot()
        axes.grid(axis="y")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        untrained = [curve[0] for curve in curves.valid if 0 in curve]
        if untrained:
            middle, width = float(np.mean(untrained)), _deviation(untrained)
            # At least a line, where a single repeat has no deviation.
            half = max(width or 0.0, 0.004)
            axes.axhspan(middle - half, middle + half, color=RULE, zorder=0, linewidth=0)
        for subset, repeats in (("train", curves.train), ("valid", curves.valid)):
            _mean_and_deviation(axes, subset, repeats)
        if curves.best:
            epochs, values = zip(*curves.best, strict=True)
            axes.plot(
                epochs, values, "o", color=BEST, markersize=5.5, markeredgecolor=PAPER, markeredgewidth=0.9, zorder=5,
                clip_on=False,
            )  # fmt: skip
        axes.set_xlabel("epoch")
        axes.set_title(curves.measure, color=MUTED)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7, steps=[1, 2, 5, 10]))
        axes.set_xlim(0, max((epoch for curve in (*curves.train, *curves.valid) for epoch in curve), default=0) or 1)
        if is_share(curves.measure):
            axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=f"{NARROW}%"))
        handles = axes.get_legend_handles_labels()[0]
        legend_above(axes, [*handles, *_extras(axes, has_best=bool(curves.best), has_band=bool(untrained))])
        return render(drawing, slug, _alt(curves, untrained))


class Moments(NamedTuple):
    """Mean and deviation of some repeats, each of shape (epochs,)."""

    epochs: list[int]
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    """0 of a single repeat."""


def moments(repeats: Sequence[Curve]) -> Moments:
    """Return mean and deviation per epoch, over the repeats that have a value at it."""
    epochs = sorted({epoch for curve in repeats for epoch in curve})
    values = [[curve[epoch] for curve in repeats if epoch in curve] for epoch in epochs]
    means = np.array([np.mean(value) for value in values])
    return Moments(epochs, means, np.array([_deviation(value) or 0.0 for value in values]))


def _mean_and_deviation(axes: Axes, subset: str, repeats: Sequence[Curve]) -> None:
    epochs, mean, deviation = moments(repeats)
    colour, dashes = SUBSET[subset], "-" if subset == "train" else (0, (5, 1.6))
    axes.fill_between(epochs, mean - deviation, mean + deviation, color=colour, alpha=0.2, linewidth=0)
    axes.plot(epochs, mean, color=colour, linestyle=dashes, linewidth=1.8, label=subset)


def _extras(axes: Axes, *, has_best: bool, has_band: bool) -> list[Line2D]:
    """Return the legend entries of everything except curves."""
    dots = axes.plot([], [], "o", color=BEST, markersize=5.5, label="best epochs") if has_best else []
    band = axes.plot([], [], color=RULE, linewidth=6, solid_capstyle="butt", label="no training") if has_band else []
    return [*dots, *band]


def mean_curve(repeats: Sequence[Curve]) -> Curve:
    """Return the mean over the repeats by epoch."""
    epochs, means, _ = moments(repeats)
    return dict(zip(epochs, means.tolist(), strict=True))


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float | None]:
    """Return the mean of values and their standard deviation (n - 1); None for a single one."""
    return float(np.mean(values)), _deviation(values)


def _deviation(values: Sequence[float]) -> float | None:
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def _alt(curves: Curves, untrained: Sequence[float]) -> str:
    last = [curve[max(curve)] for curve in curves.valid if curve]
    words = f"Curves of {curves.measure} over the epochs, {len(curves.valid)} repeats."
    if untrained:
        words += f" Valid begins at {metric(curves.measure, float(np.mean(untrained)))}"
    if last:
        words += f" and ends at {spread(curves.measure, float(np.mean(last)), _deviation(last))}."
    if curves.best:
        words += f" Best epochs: {', '.join(str(epoch) for epoch, _ in sorted(curves.best))}."
    return words
