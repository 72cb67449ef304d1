"""Figures of a search over settings: maps (appendix B), backbones (4.3), depths (4.5, 4.7), distributions (C)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator, NullLocator

from neurograde.reports.blocks import Figure
from neurograde.reports.figures.style import BEST, MUTED, PAPER, RULE, SCALE, SUBSET, bare, canvas, render, short
from neurograde.reports.numbers import decimal, spread

DARK = 0.45  # share of the scale up to which a setting's number is written in light ink
LIGHT_WORDS, DARK_WORDS = "#ffffff", "#000000"  # on the map's own colours, whatever the page's scheme


class Point(NamedTuple):
    """The chosen setting of a backbone and strategy, and the best of all their sessions."""

    name: str
    mean: float
    std: float | None
    n: int
    best: float


class Band(NamedTuple):
    """The result before training: mean and deviation at epoch 0."""

    mean: float
    std: float


Cells = Mapping[tuple[float, int], tuple[float, int]]
"""Mean of the best minimax losses, and how many repeats it is of, by learning rate and batch size."""


def grid_map(slug: str, title: str, cells: Cells) -> Figure:
    """Draw the loss over learning rate and batch size, n where it differs from the others, the best setting framed."""
    rates = sorted({rate for rate, _ in cells}, reverse=True)
    sizes = sorted({size for _, size in cells})
    values = np.array([[cells.get((rate, size), (np.nan, 0))[0] for size in sizes] for rate in rates])
    least, most = np.nanmin(values), np.nanmax(values)
    usual = max(n for _, n in cells.values())
    with canvas(height_px=80 + 30 * len(rates)) as drawing:
        axes = bare(drawing.add_subplot())
        axes.imshow(values, cmap=ListedColormap(SCALE), aspect="auto", vmin=least, vmax=max(most, least + 1e-9))
        for row, rate in enumerate(rates):
            for col, size in enumerate(sizes):
                if (rate, size) in cells:
                    value, n = cells[rate, size]
                    dark = (value - least) <= DARK * (most - least)
                    words = decimal(value) if n == usual else f"{decimal(value)}\nn = {n}"
                    axes.text(
                        col,
                        row,
                        words,
                        ha="center",
                        va="center",
                        color=LIGHT_WORDS if dark else DARK_WORDS,
                        fontsize=8.5,
                    )
        best_row, best_col = (int(index) for index in np.unravel_index(np.nanargmin(values), values.shape))
        axes.add_patch(_frame(best_col, best_row))
        axes.set_xticks(range(len(sizes)), [str(size) for size in sizes])
        axes.set_yticks(range(len(rates)), [f"{rate:g}" for rate in rates])
        axes.set(xlabel="batch size", ylabel="learning rate", title=short(title, 56))
        alt = (
            f"{title}: mean best loss over {len(rates)} learning rates and {len(sizes)} batch sizes, n = {usual}; "
            f"least, {decimal(float(least))}, at {rates[best_row]:g} and {sizes[best_col]}; "
            f"most, {decimal(float(most))}."
        )
        return render(drawing, slug, alt)


def compared(slug: str, points: Sequence[Point]) -> Figure:
    """Draw the searches side by side: chosen setting, mean ± deviation over repeats, and best session."""
    with canvas(height_px=76 + 22 * len(points)) as drawing:
        axes = bare(drawing.add_subplot(), grid="x")
        for row, point in enumerate(points):
            axes.plot([point.mean - (point.std or 0), point.mean + (point.std or 0)], [row, row], color=SUBSET["valid"])
            axes.plot(point.mean, row, "o", color=SUBSET["valid"], markeredgecolor=PAPER, markersize=8)
            axes.plot(point.best, row, "o", color=BEST, markeredgecolor=PAPER, markersize=5.5)
        axes.set_yticks(range(len(points)), [short(point.name, 36) for point in points])
        axes.set_ylim(len(points) - 0.4, -0.6)
        axes.set_xlabel("minimax loss")
        axes.margins(x=0.08)
        axes.plot([], [], "o", color=BEST, markersize=5.5, label="best session")
        axes.plot([], [], "o-", color=SUBSET["valid"], markersize=6, label="chosen setting, mean ± std")
        drawing.legend(loc="outside lower left", ncols=2)
        words = "; ".join(
            f"{point.name} {spread('loss', point.mean, point.std)}, best session {decimal(point.best)}"
            for point in points
        )
        return render(drawing, slug, f"Loss of the chosen setting of each: {words}.")


Published = tuple[int, float]
"""Depth and loss of the study's best session."""


