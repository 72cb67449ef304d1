"""Figure 2.8: where the patches of each family lie, when families are kept apart and when they are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.patches import Patch

from neurograde.maths.subsets import SUBSETS
from neurograde.reports.blocks import Figure
from neurograde.reports.figures.stacks import HATCHES
from neurograde.reports.figures.style import MUTED, PAPER, SUBSET, bare, canvas, render
from neurograde.reports.numbers import plural

Families = Mapping[str, Mapping[str, int]]
"""Patches of each family in each subset."""


def shuffles(slug: str, experiments: Mapping[str, Families]) -> Figure:
    """Draw a bar per family, its patches stacked by subset; families in the same order in every experiment."""
    first = next(iter(experiments.values()))
    order = sorted(first, key=lambda family: (_home(first[family]), -sum(first[family].values()), family))
    with canvas(height_px=56 + 82 * len(experiments)) as drawing:
        panels = drawing.subplots(len(experiments), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (title, families) in zip(panels, experiments.items(), strict=True):
            bare(axes).set_title(title, color=MUTED)
            for index, family in enumerate(order):
                bottom = 0
                for subset in SUBSETS:
                    number = families.get(family, {}).get(subset, 0)
                    if number:
                        axes.bar(index, number, bottom=bottom, width=0.84, color=SUBSET[subset], hatch=HATCHES[subset],
                                 edgecolor=PAPER, linewidth=0)  # fmt: skip
                    bottom += number
            axes.set(xticks=[], yticks=[], xlim=(-0.7, len(order) - 0.3))
        panels[-1].set_xlabel("families, a bar each, as high as its patches or samples")
        handles = [
            Patch(facecolor=SUBSET[subset], hatch=HATCHES[subset], edgecolor=PAPER, label=subset) for subset in SUBSETS
        ]
        drawing.legend(handles=handles, loc="outside lower left", ncols=3)
        words = "; ".join(
            f"{title}: {plural(mixed(families), 'family')} in two subsets" for title, families in experiments.items()
        )
        return render(drawing, slug, f"Families of the experiments and the subsets of their patches. {words}.")


def mixed(families: Families) -> int:
    """Return the number of families with patches in more than one subset."""
    return sum(sum(number > 0 for number in family.values()) > 1 for family in families.values())


def _home(subsets: Mapping[str, int]) -> int:
    """Return the index of the subset that most of a family's patches are in."""
    most: Sequence[str] = sorted(SUBSETS, key=lambda subset: (-subsets.get(subset, 0), SUBSETS.index(subset)))
    return SUBSETS.index(most[0])
