"""Predictions held against their labels, in the same way for every subset."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurograde.errors import DataError
from neurograde.evaluation.unit_probabilities import Predicted
from neurograde.maths.assessment import assess, decide, metrics_of
from neurograde.maths.paired import paired_differences
from neurograde.maths.predictions import Ints
from neurograde.maths.seeding import generator
from neurograde.maths.threshold import choose_threshold
from neurograde.specs.baseline import BaselineSpec
from neurograde.specs.evaluate import EvaluateSpec
from neurograde.specs.results.assessment import Assessment, Intervals, SubsetResult, Threshold, intervals
from neurograde.specs.test_set import check_threshold
from neurograde.specs.train import TrainSpec

COMPARED = ("loss", "accuracy", "f_measure", "f_macro", "roc_auc", "roc_auc_macro", "brier", "calibration_error")
"""Metrics whose paired differences are taken: those of the whole, which no single class's families decide."""


class Judge:
    """Knows the classes, the positive one among them, and the threshold at which it is named."""

    def __init__(self, spec: EvaluateSpec | BaselineSpec, train: TrainSpec | BaselineSpec, valid: Predicted) -> None:
        """Fix the threshold, on original patches of the valid subset where the spec says so.

        Raises:
            SpecError: a threshold is asked for with more than two classes.
            DataError: the valid subset, on which the spec chooses it, has one class only.
        """
        self.spec, self.classes = spec, train.classes
        self.positive = train.classes.index(train.positive)
        self.threshold, self.source = self._threshold(valid.originals())

    def assess(self, subset: str, predicted: Predicted) -> SubsetResult:
        """Return the subset's entry in metrics.json: by sample as the report counts, by original patch, by image."""
        return SubsetResult(
            samples=self.level(subset, "samples", predicted),
            patches=self.level(subset, "patches", predicted.originals()),
            images=self.level(subset, "images", predicted.images()),
        )

    def level(self, subset: str, level: str, predicted: Predicted, threshold: float | None = None) -> Assessment:
        """Return an assessment of `predicted`; `level` names the resamples, `threshold` replaces the judge's own."""
        labels, families = self.truth(predicted)
        assessed = assess(
            labels,
            predicted.probabilities,
            families,
            positive=self.positive,
            threshold=self.threshold if threshold is None else threshold,
            bins=self.spec.calibration_bins,
            resamples=self.spec.resamples,
            rng=generator(self.spec.seed, "bootstrap", subset, level),
        )
        return Assessment.from_maths(assessed, self.classes)

    def difference(
        self, subset: str, what: str, pair: tuple[Predicted, Predicted], thresholds: tuple[float, float]
    ) -> Intervals:
        """Return the second of the pair less the first, metric by metric; `what` names the resamples."""
        first, second = (
            metrics_of(
                self.truth(predicted)[0],
                predicted.probabilities,
                positive=self.positive,
                threshold=threshold,
                bins=self.spec.calibration_bins,
            )
            for predicted, threshold in zip(pair, thresholds, strict=True)
        )
        families = self.truth(pair[0])[1]
        rng = generator(self.spec.seed, "bootstrap", subset, what)
        return intervals(
            paired_differences(first, second, families, rng, resamples=self.spec.resamples, names=COMPARED)
        )

    def truth(self, predicted: Predicted) -> tuple[Ints, list[str]]:
        """Return each unit's label, (unit,), and its family."""
        numbers = [self.classes.index(unit.label) for unit in predicted.units]
        return np.array(numbers, dtype=np.intp), [unit.family for unit in predicted.units]

    def columns(self) -> list[str]:
        """Return the header of predictions.csv."""
        fixed = ["subset", "patch", "transform", "image", "family", "label", "predicted"]
        return fixed + [f"p_{label}" for label in self.classes]

    def rows(self, subset: str, predicted: Predicted) -> Iterator[list[object]]:
        """Yield the subset's rows of predictions.csv."""
        named = decide(predicted.probabilities, self.positive, self.threshold)
        for unit, name, row in zip(predicted.units, named, predicted.probabilities.tolist(), strict=True):
            yield [subset, unit.patch, unit.transform, unit.image, unit.family, unit.label, self.classes[name], *row]

    def threshold_result(self) -> Threshold:
        """Return the threshold and where it is from; with more than two classes it has no value."""
        return Threshold(value=self.threshold if len(self.classes) == 2 else None, source=self.source)

    def _threshold(self, valid: Predicted) -> tuple[float, str]:
        threshold = self.spec.threshold
        check_threshold(threshold, len(self.classes))
        if threshold != "valid":
            return threshold, "the spec" if len(self.classes) == 2 else "the most probable class"
        truth = [int(unit.label == self.classes[self.positive]) for unit in valid.units]
        chosen = choose_threshold(truth, valid.probabilities[:, self.positive])
        if chosen is None:
            raise DataError(
                "threshold: 'valid': the valid patches are of one class only; give a number between 0 and 1"
            )
        return chosen, f"best balanced accuracy on {len(truth)} valid patches"
