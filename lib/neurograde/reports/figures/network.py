"""Appendix A and figure 4.6: a network layer by layer, what is frozen, what is trained, what is new."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from neurograde.reports.blocks import Figure
from neurograde.reports.figures.style import BEST, LOST, MUTED, SUBSET, bare, canvas, render
from neurograde.reports.numbers import count, plural
from neurograde.specs.architecture import Architecture, Layer

FROZEN, TRAINED, NEW, NON_LINEARITY = LOST[2], BEST, SUBSET["valid"], LOST[1]
"""Colours of figures 4.2 to 4.6: red is trained from its old weights, orange is new, yellow is a non-linearity."""
GAP = 2.5  # between branches, in roots of channels
ROOM = 0.055  # of the width, that a number needs


def network(slug: str, net: Architecture, last: int | None = None) -> Figure:
    """Draw every layer at its depth, branches side by side, as high as the root of its channels.

    Args:
        slug: Name of its file.
        net: The network, with its new head.
        last: How many depths to show, from the end; all when not given.
    """
    first = max(1, net.depth + 1 - last) if last else 1
    shown = [layer for layer in net.layers if layer.depth >= first]
    columns: dict[int, list[tuple[int, str]]] = {}
    for layer in shown:
        columns.setdefault(layer.depth, []).append((layer.outputs, TRAINED if layer.trained else FROZEN))
    new = [step.units for step in net.head if step.kind == "linear"]
    columns |= {net.depth + index: [(units, NEW)] for index, units in enumerate(new, start=1)}
    with canvas(height_px=190) as drawing:
        axes = bare(drawing.add_subplot())
        top = max(_height(stack) for stack in columns.values()) / 2
        for depth, stack in columns.items():
            _stack(axes, depth, stack)
        _sizes(axes, shown, (first, max(columns)), top)
        axes.set(xlim=(first - 0.8, max(columns) + 0.8), ylim=(-top * 1.05, top * 1.28), yticks=[])
        axes.set_title(f"{net.backbone}, {_depth(net, first)}", color=MUTED)
        axes.set_xlabel("side of the map, px, at its first layer")
        roles = {"frozen": FROZEN, "trained": TRAINED, "new": NEW}
        used = {colour for stack in columns.values() for _, colour in stack}
        handles = [Patch(color=colour, label=name) for name, colour in roles.items() if colour in used]
        drawing.legend(handles=handles, loc="outside lower left", ncols=3)
        return render(drawing, slug, in_words(net), compact=True)


def in_words(net: Architecture) -> str:
    """Return the figure in words, for those who do not see it."""
    trained = [layer.name for layer in net.layers if layer.trained]
    widest = max(
        (sum(1 for layer in net.layers if layer.depth == depth) for depth in range(1, net.depth + 1)), default=0
    )
    words = (
        f"{net.backbone}, {net.strategy}: {plural(len(net.layers), 'layer')} with weights, {net.depth} deep, "
        f"at most {widest} side by side, and the new head."
    )
    if not trained:
        return f"{words} All but the head is frozen."
    listed = ", ".join(trained) if len(trained) <= 12 else f"{trained[0]} to {trained[-1]}"
    return f"{words} Trained: {plural(len(trained), 'layer')}, {listed}."


def _depth(net: Architecture, first: int) -> str:
    if first > 1:
        return f"the last {net.depth + 1 - first} of {net.depth} layers in depth"
    return f"{net.input_size_px} px in, {plural(net.depth, 'layer')} deep"


def _height(stack: list[tuple[int, str]]) -> float:
    return sum(sqrt(channels) for channels, _ in stack) + GAP * (len(stack) - 1)


def _stack(axes: Axes, depth: int, stack: list[tuple[int, str]]) -> None:
    bottom = -_height(stack) / 2
    for channels, colour in stack:
        axes.add_patch(Rectangle((depth - 0.39, bottom), 0.78, sqrt(channels), facecolor=colour, linewidth=0))
        bottom += sqrt(channels) + GAP


def _sizes(axes: Axes, layers: list[Layer], ends: tuple[int, int], top: float) -> None:
    """Write below where the map's side changes, and above the channels of the widest layer there, if there is room."""
    ticks: list[tuple[int, str]] = []
    free = float("-inf")
    for depth, side, channels in _changes(layers):
        if depth >= free:
            ticks.append((depth, str(side) if side else ""))
            axes.text(depth, top * 1.12, count(channels), ha="center", fontsize=7.5, color=MUTED)
            free = depth + ROOM * (ends[1] - ends[0] + 1)
    axes.set_xticks([depth for depth, _ in ticks], [side for _, side in ticks])


def _changes(layers: list[Layer]) -> Iterator[tuple[int, int, int]]:
    """Yield depth, side and channels of the widest layer wherever a map of another side begins."""
    before = -1
    for depth in sorted({layer.depth for layer in layers}):
        members = [layer for layer in layers if layer.depth == depth]
        if members[0].side_px != before:
            before = members[0].side_px
            yield depth, before, max(member.outputs for member in members)
