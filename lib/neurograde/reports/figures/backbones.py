"""Figure 4.3: what each backbone gives with nothing but a new last layer, families of backbones apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from neurograde.reports.blocks import Figure
from neurograde.reports.figures.style import BEST, MUTED, PAPER, SUBSET, bare, canvas, render, short
from neurograde.reports.numbers import decimal, percent


class Reached(NamedTuple):
    """The best setting of a backbone, its best repeat and the mean of all."""

    backbone: str
    best_loss: float
    best_accuracy: float
    """At the epoch of the best loss."""
    mean_loss: float
    std_loss: float | None
    mean_accuracy: float
    std_accuracy: float | None


def family(backbone: str) -> str:
    """Return the family of a backbone: its name up to the first digit or dash.

    >>> family("resnet152"), family("inception_v3"), family("mobilenet_v3_large")
    ('resnet', 'inception', 'mobilenet')
    """
    return re.split(r"[\d_]", backbone)[0]


def backbones(slug: str, results: Sequence[Reached]) -> Figure:
    """Draw loss and accuracy of the same epoch: the best repeat as a red dot, mean ± deviation as a bar."""
    with canvas(height_px=76 + 24 * len(results)) as drawing:
        left, right = drawing.subplots(1, 2, sharey=True)
        for row, result in enumerate(results):
            for axes, scale, mean, std, best in (
                (left, 1, result.mean_loss, result.std_loss, result.best_loss),
                (right, 100, result.mean_accuracy, result.std_accuracy, result.best_accuracy),
            ):
                half = (std or 0.0) * scale
                axes.plot([mean * scale - half, mean * scale + half], [row, row], color=SUBSET["valid"], linewidth=1.6)
                axes.plot(mean * scale, row, "o", color=SUBSET["valid"], markeredgecolor=PAPER, markersize=7)
                axes.plot(best * scale, row, "o", color=BEST, markeredgecolor=PAPER, markersize=5.5)
        for axes, title in ((left, "loss"), (right, "accuracy, %")):
            bare(axes, grid="x").set_title(title, color=MUTED)
            axes.margins(x=0.08)
            for row, (one, other) in enumerate(pairwise(results)):
                if family(one.backbone) != family(other.backbone):
                    axes.axhline(row + 0.5, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)))
        left.set_yticks(range(len(results)), [short(result.backbone, 16) for result in results])
        left.set_ylim(len(results) - 0.4, -0.6)
        left.plot([], [], "o", color=BEST, markersize=5.5, label="best repeat")
        left.plot([], [], "o-", color=SUBSET["valid"], markersize=6, label="mean ± std of the repeats")
        drawing.legend(loc="outside lower left", ncols=2)
        words = "; ".join(
            f"{result.backbone} {decimal(result.best_loss)} and {percent(result.best_accuracy)}" for result in results
        )
        return render(drawing, slug, f"Best loss and its accuracy of each backbone: {words}.")
