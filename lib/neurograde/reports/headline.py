"""The answer of an evaluation in one line."""

from __future__ import annotations

from neurograde.reports.numbers import interval, metric, plural
from neurograde.specs.results.assessment import Interval
from neurograde.specs.results.evaluation import EvaluationResult


def headline(metrics: EvaluationResult) -> str:
    """What the chosen session does on the test set, per original patch."""
    test, cell = metrics.subsets["test"].patches, metrics.chosen_cell
    return (
        f"{cell.backbone}, {cell.strategy}: "
        f"test loss {with_interval('loss', test.metric('loss'))} and "
        f"accuracy {with_interval('accuracy', test.metric('accuracy'))} on "
        f"{plural(test.n, 'patch')} of {plural(test.families, 'family')}"
    )


def with_interval(name: str, found: Interval) -> str:
    """The metric `name` and, where there is one, its interval in brackets."""
    bounds = interval(name, found.low, found.high)
    return metric(name, found.value) + (f" ({bounds})" if bounds else "")
