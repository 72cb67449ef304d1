"""Families stacked in their subsets, a block each: what figures 2.3 and 2.4 show of a partition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from neurograde.maths.partition import Families, Partition, Targets
from neurograde.maths.subsets import SUBSETS
from neurograde.reports.figures.style import INK, MUTED, PAPER, SUBSET, bare
from neurograde.reports.numbers import percent, plural, prose_list

HATCHES = {"train": None, "valid": "///", "test": "\\\\\\"}
"""Hatch of each subset, for those who do not see its colour; dots would take 150 kB a figure."""


MOST = 500
"""Number of families up to which each is drawn: more cannot be told apart, and a figure would take megabytes."""


def stacks(axes: Axes, families: Families, solved: Partition, targets: Targets, class_name: str) -> None:
    """Draw a bar per subset: its families of one class, heaviest first, against its target share."""
    members = families.members(class_name)
    whole = sum(members.values())
    blocks = {
        subset: [weight / whole for name, weight in members.items() if solved.assignment[name] == index]
        for index, subset in enumerate(SUBSETS)
    }
    bare(axes)
    for index, (subset, target) in enumerate(zip(SUBSETS, targets.p, strict=True)):
        _stack(axes, index, subset, [*blocks[subset][:MOST], *_together(blocks[subset][MOST:])])
        axes.plot([index - 0.43, index + 0.43], [float(target)] * 2, color=INK, linewidth=1.6)
        top = max(sum(blocks[subset]), float(target))
        note = f"{percent(sum(blocks[subset]))}\n({len(blocks[subset])})"
        axes.text(index, top + 0.02, note, ha="center", va="bottom", fontsize=8, color=MUTED)
    axes.set_xticks(range(len(SUBSETS)), SUBSETS)
    axes.set_yticks([])
    axes.set_ylim(0, 1.18)


def in_words(solved: Partition, class_name: str) -> str:
    """Return the figure in words, for those who do not see it."""
    got = solved.scores[class_name]
    return prose_list(
        [
            f"{subset} {percent(share)} in {plural(count, 'family')}"
            for subset, share, count in zip(SUBSETS, got.proportions, got.families, strict=True)
        ]
    )


def bars(axes: Axes, shares: Mapping[str, float], subsets: Sequence[str]) -> None:
    """Draw a bar per family in the given order, marked as its subset is; of many families, only some."""
    bare(axes)
    step = -(-len(shares) // MOST)
    for index, (share, subset) in list(enumerate(zip(shares.values(), subsets, strict=True)))[::step]:
        axes.bar(
            index, share, width=0.8 * step, color=SUBSET[subset], hatch=HATCHES[subset], edgecolor=PAPER, linewidth=0
        )
    axes.set_yticks([])
    axes.set_xticks([])
    axes.set_xlim(-0.8, len(shares) - 0.2)


def _together(blocks: Sequence[float]) -> list[float]:
    """Return the blocks as one; no block for no blocks."""
    return [sum(blocks)] if blocks else []


def _stack(axes: Axes, index: int, subset: str, blocks: Sequence[float]) -> None:
    bottom = 0.0
    for share in blocks:
        axes.bar(
            index, share, bottom=bottom, width=0.74, color=SUBSET[subset], hatch=HATCHES[subset],
            edgecolor=PAPER, linewidth=min(0.8, 20 * share),
        )  # fmt: skip
        bottom += share
