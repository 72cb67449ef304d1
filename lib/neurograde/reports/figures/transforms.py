"""Figure 2.6: a patch and the seven transforms that leave its cells as they are."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from numpy.typing import NDArray

from neurograde.maths.dihedral import IDENTITY, TRANSFORMS, apply
from neurograde.reports.blocks import Figure
from neurograde.reports.figures.style import MUTED, bare, canvas, render

TITLES = {IDENTITY: "as cut", **{name: name.replace("_", " ").replace("rot", "turn ") for name in TRANSFORMS}}
_GLYPH = ("........", ".XXXXXX.", ".XX.....", ".XX.....", ".XXXX...", ".XX.....", ".XX.....", ".XX.....")


def transforms(slug: str, patch: NDArray[np.uint8] | None, used: int) -> Figure:
    """Draw a patch under each transform, with a mark on those that the data set may use.

    Args:
        slug: Name of the file.
        patch: (side, side, 3); a letter, which shows them as well, when not given.
        used: Number of transforms that balancing may use, in their order.
    """
    names = (IDENTITY, *TRANSFORMS)
    with canvas(height_px=224) as drawing:
        for index, (axes, name) in enumerate(zip(drawing.subplots(2, 4).flat, names, strict=True)):
            bare(axes).set_title(TITLES[name] if index <= used else f"({TITLES[name]})", color=MUTED, fontsize=8)
            axes.set(xticks=[], yticks=[])
            if patch is None:
                _letter(axes, name)
            else:
                axes.imshow(apply(patch, name), interpolation="none")  # as small as it is: the browser enlarges it
        what = "A patch" if patch is not None else "A letter"
        words = ", ".join(TITLES[name] for name in names[1:])
        return render(drawing, slug, f"{what} and its seven transforms: {words}; {used} of them may be used here.")


def _letter(axes: Axes, name: str) -> None:
    letter = np.array([[[cell == "X"] for cell in row] for row in _GLYPH], np.uint8)  # (row, column, 1)
    cells = [[(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)] for y, x in np.argwhere(apply(letter, name)[:, :, 0])]
    axes.add_collection(PolyCollection(cells, color=MUTED, linewidths=0.8))
    axes.set(xlim=(0, 8), ylim=(8, 0), aspect="equal")
