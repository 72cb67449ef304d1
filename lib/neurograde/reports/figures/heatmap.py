"""Figure 2.5: the two parts of D over ε and μ, and their sum, on the exact pieces of both."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from numpy.typing import NDArray

from neurograde.maths.partition import Heatmap, Parameters
from neurograde.reports.blocks import Figure
from neurograde.reports.figures.style import INK, PAPER, SCALE, canvas, render, short

LEVELS = len(SCALE)
_CORNERS = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]
_CODES = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]


def heatmap(slug: str, class_name: str, pieces: Heatmap, best: Parameters) -> Figure:
    """Draw three maps on one scale, dark is near the targets; the optimum is framed, its least ε and μ ringed.

    Pieces narrower than a pixel are drawn together, as the least D among them. D does not change beyond the last ε
    that is shown.
    """
    total = pieces.proportion + pieces.diversity
    last = float(min(1.0, 1.15 * pieces.epsilon_edges[-2])) or 1.0
    norm = BoundaryNorm(np.linspace(0, float(total.max()) or 1.0, LEVELS + 1), LEVELS)
    with canvas(height_px=470) as drawing:
        panels = drawing.subplots(3, 1, sharex=True, sharey=True)
        parts = {"proportion": pieces.proportion, "diversity": pieces.diversity, "D, their sum": total}
        for axes, (title, values) in zip(panels, parts.items(), strict=True):
            draw_pieces(axes, pieces, values, norm, last)
            _mark(axes, best, last)
            axes.set_title(title if axes is not panels[0] else f"{short(class_name, 24)}: {title}")
            axes.set_ylabel("μ")
        panels[-1].set_xlabel("ε")
        ticks = norm.boundaries[:: LEVELS // 4]
        drawing.colorbar(
            ScalarMappable(norm, ListedColormap(SCALE)),
            ax=panels,
            ticks=ticks,
            format="%.3f",
            shrink=0.6,
            aspect=30,
            pad=0.02,
        ).outline.set_visible(False)
        alt = (
            f"{class_name}: the proportion and the diversity part of D over ε and μ, reading {best.reading}; D is "
            f"least, {total.min():.4f}, for ε in {best.epsilon} and μ in {best.mu}."
        )
        return render(drawing, slug, alt)


def draw_pieces(
    axes: Axes,
    pieces: Heatmap,
    values: NDArray[np.float64],
    norm: BoundaryNorm,
    last: float,
    *,
    colours: Sequence[str] = SCALE,
) -> None:
    """Draw each piece as a rectangle, those of one colour as one path: a few kB where there are thousands of pieces.

    Args:
        axes: The panel.
        pieces: The edges of the pieces.
        values: The value of each piece, (μ, ε).
        norm: The steps of the scale, as many as `colours`.
        last: The largest ε shown.
        colours: The scale.
    """
    epsilon, values = _merged(pieces.epsilon_edges, values, 1, last / 260)
    mu, values = _merged(pieces.mu_edges, values, 0, 1 / 110)
    steps = np.clip(norm(values), 0, len(colours) - 1)
    corners: dict[int, list[tuple[float, float]]] = {}
    for row, (low, high) in zip(steps, pairwise(mu), strict=True):
        starts = [0, *(np.flatnonzero(np.diff(row)) + 1), len(row)]
        for start, stop in pairwise(starts):
            left, right = epsilon[start], min(epsilon[stop], last)
            if left < last:
                pairs = corners.setdefault(int(row[start]), [])
                pairs += [(left + (right - left) * x, low + (high - low) * y) for x, y in _CORNERS]
    for step, points in sorted(corners.items()):
        path = Path(points, _CODES * (len(points) // len(_CODES)))
        axes.add_patch(PathPatch(path, color=colours[step], linewidth=0.5))  # the line hides the seams
    axes.set(xlim=(0, last), ylim=(0, 1))


def _merged(
    edges: NDArray[np.float64], values: NDArray[np.float64], axis: int, least: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return edges that are at least so far apart, except the last, and the least value between every two."""
    kept = [0]
    for index, edge in enumerate(edges[:-1]):
        if edge - edges[kept[-1]] >= least:
            kept.append(index)
    return np.append(edges[kept], edges[-1]), np.minimum.reduceat(values, kept, axis=axis)


def _mark(axes: Axes, best: Parameters, last: float) -> None:
    left, low = float(best.epsilon.low), float(best.mu.low)
    width, height = min(float(best.epsilon.high), last) - left, float(best.mu.high) - low
    for colour, linewidth in ((INK, 2.6), (PAPER, 1.2)):
        axes.add_patch(Rectangle((left, low), width, height, fill=False, edgecolor=colour, linewidth=linewidth))
    axes.plot(
        left, low + height / 2, "o", color=PAPER, markeredgecolor=INK, markersize=6, markeredgewidth=1.2, clip_on=False
    )
