"""Beyond the study: grades of whole cases, the repeats averaged, and calibration by a temperature."""

from __future__ import annotations

from collections.abc import Sequence

from neurograde.reports.blocks import Block, Cell, Figures, Table, Tables
from neurograde.reports.chain import file_name
from neurograde.reports.figures.recalibration import recalibration
from neurograde.reports.numbers import NOTHING, decimal, difference, interval, metric, plural, title
from neurograde.specs.results.assessment import Interval
from neurograde.specs.results.evaluation import Cases, Ensemble, EvaluationResult, Temperature

METRICS = ("loss", "accuracy", "balanced_accuracy", "f_measure", "sensitivity", "specificity", "roc_auc")
Column = tuple[str, str, dict[str, Interval]]
"""Name in the CSV file, head with what qualifies it, and the metrics of a column."""


def further(name: str, metrics: EvaluationResult) -> list[Block]:
    """Return the blocks of the evaluation `name`; none for one that was made before there were such figures."""
    tables = []
    if metrics.cases:
        tables.append(_cases(name, metrics.cases, metrics.positive))
    if metrics.ensemble:
        tables.append(_ensemble(name, metrics, metrics.ensemble))
    if metrics.temperature:
        tables.append(_temperature(name, metrics.temperature))
    blocks: list[Block] = [Tables(tuple(tables))] if tables else []
    if metrics.temperature:
        slug = file_name("temperature", name)
        test, fitted = metrics.temperature.subsets["test"], metrics.temperature
        caption = (
            "Does a temperature make it as sure as it is right? The test patches before and after; the temperature is "
            f"that of {fitted.source}{', at the border of what was searched' if fitted.at_border else ''}."
        )
        blocks.append(Figures((recalibration(slug, test, metrics.positive, fitted.value),), caption))
    return blocks


def _cases(name: str, cases: Cases, positive: str) -> Table:
    test = cases.subsets["test"]
    heads = {"mean": "mean", "vote": "vote", "top_k": f"top {cases.k}"}
    columns = [(how, head, getattr(test, how).metrics) for how, head in heads.items()]
    of = test.mean
    few = f"; {plural(test.fewer_than_k, 'case')} with fewer than {cases.k} patches" if test.fewer_than_k else ""
    caption = (
        f"Whole cases of the test set, from their patches as cut: n = {of.n} of {plural(of.families, 'family')}{few}. "
        f"Sensitivity and specificity are of {positive}"
    )
    names = [metric_name for metric_name in METRICS if metric_name in of.metrics]
    return _table(file_name("cases", name), caption, columns, names)


def _ensemble(name: str, metrics: EvaluationResult, ensemble: Ensemble) -> Table:
    alone, together = metrics.subsets["test"].patches, ensemble.subsets["test"].patches
    change = ensemble.less_chosen["test"]["patches"]
    columns = [
        ("chosen", "chosen session", alone.metrics),
        ("ensemble", f"{len(ensemble.sessions)} repeats, averaged", together.metrics),
        ("difference", "difference", change),
    ]
    caption = (
        f"The repeats of the chosen setting together: test patches, n = {together.n}. Fixed before the test opened and "
        "read from the same opening; the result is the chosen session's, whichever is better. Differences are paired"
    )
    return _table(file_name("ensemble", name), caption, columns, list(change))


def _temperature(name: str, temperature: Temperature) -> Table:
    test = temperature.subsets["test"]
    columns = [("before", "before", test.before), ("after", "after", test.after), ("difference", "change", test.change)]
    caption = (
        f"Calibration by a temperature of {decimal(temperature.value, 2)} ({temperature.source}): test patches, "
        f"n = {test.n} of {plural(test.families, 'family')}. No grade changes"
    )
    return _table(file_name("temperature", name), caption, columns, list(test.before))


def _table(slug: str, caption: str, columns: Sequence[Column], names: Sequence[str]) -> Table:
    """Metrics down, columns across, each value with its interval."""

    def cell(key: str, name: str, value: Interval) -> Cell:
        if key != "difference":
            return Cell(metric(name, value.value), interval(name, value.low, value.high))
        bounds = [difference(name, bound) for bound in (value.low, value.high) if bound is not None]
        return Cell(difference(name, value.value), " to ".join(bounds))

    return Table(
        slug=slug,
        caption=caption,
        titles=(Cell("", kind="text"), *(Cell(head) for _, head, _ in columns)),
        rows=tuple(
            (
                Cell(title(name), kind="text"),
                *(cell(key, name, values[name]) if name in values else Cell(NOTHING) for key, _, values in columns),
            )
            for name in names
        ),
        columns=("what", "metric", "value", "low", "high", "undefined_resamples"),
        values=tuple(
            (key, name, values[name].value, values[name].low, values[name].high, values[name].undefined)
            for key, _, values in columns
            for name in names
            if name in values
        ),
    )
