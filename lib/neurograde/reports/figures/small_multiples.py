"""Figures B.1 to B.3: the learning curves of every setting of a search, small, on one scale."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from neurograde.reports.blocks import Figure
from neurograde.reports.figures.curves import Curves, moments
from neurograde.reports.figures.style import BEST, INK, MUTED, PAPER, RULE, SUBSET, canvas, render, short
from neurograde.reports.numbers import decimal

TOP = 1.3  # times the loss before training: settings that blow up leave the panel and not the others flat


def small_multiples(slug: str, title: str, cells: Mapping[tuple[float, int], Curves]) -> Figure:
    """Draw a panel per learning rate (rows, largest first) and batch size (columns); losses above `TOP` are cut.

    Args:
        slug: Name of the file.
        title: Name of the search.
        cells: Curves of each setting's repeats.
    """
    rates, sizes = sorted({rate for rate, _ in cells}, reverse=True), sorted({size for _, size in cells})
    best = {key: min(value for _, value in cell.best) for key, cell in cells.items() if cell.best}
    winner = min(best, key=lambda key: best[key], default=None)
    with canvas(height_px=70 + 66 * len(rates)) as drawing:
        panels = drawing.subplots(len(rates), len(sizes), sharex=True, sharey=True, squeeze=False)
        for row, rate in enumerate(rates):
            for column, size in enumerate(sizes):
                axes = panels[row, column]
                _frame(axes, is_winner=(rate, size) == winner)
                if (rate, size) in cells:
                    _panel(axes, cells[rate, size])
                if row == 0:
                    axes.set_title(f"batch {size}" if column == 0 else str(size), color=MUTED, fontsize=8)
            panels[row, 0].set_ylabel(f"{rate:g}", fontsize=8, rotation=0, ha="right", va="center")
        panels[0, 0].set_ylim(*_limits(cells.values()))
        panels[-1, 0].set_xlim(0, None)
        panels[-1, 0].xaxis.set_major_locator(MaxNLocator(integer=True, nbins=2))
        panels[0, 0].yaxis.set_major_locator(MaxNLocator(nbins=3))
        drawing.suptitle(short(title, 52), fontsize=9, color=INK, x=0.01, ha="left")
        panels[-1, len(sizes) // 2].set_xlabel("epoch", fontsize=8.5)
        handles = [
            Line2D([], [], color=SUBSET["train"], linewidth=1.6, label="train"),
            Line2D([], [], color=SUBSET["valid"], linewidth=1.6, linestyle=(0, (4, 1.4)), label="valid"),
            Line2D([], [], color=BEST, marker="o", linestyle="", markersize=4, label="best epochs"),
        ]
        drawing.legend(handles=handles, loc="outside lower left", ncols=3)
        best_words = ""
        if winner:
            best_words = (
                f"; the least minimax loss of a repeat, {decimal(best[winner])}, at {winner[0]:g} and {winner[1]}"
            )
        alt = f"{title}: learning curves of {len(rates)} learning rates and {len(sizes)} batch sizes{best_words}."
        return render(drawing, slug, alt, compact=True)


def _frame(axes: Axes, *, is_winner: bool) -> None:
    axes.tick_params(length=0, labelsize=7)
    for spine in axes.spines.values():
        spine.set(visible=True, color=BEST if is_winner else RULE, linewidth=1.6 if is_winner else 0.8)


def _panel(axes: Axes, curves: Curves) -> None:
    for subset, repeats in (("train", curves.train), ("valid", curves.valid)):
        epochs, mean, deviation = moments(repeats)
        colour, dashes = SUBSET[subset], "-" if subset == "train" else (0, (4, 1.4))
        axes.fill_between(epochs, mean - deviation, mean + deviation, color=colour, alpha=0.2, linewidth=0)
        axes.plot(epochs, mean, color=colour, linestyle=dashes, linewidth=1.1)
    for epoch, value in curves.best:
        axes.plot(epoch, value, "o", color=BEST, markersize=2.8, markeredgecolor=PAPER, markeredgewidth=0.4)


def _limits(cells: Collection[Curves]) -> tuple[float, float]:
    curves = [curve for cell in cells for curve in (*cell.train, *cell.valid) if curve]
    untrained = [curve[0] for curve in curves if 0 in curve]
    low, high = min(min(curve.values()) for curve in curves), max(max(curve.values()) for curve in curves)
    top = min(high, TOP * float(np.mean(untrained))) if untrained else high
    return low - 0.05 * (top - low), top + 0.05 * (top - low)
