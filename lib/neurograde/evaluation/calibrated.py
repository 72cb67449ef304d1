"""Is the chosen session as sure as it is right: before and after a temperature that valid alone decides."""

from __future__ import annotations

from collections.abc import Mapping

from neurograde.evaluation.judge import Judge
from neurograde.evaluation.unit_probabilities import Predicted
from neurograde.maths.assessment import sureness_of
from neurograde.maths.bootstrap import bootstrap_over_families, without_empty
from neurograde.maths.calibration import calibration_curve
from neurograde.maths.paired import paired_differences
from neurograde.maths.seeding import generator
from neurograde.maths.temperature import BOUNDS, at_temperature, fit_temperature
from neurograde.specs.results.assessment import CalibrationBin, intervals
from neurograde.specs.results.evaluation import Recalibration, Temperature


def assess_temperature(judge: Judge, predicted: Mapping[str, Predicted]) -> Temperature:
    """Return the temperature in metrics.json, fitted on the original patches of valid, and what it does to each subset.

    It leaves the order of the samples as it is, and with it every grade: what changes is loss, Brier score and
    calibration error. Valid's own figures after it are of the patches that it was fitted on; the test set's are the
    ones to trust.
    """
    patches = {subset: value.originals() for subset, value in predicted.items()}
    valid = patches["valid"]
    temperature = fit_temperature(judge.truth(valid)[0], valid.probabilities)
    return Temperature(
        value=temperature,
        source=f"least loss on {len(valid.units)} valid patches",
        at_border=any(abs(temperature / border - 1) < 1e-3 for border in BOUNDS),
        subsets={subset: _before_and_after(judge, subset, patch, temperature) for subset, patch in patches.items()},
    )


def _before_and_after(judge: Judge, subset: str, patches: Predicted, temperature: float) -> Recalibration:
    labels, families = judge.truth(patches)
    bins, positive, resamples = judge.spec.calibration_bins, judge.positive, judge.spec.resamples
    probabilities_at = {"before": patches.probabilities, "after": at_temperature(patches.probabilities, temperature)}
    metrics = {
        when: sureness_of(labels, value, positive=positive, bins=bins) for when, value in probabilities_at.items()
    }
    # Resampled as the patches are elsewhere: the intervals before are those that stand there.
    resampled = {
        when: bootstrap_over_families(
            metric, families, generator(judge.spec.seed, "bootstrap", subset, "patches"), resamples
        )
        for when, metric in metrics.items()
    }
    rng = generator(judge.spec.seed, "bootstrap", subset, "temperature")
    change = paired_differences(metrics["before"], metrics["after"], families, rng, resamples=resamples)
    curves = {
        when: calibration_curve(labels == positive, probabilities[:, positive], bins)
        for when, probabilities in probabilities_at.items()
    }
    return Recalibration(
        n=len(labels),
        families=len(set(families)),
        before=intervals(without_empty(resampled["before"])),
        after=intervals(without_empty(resampled["after"])),
        change=intervals(change),
        calibration={when: tuple(map(CalibrationBin.from_maths, curve)) for when, curve in curves.items()},
    )
