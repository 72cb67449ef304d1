"""Results: the chosen session on valid and test, by sample, patch and image, each with its n and its interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from neurograde.reports.blocks import Block, Figures, Heading, Notes, Paragraph, Section, Table, Tables
from neurograde.reports.chain import Chain, file_name, of_study
from neurograde.reports.figures.calibration import calibration
from neurograde.reports.figures.confusion import confusion
from neurograde.reports.figures.roc import roc
from neurograde.reports.leaks import searches
from neurograde.reports.metrics import title
from neurograde.reports.numbers import decimal, plural
from neurograde.reports.sections.further import further
from neurograde.reports.sections.literature import literature
from neurograde.reports.tables import Column, Text, measured, table
from neurograde.specs.results.assessment import Assessment, SubsetResult

LEVELS = {"samples": "samples", "patches": "patches", "images": "images"}
_ORDER = ("test", "valid", "external")


def results(chains: Sequence[Chain]) -> Section:
    """Return tables and figures of each evaluation."""
    blocks: list[Block] = []
    drawn = {chain.name for chain in searches(chains) or chains}  # a leak's curves are among the experiments
    for chain in chains:
        if len(chains) > 1:
            blocks.append(Heading(chain.name))
        blocks.append(Paragraph(_sentence(chain)))
        subsets = chain.metrics.subsets
        blocks.append(Tables(tuple(_table(chain, subset, subsets[subset]) for subset in _ORDER if subset in subsets)))
        blocks += [_figures(chain)] if chain.name in drawn else []
        blocks += further(chain.name, chain.metrics)
        blocks.append(Notes(chain.metrics.notes))
    if of_study(chains):
        blocks.append(literature(chains))
    lead = (
        "Samples are the augmented patches, as the study counts them; patches are as they were cut; an image has the "
        "mean probability of its patches. Intervals are of 95 %, resampled over families; where a "
        "share is the same in all of them, or they are three or fewer, exact (Clopper-Pearson) with n = families. A "
        "metric without an interval has one family behind it, or no spread over its families."
    )
    return Section("results", "Results", lead, tuple(blocks))


def _sentence(chain: Chain) -> str:
    chosen, threshold = chain.metrics.chosen, chain.metrics.threshold
    words = f"Session {chosen.session}, chosen on train and valid by the rule {chosen.rule}."
    if threshold.value is None:
        return f"{words} A sample is given {threshold.source}."
    return (
        f"{words} A sample is called {chain.metrics.positive} from a probability of {decimal(threshold.value, 2)} on; "
        f"this threshold comes from {threshold.source}."
    )


def _table(chain: Chain, subset: str, result: SubsetResult) -> Table:
    levels: dict[str, Assessment] = {level: getattr(result, level) for level in LEVELS}

    def field(assessment: Assessment) -> Callable[[str], Text]:
        return lambda name: measured(name, assessment.metric(name))

    columns = [Column(None, "", kind="text", show=title)]
    for level, assessment in levels.items():
        size = f"n = {assessment.n:,}\n{plural(assessment.families, 'family')}"
        columns.append(Column(None, level, show=field(assessment), head_note=size))
    heads = ("level", "n", "families", "metric", "value", "low", "high", "undefined_resamples")
    lines = [
        (level, assessment.n, assessment.families, name, value.value, value.low, value.high, value.undefined)
        for level, assessment in levels.items()
        for name, value in assessment.metrics.items()
    ]
    return table(
        file_name("results", chain.name, subset),
        f"{subset.capitalize()}; sensitivity and specificity are of {chain.metrics.positive}",
        columns,
        list(result.patches.metrics),
        csv=(heads, lines),
    )


def _figures(chain: Chain) -> Figures:
    metrics = chain.metrics
    both = {subset: metrics.subsets[subset] for subset in ("test", "valid")}
    matrices = [
        confusion(
            file_name("confusion", chain.name, subset),
            subset,
            metrics.classes,
            [(f"{level}, n = {assessment.n:,}", assessment.confusion) for level, assessment in _matrices(result)],
        )
        for subset, result in both.items()
    ]
    patches = {subset: both[subset].patches for subset in ("valid", "test")}
    curves = (
        roc(file_name("roc", chain.name), patches, "roc_auc"),
        calibration(file_name("calibration", chain.name), patches, metrics.positive),
    )
    caption = (
        "What was taken for what, how well are classes told apart, and is confidence earned? Confusion: truth in rows, "
        "with the share of each row. Curves: original patches, "
        f"{metrics.positive} against the rest; the bars count the test patches of each bin."
    )
    return Figures((*matrices, *curves), caption)


def _matrices(result: SubsetResult) -> tuple[tuple[str, Assessment], ...]:
    return (("patches", result.patches), ("images", result.images))
