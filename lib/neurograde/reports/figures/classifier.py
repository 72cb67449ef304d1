"""Figures 4.2 and 4.4: the head that replaces the last layer of a network, beside the original."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.patches import Patch, Polygon, Rectangle

from neurograde.reports.blocks import Figure
from neurograde.reports.figures.network import FROZEN, NEW, NON_LINEARITY
from neurograde.reports.figures.style import INK, MUTED, RULE, bare, canvas, render
from neurograde.reports.numbers import count, prose_list
from neurograde.specs.architecture import Architecture

WIDTH, NARROW = 0.30, 0.10  # of a layer, and of the layers behind it


class Units(NamedTuple):
    """A layer of units, in the order of computation."""

    number: int
    colour: str
    after: tuple[str, ...] = ()
    """Steps between it and the next one: a non-linearity, dropout."""


def classifier(slug: str, net: Architecture) -> Figure:
    """Draw the end of ImageNet's classifier, and below it the end of the adapted network."""
    rows = {
        "ImageNet's classifier": [*_frozen(net), Units(net.imagenet.outputs, FROZEN)],
        net.strategy: [*_frozen(net), *_new(net)],
    }
    places = max(len(row) for row in rows.values())
    with canvas(height_px=2 * 112 + 36) as drawing:
        for axes, (title, row) in zip(drawing.subplots(2, 1), rows.items(), strict=True):
            _row(bare(axes), row)
            axes.set_title(title, color=MUTED)
            axes.set(xlim=(-0.35, places - 0.35), ylim=(-1.5, 1.1), xticks=[], yticks=[])
        roles = {"frozen": FROZEN, "new": NEW, "non-linearity": NON_LINEARITY}
        if net.kind != "extension":
            del roles["non-linearity"]
        handles = [Patch(color=colour, label=name) for name, colour in roles.items()]
        drawing.legend(handles=handles, loc="outside lower left", ncols=3)
        return render(drawing, slug, _alt(net, rows))


def _frozen(net: Architecture) -> list[Units]:
    """Return the fully connected layers before the head, as VGG has them, or the features that it reads."""
    tail: list[Units] = []
    for layer in reversed(net.layers):
        if layer.kernel:
            break
        tail.insert(0, Units(layer.outputs, FROZEN))
    return tail[-2:] if tail and tail[-1].number == net.features else [Units(net.features, FROZEN)]


def _new(net: Architecture) -> list[Units]:
    units: list[Units] = []
    for step in net.head:
        if step.kind == "linear":
            units.append(Units(step.units, NEW))
        elif units:  # the network has a dropout before the first new layer
            units[-1] = units[-1]._replace(after=(*units[-1].after, step.name))
    return units


def _row(axes: Axes, row: Sequence[Units]) -> None:
    most = sqrt(max(units.number for units in row))
    heights = [max(sqrt(units.number) / most, 0.05) for units in row]
    for index, (units, height) in enumerate(zip(row, heights, strict=True)):
        axes.add_patch(Rectangle((index, -height), WIDTH, 2 * height, facecolor=units.colour, linewidth=0))
        right = index + WIDTH
        if units.after:
            axes.add_patch(Rectangle((right + 0.03, -height), NARROW, 2 * height, facecolor=NON_LINEARITY, linewidth=0))
            right += 0.03 + NARROW
        if index + 1 < len(row):
            following = heights[index + 1]
            corners = [(right, height), (index + 1, following), (index + 1, -following), (right, -height)]
            axes.add_patch(Polygon(corners, facecolor=RULE, alpha=0.6, linewidth=0))
        axes.text(index + WIDTH / 2, -1.12, count(units.number), ha="center", va="top", fontsize=8.5, color=INK)


def _alt(net: Architecture, rows: dict[str, list[Units]]) -> str:
    words = [
        f"{title}: {' to '.join(count(units.number) for units in row)} units" + _after(row)
        for title, row in rows.items()
    ]
    return f"The end of {net.backbone}. {'; '.join(words)}."


def _after(row: Sequence[Units]) -> str:
    kinds = next((units.after for units in row if units.after), ())
    return f", with {prose_list(kinds)} between the new layers" if kinds else ""