def depths(
    slug: str, what: str, series: Mapping[str, Mapping[int, Point]], band: Band | None, published: Published | None
) -> Figure:
    """Draw loss over depth, per backbone: best session as a line, mean ± deviation of the chosen setting as a bar.

    Depth 0 is the straightforward adaptation, the band is before training, the ring is the study's best.
    """
    styles = [("o", "-"), ("s", (0, (5, 1.6))), ("D", (0, (1, 1.2))), ("^", (0, (6, 1.5, 1, 1.5)))]
    colours = [SUBSET["train"], SUBSET["valid"], SUBSET["test"], SUBSET["external"]]
    with canvas(height_px=270) as drawing:
        axes = drawing.add_subplot()
        axes.grid(axis="y")
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        if band is not None:
            axes.axhspan(
                band.mean - band.std, band.mean + band.std, color=RULE, linewidth=0, zorder=0, label="no training"
            )
        for index, (name, points) in enumerate(series.items()):
            at = sorted(points)
            marker, dashes = styles[index % len(styles)]
            colour = colours[index % len(colours)]
            axes.plot(at, [points[depth].best for depth in at], color=colour, marker=marker, linestyle=dashes,
                      label=f"{short(name, 16)}, best session", markersize=5.5, markeredgecolor=PAPER,
                      linewidth=1.6)  # fmt: skip
            shifted = [depth + 0.08 * (index + 1) for depth in at]
            means, halves = [points[depth].mean for depth in at], [points[depth].std or 0.0 for depth in at]
            axes.errorbar(shifted, means, yerr=halves,
                          color=colour, marker="_", linestyle="", markersize=6, elinewidth=1,
                          label="mean ± std" if index == 0 else None)  # fmt: skip
        if published is not None:
            axes.plot(*published, "o", color="none", markeredgecolor=BEST, markersize=11, label="the study's best")
        axes.set(xlabel=what, title="minimax loss")
        axes.title.set_color(MUTED)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
        words = "; ".join(
            f"{name}: " + ", ".join(_at_depth(depth, points[depth]) for depth in sorted(points))
            for name, points in series.items()
        )
        return render(drawing, slug, f"Loss over {what}, best session and chosen setting. {words}.")


def _at_depth(depth: int, point: Point) -> str:
    return f"{depth} {decimal(point.best)} and {spread('loss', point.mean, point.std)}"


def distribution(slug: str, measure: str, values: Sequence[float]) -> Figure:
    """Draw a histogram of the values of sessions before any training."""
    numbers = np.asarray(values, float)
    with canvas(height_px=210) as drawing:
        axes = bare(drawing.add_subplot(), grid="y")
        axes.hist(numbers, bins=min(60, max(10, len(numbers) // 8)), color=SUBSET["train"], linewidth=0)
        axes.axvline(float(numbers.mean()), color=BEST, linewidth=1.4)
        axes.set(xlabel=f"{measure} at epoch 0", title="train and valid of the sessions")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        axes.title.set_color(MUTED)
        alt = (
            f"Distribution of {measure} at epoch 0 over {len(numbers):,} values, train and valid of the sessions: mean "
            f"{decimal(float(numbers.mean()))}, standard deviation {decimal(float(numbers.std()))}, from "
            f"{decimal(float(numbers.min()))} to {decimal(float(numbers.max()))}."
        )
        return render(drawing, slug, alt)


def density(slug: str, pairs: Sequence[tuple[float, float]]) -> Figure:
    """Draw a histogram of valid accuracy and loss of every epoch, counts on a logarithmic scale."""
    accuracy, loss = (np.asarray(column, float) for column in zip(*pairs, strict=True))
    top = float(np.quantile(loss, 0.995))
    counts, x, y = np.histogram2d(accuracy, loss.clip(max=top), bins=(40, 40))
    with canvas(height_px=250) as drawing:
        axes = bare(drawing.add_subplot())
        shown = np.ma.masked_equal(counts.T, 0)
        mesh = axes.pcolormesh(
            x, y, shown, cmap=ListedColormap(SCALE), norm=LogNorm(1, max(2, counts.max())), rasterized=True
        )
        most = int(counts.max())
        steps = sorted({1, round(most**0.5), most})  # matplotlib's own would be labelled as formulae on a short scale
        bar = drawing.colorbar(mesh, ax=axes, shrink=0.8, pad=0.02, label="epochs", ticks=steps, format="%d")
        bar.ax.yaxis.set_minor_locator(NullLocator())
        bar.outline.set_visible(False)
        axes.set(xlabel="valid accuracy", ylabel="valid loss")
        relation = float(np.corrcoef(accuracy, loss)[0, 1]) if accuracy.std() and loss.std() else float("nan")
        words = f"their correlation is {decimal(relation, 2)}"
        alt = f"Pairs of valid accuracy and loss of {len(pairs):,} session-epochs; {words}."
        return render(drawing, slug, alt)


def _frame(col: float, row: float) -> Rectangle:
    return Rectangle((col - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=BEST, linewidth=2)
