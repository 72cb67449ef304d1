"""The answer of an evaluation in one line."""

from __future__ import annotations

from neurograde.reports.numbers import interval, metric, plural
from neurograde.specs.results.assessment import Interval
from neurograde.specs.results.evaluation import EvaluationResult


def headline(metrics: EvaluationResult) -> str:
    """Return the result of the chosen session on the test set, per original patch."""
    test, cell = metrics.subsets["test"].patches, metrics.chosen_cell
    return (
        f"{cell.backbone}, {cell.strategy}: "
        f"test loss {with_interval('loss', test.metric('loss'))} and "
        f"accuracy {with_interval('accuracy', test.metric('accuracy'))} on "
        f"{plural(test.n, 'patch')} of {plural(test.families, 'family')}"
    )


def with_interval(name: str, value: Interval) -> str:
    """Return the metric `name` and, where there is one, its interval in brackets."""
    bounds = interval(name, value.low, value.high)
    return metric(name, value.value) + (f" ({bounds})" if bounds else "")
