"""The partition: what each subset got of pixels and families, and how far that is from the best possible."""

from __future__ import annotations

from collections.abc import Sequence

from neurograde.maths.subsets import SUBSETS
from neurograde.reports.blocks import Block, Column, Figures, Heading, Paragraph, Section, Table, simple_table
from neurograde.reports.chain import Chain, file_name, unique
from neurograde.reports.figures.partition import partition as figure
from neurograde.reports.numbers import count, decimal, percent
from neurograde.reports.readings import Partition, read
from neurograde.storage.artefact import Artefact

_LEAKS = {
    "exchange": "one patch of each family changed places between train and valid",
    "shuffle": "the {level} of train and valid were dealt anew at random",
}

_LEVELS = {"patch": "patches", "sample": "samples"}


def partition(chains: Sequence[Chain]) -> Section:
    """One account for each partition that is shown."""
    artefacts = unique(chain.partition for chain in chains)
    blocks: list[Block] = []
    drawn: dict[str, Partition] = {}
    for each in artefacts:
        name, summary = each.manifest.name, read(Partition, each, "summary.json")
        caption = "What each subset got; ticks are the targets, in brackets the number of families."
        if len(artefacts) > 1:
            blocks.append(Heading(name))
        blocks.append(Paragraph(_sentence(each, summary)))
        same = next((other for other, shown in drawn.items() if shown == summary), None)
        if same is not None:
            blocks.append(Paragraph(f"Families and shares are those of {same}, above."))
            continue
        drawn[name] = summary
        blocks.append(Figures((figure(file_name("partition", name), summary),), caption))
        blocks.append(_table(name, summary))
    lead = "No family is in two subsets: families are assigned whole, by their share of the pixels and by their number."
    return Section("partition", "Partition", lead, tuple(blocks))


def _sentence(artefact: Artefact, summary: Partition) -> str:
    words = f"Strategy {summary.strategy}."
    if summary.loss is not None:
        words += f" D = {decimal(summary.loss, 4)}, the mean distance from the targets."
    if summary.certificate is not None:
        best = summary.certificate
        found = (
            "The best possible D is" if best.proved else f"No D below {decimal(best.bound, 4)} is possible; best found:"
        )
        words += f" {found} {decimal(best.best, 4)}; the gap is {decimal(best.gap, 4)}."
    leak = artefact.manifest.spec.get("correlate")
    if leak:
        how = _LEAKS.get(leak["mode"], leak["mode"]).format(level=_LEVELS[leak.get("level", "patch")])
        words += f" Then, on purpose, {how}: they share families now, and D is that before the leak."
    return words


def _table(name: str, summary: Partition) -> Table:
    columns = (
        Column("class", "class", kind="text"),
        Column("subset", "subset", kind="text"),
        Column("families", "families", count),
        Column("family_share", "share", percent),
        Column("family_target", "target", percent),
        Column("patches", "patches", count),
        Column("pixel_share", "share of pixels", percent),
        Column("pixel_target", "target", percent),
    )
    rows = [
        (
            label,
            subset,
            len(got.families),
            got.family_share,
            float(summary.targets.diversity[place]),
            got.patches,
            got.share,
            float(summary.targets.proportions[place]),
        )
        for label, each in summary.classes.items()
        for place, subset in enumerate(SUBSETS)
        for got in (each.subsets[subset],)
    ]
    return simple_table(
        file_name("partition", name), "Families, patches and pixels against their targets", columns, rows
    )
