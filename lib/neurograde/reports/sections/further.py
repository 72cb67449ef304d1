"""Beyond the study: grades of whole cases, the repeats averaged, and calibration by a temperature."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from neurograde.reports.blocks import Block, Figures, Table, Tables
from neurograde.reports.chain import file_name
from neurograde.reports.figures.recalibration import recalibration
from neurograde.reports.metrics import OF_CASES, title
from neurograde.reports.numbers import decimal, plural
from neurograde.reports.tables import Column, Text, gained, measured, table
from neurograde.specs.results.assessment import Interval
from neurograde.specs.results.evaluation import Cases, Ensemble, EvaluationResult, Temperature

Way = tuple[str, str, dict[str, Interval]]
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
    names = [metric_name for metric_name in OF_CASES if metric_name in of.metrics]
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


def _table(slug: str, caption: str, ways: Sequence[Way], names: Sequence[str]) -> Table:
    """Return a table of metrics down and ways across, each value with its interval."""

    def value(way: Way) -> Callable[[str], Text]:
        key, _, metrics = way
        return lambda name: (gained if key == "difference" else measured)(name, metrics.get(name))

    columns = (Column(None, "", kind="text", show=title), *(Column(None, way[1], show=value(way)) for way in ways))
    heads = ("what", "metric", "value", "low", "high", "undefined_resamples")
    lines = [
        (key, name, metrics[name].value, metrics[name].low, metrics[name].high, metrics[name].undefined)
        for key, _, metrics in ways
        for name in names
        if name in metrics
    ]
    return table(slug, caption, columns, names, csv=(heads, lines))
