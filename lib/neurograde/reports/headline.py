"""The answer of an evaluation in one line."""

from __future__ import annotations

from neurograde.reports.numbers import interval, metric, plural
from neurograde.specs.results.assessment import Assessment, Interval
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


def chosen_from(metrics: EvaluationResult) -> str:
    """Return from how many sessions the tested one was chosen, those that diverged included."""
    sessions, settings = plural(len(metrics.sessions), "session"), plural(len(metrics.cells), "setting")
    return f"chosen from {sessions} in {settings}"


def with_interval(name: str, value: Interval) -> str:
    """Return the metric `name` and, where there is one, its interval in brackets."""
    bounds = interval(name, value.low, value.high)
    return metric(name, value.value) + (f" ({bounds})" if bounds else "")


def over_families(name: str, assessment: Assessment) -> str:
    """Return the interval of the metric `name` with the families that it is over, or why there is none."""
    value = assessment.metric(name)
    bounds = interval(name, value.low, value.high)
    if not bounds:
        return "no interval: of one family" if assessment.families < 2 else "no interval: the same in all families"
    if value.exact is not None:
        return f"{bounds}, 95 %, exact over {plural(value.exact, 'family')}"
    return f"{bounds}, 95 % over {plural(assessment.families, 'family')}"
