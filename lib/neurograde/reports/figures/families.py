"""Figure 2.3: the share of each family of a class, and where the strategy put it."""

from __future__ import annotations

from neurograde.maths.partition import Families, Partition, Targets
from neurograde.maths.subsets import SUBSETS
from neurograde.reports.blocks import Figure
from neurograde.reports.figures.stacks import bars, in_words, stacks
from neurograde.reports.figures.style import MUTED, canvas, render, short
from neurograde.reports.numbers import percent


def families(slug: str, families: Families, solved: Partition, targets: Targets, class_name: str) -> Figure:
    """Draw left the families of the class, heaviest first; right the subsets that they make, ticks are the targets."""
    members = families.members(class_name)
    shares = {name: weight / sum(members.values()) for name, weight in members.items()}
    heaviest, most = next(iter(shares.items()))
    with canvas(height_px=210) as drawing:
        left, right = drawing.subplots(1, 2)
        bars(left, shares, [SUBSETS[solved.assignment[name]] for name in shares])
        left.set_title(f"{short(class_name, 18)}: {len(shares)} families")
        left.set_ylim(0, 1.18 * most)
        left.annotate(
            f"{short(heaviest, 18)}, {percent(most)}", (0, most), xytext=(-3, 3), textcoords="offset points",
            fontsize=8, color=MUTED,
        )  # fmt: skip
        left.set_xlabel("families, heaviest first")
        stacks(right, families, solved, targets, class_name)
        right.set_title(f"{solved.strategy}: D = {float(solved.scores[class_name].loss):.4f}")
        alt = f"The {len(shares)} families of {class_name} by share, and their subsets: {in_words(solved, class_name)}."
        return render(drawing, slug, alt)
