"""Methods side by side: the networks of the page and what came before them, on the same test set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neurograde.reports.account import Entry, account
from neurograde.reports.blocks import Block, Figures, Notes, Section
from neurograde.reports.chain import Chain, charged_features
from neurograde.reports.figures.methods import Mark, accuracy_against_energy
from neurograde.reports.headline import with_interval
from neurograde.reports.leaks import searches
from neurograde.reports.metrics import OF_METHODS, OVER_CLASSES
from neurograde.reports.numbers import decimal, duration, plural
from neurograde.reports.tables import Column, table
from neurograde.specs.results.assessment import Assessment
from neurograde.specs.results.baseline import BaselineResult
from neurograde.storage.artefact import Artefact


@dataclass(frozen=True)
class Contestant:
    """A network or a method of the literature, with what it reached and drew."""

    name: str
    label: str
    """Short name, without the words that all of them share."""
    is_network: bool
    test: Assessment
    test_set: str
    spent: Entry


def methods(chains: Sequence[Chain], baselines: Sequence[Artefact]) -> Section:
    """Return all of them, the most accurate first."""
    networks = searches(chains)
    several = len({network.metrics.chosen_cell.backbone for network in networks}) > 1
    everyone = sorted(
        [*(_network(network, by_backbone=several) for network in networks), *map(_baseline, baselines)],
        key=lambda contestant: -(contestant.test.metric("accuracy").value or 0.0),
    )
    columns = (
        Column("method", "method", kind="text"),
        Column("accuracy", "test accuracy", kind="text"),
        Column("f_measure", "F-measure", kind="text"),
        Column("roc_auc", "ROC AUC", kind="text"),
        Column("seconds", "time", duration),
        Column("wh", "Wh", lambda value: decimal(value, 2)),
        Column("co2e_g", "g CO₂e", lambda value: decimal(value, 3)),
    )
    rows = [
        (
            contestant.name,
            *(_metric(contestant.test, name) for name in OF_METHODS),
            contestant.spent.record.wall_seconds,
            1000 * contestant.spent.kwh_tdp,
            1000 * contestant.spent.record.co2e_kg_tdp,
        )
        for contestant in everyone
    ]
    test = everyone[0].test
    caption = f"Per original patch, n = {test.n} of {plural(test.families, 'family')}; 95 % intervals over families"
    if OVER_CLASSES["f_measure"] in test.metrics:
        caption += "; F-measure and AUC are the means of every class against the rest"
    marks = [
        Mark(
            contestant.name,
            contestant.label,
            contestant.test.metric("accuracy"),
            1000 * contestant.spent.kwh_tdp,
            contestant.is_network,
        )
        for contestant in everyone
    ]
    figure = accuracy_against_energy("methods", marks)
    blocks: list[Block] = [
        table("methods", caption, columns, rows),
        Figures((figure,), "What does accuracy cost? Energy of training and testing, on a logarithmic scale."),
    ]
    others = sorted({contestant.test_set for contestant in everyone})
    if len(others) > 1:
        blocks.append(Notes((f"They were tested on {len(others)} different test sets: their figures do not compare.",)))
    lead = (
        "The same partition, metrics, intervals and ledger for all. A network's row has the energy of its whole grid, "
        "a method's that of describing, learning and choosing."
    )
    return Section("methods", "Methods compared", lead, tuple(blocks))


def _network(chain: Chain, *, by_backbone: bool) -> Contestant:
    spent = account([*chain.run.shards.values(), chain.evaluation], list(chain.features())).sum
    cell = chain.metrics.chosen_cell
    return Contestant(
        name=f"{cell.backbone}, {cell.strategy} ({plural(len(chain.run.sessions), 'session')})",
        label=f"{cell.backbone}, {cell.strategy}" if by_backbone else cell.strategy,
        is_network=True,
        test=chain.metrics.subsets["test"].patches,
        test_set=chain.metrics.test_set,
        spent=spent,
    )


def _baseline(artefact: Artefact) -> Contestant:
    metrics, spent = (
        artefact.read_result(BaselineResult, "metrics.json"),
        account([artefact, *charged_features(artefact.store, [artefact])]).sum,
    )
    return Contestant(
        name=metrics.method,
        label=metrics.method,
        is_network=False,
        test=metrics.subsets["test"].patches,
        test_set=metrics.test_set,
        spent=spent,
    )


def _metric(test: Assessment, name: str) -> str:
    key = OVER_CLASSES.get(name, name)
    return with_interval(name, test.metric(key if key in test.metrics else name))
