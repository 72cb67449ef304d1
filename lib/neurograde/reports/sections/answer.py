"""The answer first: what the chosen session does on the test set, and how much of it may be luck."""

from __future__ import annotations

from collections.abc import Sequence

from neurograde.reports.blocks import Banner, Block, Figures, Notes, Section, Statistic, Statistics
from neurograde.reports.chain import Chain
from neurograde.reports.figures.gap import gap
from neurograde.reports.headline import chosen_from, headline, over_families
from neurograde.reports.leaks import lead
from neurograde.reports.numbers import change, count, decimal, percent, plural, points, prose_list, spread
from neurograde.reports.openings import openings_of
from neurograde.reports.tables import Column, table
from neurograde.specs.results.evaluation import CellResult

MARKS = {
    "synthetic": (
        "Synthetic images",
        "The images behind {names} were drawn by a program. They show that the chain works, and nothing about tumours.",
    ),
    "leaking-test": (
        "Test leaks",
        "In {names}, the test subset shares families or pixels with train or valid. Test results are too good there.",
    ),
    "leaking": (
        "Leaking",
        "In {names}, train and valid share families. Valid results are worth nothing there; test is independent.",
    ),
}


def banners(chains: Sequence[Chain]) -> tuple[Banner, ...]:
    """Return a warning per mark of the evaluations."""
    warnings = []
    for mark in sorted({mark for chain in chains for mark in chain.marks}, reverse=True):
        title, text = MARKS.get(mark, (mark.capitalize(), "{names}: made from what is marked so."))
        marked = [chain.name for chain in chains if mark in chain.marks and f"{mark}-test" not in chain.marks]
        if marked:
            warnings.append(Banner(title, text.format(names=prose_list(marked))))
    return tuple(warnings)


def answer(chains: Sequence[Chain]) -> Section:
    """Return the first evaluation in numbers, and all of them with valid and test side by side."""
    first = lead(chains)
    metrics, opened = first.metrics, openings_of(first)
    valid, test = (metrics.subsets[subset].patches for subset in ("valid", "test"))
    statistics = Statistics(
        (
            Statistic("Test loss", decimal(test.metric("loss").value), over_families("loss", test)),
            Statistic(
                "Test accuracy",
                percent(test.metric("accuracy").value),
                over_families("accuracy", test)
                + f"; the more frequent class alone gives {percent(test.metric('majority_baseline').value)}",
            ),
            Statistic("Valid loss", decimal(valid.metric("loss").value), over_families("loss", valid)),
            Statistic(
                "Valid accuracy",
                percent(valid.metric("accuracy").value),
                f"{over_families('accuracy', valid)}; the same network, {chosen_from(metrics)}",
            ),
            _repeats(metrics.chosen_cell),
            Statistic(
                "Test set openings",
                count(opened.in_store + (opened.elsewhere or 0)),
                f"{opened.words}; each one makes it a little more of a second valid set",
            ),
        )
    )
    blocks: list[Block] = [statistics, _side_by_side(chains)]
    heads = [
        f"{chain.name}: head digest {chain.evaluation.manifest.head}, made before its test set was opened."
        for chain in chains
        if chain.evaluation.manifest.head
    ]
    if heads:
        blocks.append(Notes(tuple(heads)))
    if len(chains) > 1:
        blocks.append(_table(chains))
    name = f"{first.name}: " if len(chains) > 1 else ""
    return Section("answer", "The answer", f"{name}{headline(metrics)}.", tuple(blocks))


def _side_by_side(chains: Sequence[Chain]) -> Figures:
    figures = []
    for name in ("loss", "accuracy"):
        rows = [
            (chain.name, {key: subset.patches.metric(name) for key, subset in chain.metrics.subsets.items()})
            for chain in chains
        ]
        figures.append(gap(f"valid-and-test-{name}", name, rows))
    caption = (
        "Does test keep what valid promises? Original patches of the session that was chosen; bars are 95 % intervals "
        "over families. A valid far better than test is what a leak looks like."
    )
    return Figures(tuple(figures), caption)


def _table(chains: Sequence[Chain]) -> Block:
    columns = [Column("evaluation", "evaluation", kind="text"), Column("partition", "partition", kind="text")]
    rows: list[list[object]] = [[chain.name, chain.partition.manifest.name] for chain in chains]
    for name in ("loss", "accuracy"):
        write = decimal if name == "loss" else percent
        columns += [Column(f"{subset}_{name}", f"{subset} {name}", write) for subset in ("valid", "test")]
        columns.append(
            Column(f"{name}_gap", "gap", change) if name == "loss" else Column(f"{name}_gap", "gap, points", points)
        )
        for chain, row in zip(chains, rows, strict=True):
            valid, test = (chain.metrics.subsets[subset].patches.metric(name).value for subset in ("valid", "test"))
            row += [valid, test, None if valid is None or test is None else test - valid]
    columns += [Column("openings", "opening of test", count), Column("openings_in_store", "of", count)]
    for chain, row in zip(chains, rows, strict=True):
        opened = openings_of(chain)
        row += [opened.number, opened.in_store]
    return table("evaluations", "The evaluations side by side, per original patch", columns, rows)


def _repeats(setting: CellResult) -> Statistic:
    """Return the mean of the setting over its repeats, which shows how much of the choice may be luck."""
    repeats = plural(setting.n, "repeat") + (f", {setting.diverged} diverged" if setting.diverged else "")
    spread_of_loss = "" if setting.loss.std is None else f"± {decimal(setting.loss.std)}, "
    note = (
        f"{spread_of_loss}minimax loss of its setting over {repeats}, best {decimal(setting.loss.best)}; accuracy "
        f"{spread('accuracy', setting.accuracy.mean, setting.accuracy.std)}; per sample of train and valid"
    )
    return Statistic("Mean of its setting", decimal(setting.loss.mean), note)
