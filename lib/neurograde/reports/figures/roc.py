"""ROC curve of the positive class, valid and test."""

from __future__ import annotations

from collections.abc import Mapping

from neurograde.reports.blocks import Figure
from neurograde.reports.figures.style import MUTED, RULE, SUBSET, canvas, legend_above, render
from neurograde.reports.numbers import decimal
from neurograde.specs.results.assessment import Assessment


def roc(slug: str, subsets: Mapping[str, Assessment], area: str) -> Figure:
    """Draw one curve per subset; `area` names its metric."""
    with canvas(height_px=270) as drawing:
        axes = drawing.add_subplot()
        axes.plot([0, 1], [0, 1], color=RULE, linewidth=1.2)
        words = []
        for subset, assessment in subsets.items():
            if not assessment.roc:
                continue
            value = decimal(assessment.metric(area).value)
            alarms, hits = zip(*assessment.roc, strict=True)
            dashes = "-" if subset == "test" else (0, (5, 1.6))
            axes.plot(alarms, hits, color=SUBSET[subset], linestyle=dashes, linewidth=1.8,
                      label=f"{subset}, area {value}")  # fmt: skip
            words.append(f"{subset} has an area of {value}")
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel="1 − specificity", ylabel="sensitivity")
        axes.set_title("ROC curve", color=MUTED)
        axes.set_box_aspect(0.72)
        if words:
            legend_above(axes)
        return render(drawing, slug, f"ROC curves: {', '.join(words) or 'undefined'}.")
