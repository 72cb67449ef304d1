"""Figure 2.4: six equal families, which iterative filling leaves all in train unless the others may overfill."""

from __future__ import annotations

from neurograde.maths.partition import STRATEGIES, Families, SearchOptions, Targets
from neurograde.reports.blocks import Figure
from neurograde.reports.figures.stacks import in_words, stacks
from neurograde.reports.figures.style import canvas, render

SIX = Families.of({"six": dict.fromkeys("abcdef", 1)})


def six_families(slug: str) -> Figure:
    """What IFP and IFPO make of them, against p = (70 %, 15 %, 15 %) and d = thirds."""
    targets, words = Targets(), []
    with canvas(height_px=210) as drawing:
        for axes, strategy in zip(drawing.subplots(1, 2), ("ifp", "ifpo"), strict=True):
            solved = STRATEGIES[strategy](SIX, targets, SearchOptions())
            stacks(axes, SIX, solved, targets, "six")
            axes.set_title(f"{strategy.upper()}: D = {float(solved.loss):.4f}")
            words.append(f"{strategy.upper()}, D = {float(solved.loss):.4f}: {in_words(solved, 'six')}")
        return render(drawing, slug, f"Six equal families in three subsets. {'; '.join(words)}.")
