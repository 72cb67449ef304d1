"""Figure 2.3 for every strategy: the families of a class, and the subsets that each strategy makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neurograde.maths.partition import Families, Targets
from neurograde.maths.partition.comparison import Contender
from neurograde.reports.blocks import Figure
from neurograde.reports.figures.stacks import MOST, in_words, stacks
from neurograde.reports.figures.style import MUTED, bare, canvas, render, short
from neurograde.reports.numbers import percent


def strategies(
    slug: str, families: Families, contenders: Sequence[Contender], targets: Targets, class_name: str
) -> Figure:
    """Draw the families of one class above, heaviest first, and a panel per strategy below, ticks are the targets."""
    members = families.members(class_name)
    whole = sum(members.values())
    shares = [weight / whole for weight in members.values()]
    pairs = [contenders[at : at + 2] for at in range(0, len(contenders), 2)]
    layout: list[Any] = [["families", "families"], *([one.strategy for one in (*pair, pair[-1])][:2] for pair in pairs)]
    words = []
    with canvas(height_px=150 + 190 * len(pairs)) as drawing:
        panels = drawing.subplot_mosaic(layout, height_ratios=[110, *[190] * len(pairs)])
        top = bare(panels["families"])
        step = -(-len(shares) // MOST)
        top.bar(range(0, len(shares), step), shares[::step], width=0.8 * step, color=MUTED)
        top.set(xticks=[], yticks=[], xlim=(-0.8, len(shares) - 0.2), ylim=(0, 1.25 * shares[0]))
        top.set_title(f"{short(class_name, 24)}: {len(shares)} families, the heaviest {percent(shares[0])}")
        for strategy, reading, partition in contenders:
            stacks(panels[strategy], families, partition, targets, class_name)
            loss = f"{strategy.upper()}: D = {float(partition.scores[class_name].loss):.4f}"
            panels[strategy].set_title(f"{loss} ({reading})" if reading else loss)
            words.append(f"{loss}, {in_words(partition, class_name)}")
        alt = f"The {len(shares)} families of {class_name} by each strategy. {'; '.join(words)}."
        return render(drawing, slug, alt)
