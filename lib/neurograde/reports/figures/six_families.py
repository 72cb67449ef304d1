"""Figures 2.4 and 2.5: six equal families, all of which stay in train unless valid and test may overfill."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap, to_hex

from neurograde.maths.partition import STRATEGIES, Families, SearchOptions, Targets, heatmap
from neurograde.reports.blocks import Figure
from neurograde.reports.figures.heatmap import draw_pieces
from neurograde.reports.figures.stacks import in_words, stacks
from neurograde.reports.figures.style import INK, PAPER, canvas, render

BLUE_WHITE_RED = tuple(to_hex(colour) for colour in colormaps["bwr"](np.linspace(0, 1, 15)))
"""The report's own scale for figure 2.5, low to high; white is its middle step."""
SIX = Families.of({"six": dict.fromkeys("abcdef", 1)})


def six_families(slug: str) -> Figure:
    """Draw the partitions by IFP and IFPO against p = (70 %, 15 %, 15 %) and d = thirds."""
    targets, words = Targets(), []
    with canvas(height_px=210) as drawing:
        for axes, strategy in zip(drawing.subplots(1, 2), ("ifp", "ifpo"), strict=True):
            solved = STRATEGIES[strategy](SIX, targets, SearchOptions())
            stacks(axes, SIX, solved, targets, "six")
            axes.set_title(f"{strategy.upper()}: D = {float(solved.loss):.4f}")
            words.append(f"{strategy.upper()}, D = {float(solved.loss):.4f}: {in_words(solved, 'six')}")
        return render(drawing, slug, f"Six equal families in three subsets. {'; '.join(words)}.")


_AREAS = ((1 / 120, 0.5, "6, 0, 0", INK), (0.034, 0.1, "5, 1, 0", INK), (0.034, 0.6, "4, 1, 1", PAPER))
"""Middle of each area, its families in train, valid and test, colour of the words."""


def six_heatmaps(slug: str) -> Figure:
    """Draw figure 2.5 of the six families: both parts of D over ε and μ, each on its own scale, the key point ringed.

    The reading is `reserve`, the only one with the three areas and the key point of the report's figure.
    """
    pieces = heatmap(SIX, Targets(), "six", "reserve")
    solved = STRATEGIES["ifpo"](SIX, Targets(), SearchOptions(readings=("reserve",)))
    where = solved.parameters["six"]
    key = float(where.epsilon.low), float(where.mu.low)
    last = 0.05  # D does not change beyond
    with canvas(height_px=230) as drawing:
        panels = drawing.subplots(1, 2, sharey=True)
        parts = {"proportion": pieces.proportion, "diversity": pieces.diversity}
        for axes, (title, values) in zip(panels, parts.items(), strict=True):
            norm = BoundaryNorm(np.linspace(values.min(), values.max(), len(BLUE_WHITE_RED) + 1), len(BLUE_WHITE_RED))
            draw_pieces(axes, pieces, values, norm, last, colours=BLUE_WHITE_RED)
            axes.plot(*key, "o", color=PAPER, markeredgecolor=INK, markersize=6, markeredgewidth=1.2)
            for x, y, families, colour in _AREAS:
                turned = 90 if x < key[0] else 0
                axes.text(x, y, families, ha="center", va="center", fontsize=8, color=colour, rotation=turned)
            axes.set(title=title, xlabel="ε", xticks=[0, key[0], last], yticks=[0, key[1], 1])
            axes.set_xticklabels(["0", f"{key[0]:.3f}", f"{last}"])
            axes.set_yticklabels(["0", f"{key[1]:.2f}", "1"])
            bar = drawing.colorbar(
                ScalarMappable(norm, ListedColormap(BLUE_WHITE_RED)), ax=axes, location="bottom", format="%.2f",
                ticks=[values.min(), (values.min() + values.max()) / 2, values.max()], aspect=18, pad=0.02,
            )  # fmt: skip
            bar.outline.set_visible(False)
        panels[0].set_ylabel("μ")
        alt = (
            "Both parts of D of six equal families over ε and μ have the same three areas: 6, 0, 0 families in train, "
            "valid, test below ε = 1/60; 5, 1, 0 from there up below μ = 2/9; 4, 1, 1 above."
        )
        return render(drawing, slug, alt)
