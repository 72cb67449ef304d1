"""Figure 4.3: what each backbone gives with nothing but a new last layer, families of backbones apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from neurograde.reports.blocks import Figure
from neurograde.reports.figures.style import BEST, MUTED, PAPER, SUBSET, bare, canvas, render, short
from neurograde.reports.numbers import decimal, percent, spread


class Reached(NamedTuple):
    """The best of a backbone's sessions, and the mean over the repeats of its chosen setting."""

    backbone: str
    best_loss: float
    best_accuracy: float
    """At the epoch of the best loss."""
    mean_loss: float
    std_loss: float | None
    mean_accuracy: float
    std_accuracy: float | None
    published: tuple[float, float] | None = None
    """Loss and accuracy of the study's best session."""


def family(backbone: str) -> str:
    """Return the family of a backbone: its name up to the first digit or dash.

    >>> family("resnet152"), family("inception_v3"), family("mobilenet_v3_large")
    ('resnet', 'inception', 'mobilenet')
    """
    return re.split(r"[\d_]", backbone)[0]


def backbones(slug: str, results: Sequence[Reached]) -> Figure:
    """Draw loss and accuracy of the same epoch: the best session as a red dot, mean ± deviation as a bar."""
    with canvas(height_px=76 + 24 * len(results)) as drawing:
        left, right = drawing.subplots(1, 2, sharey=True)
        for row, result in enumerate(results):
            study = result.published or (None, None)
            for axes, scale, mean, std, best, published in (
                (left, 1, result.mean_loss, result.std_loss, result.best_loss, study[0]),
                (right, 100, result.mean_accuracy, result.std_accuracy, result.best_accuracy, study[1]),
            ):
                half = (std or 0.0) * scale
                axes.plot([mean * scale - half, mean * scale + half], [row, row], color=SUBSET["valid"], linewidth=1.6)
                axes.plot(mean * scale, row, "o", color=SUBSET["valid"], markeredgecolor=PAPER, markersize=7)
                axes.plot(best * scale, row, "o", color=BEST, markeredgecolor=PAPER, markersize=5.5)
                if published is not None:
                    axes.plot(published * scale, row, "o", color="none", markeredgecolor=MUTED, markersize=9)
        for axes, title in ((left, "loss"), (right, "accuracy, %")):
            bare(axes, grid="x").set_title(title, color=MUTED)
            axes.margins(x=0.08)
            for row, (one, other) in enumerate(pairwise(results)):
                if family(one.backbone) != family(other.backbone):
                    axes.axhline(row + 0.5, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)))
        left.set_yticks(range(len(results)), [short(result.backbone, 16) for result in results])
        left.set_ylim(len(results) - 0.4, -0.6)
        left.plot([], [], "o", color=BEST, markersize=5.5, label="best session")
        left.plot([], [], "o-", color=SUBSET["valid"], markersize=6, label="chosen setting, mean ± std")
        if any(result.published for result in results):
            left.plot([], [], "o", color="none", markeredgecolor=MUTED, markersize=9, label="the study")
        drawing.legend(loc="outside lower left", ncols=3)
        words = "; ".join(
            f"{result.backbone} {decimal(result.best_loss)} and {percent(result.best_accuracy)}, chosen setting "
            f"{spread('loss', result.mean_loss, result.std_loss)}"
            for result in results
        )
        return render(drawing, slug, f"Best session's loss and its accuracy of each backbone: {words}.")
