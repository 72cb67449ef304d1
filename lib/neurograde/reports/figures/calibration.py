"""Does what the classifier is sure of come true? The reliability diagram, with the samples in each bin below."""

from __future__ import annotations

from collections.abc import Mapping

from neurograde.reports.blocks import Figure
from neurograde.reports.figures.style import MARKER, MUTED, RULE, SUBSET, bare, canvas, legend_above, render, short
from neurograde.reports.numbers import decimal
from neurograde.specs.results.assessment import Assessment


def calibration(slug: str, subsets: Mapping[str, Assessment], positive: str) -> Figure:
    """Draw the share of positives over the mean probability per bin and subset; n of the last subset as bars."""
    with canvas(height_px=270) as drawing:
        upper, lower = drawing.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        upper.plot([0, 1], [0, 1], color=RULE, linewidth=1.2)
        words = []
        for subset, assessment in subsets.items():
            points = [
                (bin_.mean_probability, bin_.positive_share)
                for bin_ in assessment.calibration
                if bin_.mean_probability is not None and bin_.positive_share is not None
            ]
            error = decimal(assessment.metric("calibration_error").value)
            dashes = "-" if subset == "test" else (0, (5, 1.6))
            upper.plot(*zip(*points, strict=True), linestyle=dashes, marker=MARKER[subset], color=SUBSET[subset],
                       markersize=5, linewidth=1.4, label=f"{subset}, error {error}")  # fmt: skip
            words.append(f"{subset} has a calibration error of {error} over {assessment.n:,} patches")
        upper.set(xlim=(-0.01, 1.01), ylim=(-0.03, 1.03), ylabel=f"share that is {short(positive, 12)}")
        upper.set_title("Calibration", color=MUTED)
        legend_above(upper)
        subset, assessment = list(subsets.items())[-1]
        for bin_ in assessment.calibration:
            width = bin_.high - bin_.low
            bare(lower).bar(bin_.low + width / 2, bin_.n, width=width * 0.9, color=SUBSET[subset], alpha=0.55)
            if bin_.n:
                lower.annotate(f"{bin_.n:,}", (bin_.low + width / 2, bin_.n), ha="center", va="bottom", fontsize=7.5)
        lower.margins(y=0.5)
        lower.set_yticks([])
        lower.set(ylabel=f"n, {subset}", xlabel=f"probability of {short(positive, 30)}")
        return render(drawing, slug, f"Calibration curves: {', '.join(words)}.")
