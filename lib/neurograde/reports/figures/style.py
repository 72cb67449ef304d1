"""The one look of all figures: small panels, few inks, and SVG that is the same bytes every time.

A panel is as wide as a telephone and grows on a larger page, so its words stay readable on both. Colours have
roles. In a file they are the light scheme's; on the page they become CSS variables, so that a figure follows the
reader's scheme. Roles differ in lightness as well, and a marker, a dash or a word always repeats a colour.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape, unescape
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure as Canvas

from neurograde.reports.blocks import Figure

WIDTH_PX = 360
INK, MUTED, RULE, PAPER = "#1c2330", "#5b6475", "#dfe3ea", "#fefefe"
SUBSET = {"train": "#1d4f91", "valid": "#c96a00", "test": "#0b8a6f", "external": "#7a5195"}
MARKER = {"train": "o", "valid": "o", "test": "s", "external": "D"}
BEST = "#c1121f"
LOST = ("#a63d00", "#e3a857", "#8d99ae", "#c3cad6")
SCALE = tuple(to_hex(colour) for colour in colormaps["viridis"](np.linspace(0, 1, 16)))
"""Colours of a map: from dark to light, few enough to be told apart in print and by the colour-blind."""
ROLES = {
    "ink": INK,
    "muted": MUTED,
    "rule": RULE,
    "paper": PAPER,
    **SUBSET,
    "best": BEST,
    **{f"lost-{number}": colour for number, colour in enumerate(LOST, start=1)},
}
"""CSS variable of each colour."""

_RC: dict[Any, object] = {
    "font.family": "DejaVu Sans",  # ships with matplotlib: the same metrics on every machine
    "font.size": 9,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "svg.fonttype": "none",  # words stay words: selectable, searchable, in the page's own type
    "text.parse_math": False,  # a class may be called $x$
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 9,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.facecolor": "none",
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "hatch.linewidth": 0.6,
    "path.simplify": False,
}


@contextmanager
def canvas(height_px: int, width_px: int = WIDTH_PX) -> Iterator[Canvas]:
    """Yield an empty figure of that size in CSS pixels; draw and render it inside the block."""
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()  # not the user's own matplotlibrc
        for name, value in _RC.items():
            mpl.rcParams[name] = value
        # The reader's browser has letters that the measuring font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield Canvas(figsize=(width_px / 72, height_px / 72), dpi=72, layout="constrained")


def bare(axes: Axes, *, grid: str | None = None) -> Axes:
    """Remove the frame of the axes; draw a light grid along `x` or `y` on request."""
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(length=0)
    if grid in ("x", "y"):
        axes.grid(axis="x" if grid == "x" else "y")
    return axes


def legend_above(axes: Axes, handles: Sequence[Artist] | None = None) -> None:
    """Draw a legend in one row above the axes, to the right of their title, where it hides nothing."""
    axes.legend(
        handles=handles if handles is not None else axes.get_legend_handles_labels()[0],
        loc="lower right", bbox_to_anchor=(1.01, 1.0), ncols=4, fontsize=8,
        handlelength=1.7, columnspacing=0.9, handletextpad=0.5, borderaxespad=0.1,
    )  # fmt: skip


def short(text: str, characters: int = 22) -> str:
    """Return `text`, cut in its middle where it is too long for a figure; the tables hold it whole.

    >>> short("Ganglioneuroblastoma, intermixed", 16)
    'Ganglio…termixed'
    """
    if len(text) <= characters:
        return text
    head = (characters - 1) // 2
    return f"{text[:head]}…{text[len(text) - (characters - 1 - head) :]}"


def render(drawing: Canvas, slug: str, alt: str, *, compact: bool = False) -> Figure:
    """Return the drawing as a `Figure`: `slug` is its file name, `alt` the content in words.

    `compact` keeps two decimals of a pixel in its lines: half the bytes where there are thousands of points.
    """
    text = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with mpl.rc_context({"svg.hashsalt": slug}):
        drawing.savefig(text, format="svg", metadata=nothing)
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", text.getvalue(), flags=re.DOTALL)
    if compact:
        svg = re.sub(r' d="[^"]*"', lambda match: re.sub(r"(\.\d\d)\d+", r"\1", match[0]), svg)
    svg = _own_ids(svg, slug).replace("<svg ", f'<svg role="img" aria-label="{escape(alt)}" ', 1)
    return Figure(slug=slug, svg=svg, inline=_inline(svg), alt=alt)


def read_back(svg: str, slug: str) -> Figure:
    """Return a figure from the file that `render` made of it, under another `slug`."""
    label = re.search(r'<svg role="img" aria-label="([^"]*)"', svg)
    return Figure(
        slug=slug, svg=_own_ids(svg, slug), inline=_inline(_own_ids(svg, slug)), alt=unescape(label[1] if label else "")
    )


def _own_ids(svg: str, slug: str) -> str:
    """Rename ids, so that they stay unique when several figures are on one page."""
    return re.sub(r'(\bid="|url\(#|xlink:href="#)', rf"\g<1>{slug}-", svg)


def _inline(svg: str) -> str:
    """Return the SVG as an element of an HTML page: without prologue and style sheet, colours by role."""
    element = svg[svg.index("<svg ") :]
    element = re.sub(r"<style.*?</style>", "", element, count=1, flags=re.DOTALL)
    element = re.sub(r' (xmlns(:xlink)?|version|width|height)="[^"]*"', "", element, count=5)
    # A hundredth of a pixel is enough for a screen and for paper; the file beside the page keeps them all.
    element = re.sub(r'(?<= d=")[^"]*', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), element)
    element = re.sub(r'(?<= (?:x|y)=")-?\d+\.\d{3,}', lambda number: f"{float(number[0]):.2f}", element)
    # Hatches carry their colour in an attribute, where a variable would not count.
    element = re.sub(r' fill="(#\w+)"', r' style="fill: \1"', element)
    for role, colour in ROLES.items():
        element = element.replace(f": {colour}", f": var(--{role})")
    return element.strip()
