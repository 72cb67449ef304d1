"""Classes balanced by the seven dihedral transforms (tables 2.1 to 2.3), then standardised (§2.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from neurograde.maths.dihedral import TRANSFORMS
from neurograde.reports.blocks import Block, Figures, Heading, Paragraph, Section, Table, Tables
from neurograde.reports.chain import Chain, file_name, of_study, unique
from neurograde.reports.figures.balancing import balancing
from neurograde.reports.figures.transforms import transforms
from neurograde.reports.numbers import count, decimal
from neurograde.reports.published import TABLE_2_1, TABLE_2_2, TABLE_2_3
from neurograde.reports.tables import Column, table
from neurograde.specs.results.balance import Balance
from neurograde.specs.results.standardisation import Standardisation

_MODES = {
    "train": "Every subset is standardised with the mean and deviation of train.",
    "per_subset": "Each subset is standardised with its own mean and deviation, as the study did.",
    "imagenet": "Every subset is standardised with ImageNet's mean and deviation.",
    "none": "Nothing is standardised.",
}


def augmentation(chains: Sequence[Chain]) -> Section:
    """Return the tables of each data set."""
    datasets = unique(chain.dataset for chain in chains)
    blocks: list[Block] = [_transforms(chains[0])]
    shown: dict[str, Balance] = {}
    study = of_study(chains)
    for dataset in datasets:
        name = dataset.manifest.name
        if len(datasets) > 1:
            blocks.append(Heading(name))
        balance = dataset.read_result(Balance, "balance.json")
        standardisation = dataset.read_result(Standardisation, "standardisation.json")
        same = next((other for other, before in shown.items() if before == balance), None)
        if same is None:
            shown[name] = balance
            blocks += [
                Figures((balancing(file_name("balancing", name), balance.subsets),), _BALANCING),
                Tables(tuple(made(name, balance, study=study) for made in (_samples, _ratios, _totals))),
            ]
        else:
            blocks.append(Paragraph(f"Classes, samples and ratios are those of {same}, above."))
        blocks += [
            Paragraph(_MODES.get(standardisation.mode, standardisation.mode)),
            _statistics(name, standardisation),
        ]
    lead = (
        "A class that has fewer patches gets more of the seven flips and quarter turns; within each subset on its own."
    )
    return Section("augmentation", "Augmentation", lead, tuple(blocks))


_BALANCING = (
    "How do classes of different sizes come to the same weight (figure 2.7)? Each class grows by copies of all its "
    "patches, first up to the balancing point, then together."
)


def _transforms(chain: Chain) -> Figures:
    used = chain.dataset.read_result(Balance, "balance.json").transforms
    patch = chain.illustrations.patch if chain.illustrations else None
    caption = "Which transforms keep cells as they are (figure 2.6)? Flips and quarter turns: nothing is interpolated."
    if used < len(TRANSFORMS):
        caption += f" Balancing may use the first {used}; those in brackets it may not."
    return Figures((transforms("transforms", patch, used),), caption)


def _samples(name: str, balance: Balance, *, study: bool) -> Table:
    columns = (
        Column("subset", "subset", kind="text"),
        Column("class", "class", kind="text"),
        *_steps(TABLE_2_1 if study else {}, 2, count),
    )
    rows = [
        (subset, label, of_class.start, of_class.balanced, of_class.final)
        for subset, of_subset in balance.subsets.items()
        for label, of_class in of_subset.classes.items()
    ]
    beside = " Below, the study's" if study and any(row[:2] in TABLE_2_1 for row in rows) else ""
    caption = f"How many samples does each class get (table 2.1)?{beside}"
    return table(file_name("samples", name), caption, columns, rows)


def _ratios(name: str, balance: Balance, *, study: bool) -> Table:
    columns = (
        Column("subset", "subset", kind="text"),
        *_steps(TABLE_2_2 if study else {}, 1, _ratio),
        Column("r", "r", count),
        Column("ngca", "NGCA", count),
    )
    rows = [
        (subset, of_subset.ratio.start, of_subset.ratio.balanced, of_subset.ratio.final, of_subset.r, of_subset.ngca)
        for subset, of_subset in balance.subsets.items()
    ]
    beside = "; below, the study's" if study else ""
    caption = f"How far apart are the classes (table 2.2)? Largest over smallest, and NGCA{beside}"
    return table(file_name("ratios", name), caption, columns, rows)


def _totals(name: str, balance: Balance, *, study: bool) -> Table:
    columns = (
        Column("subset", "subset", kind="text"),
        *(Column(label, label, count) for label in balance.classes),
        Column("total", "total", show=lambda row: (count(row[-1]), count(TABLE_2_3[row[0]]) if study else "")),
    )
    counts = {
        subset: [of_subset.classes[label].final if label in of_subset.classes else 0 for label in balance.classes]
        for subset, of_subset in balance.subsets.items()
    }
    beside = " Below the total, the study's" if study else ""
    sums = [sum(column) for column in zip(*counts.values(), strict=True)]
    return table(
        file_name("totals", name),
        f"How large is the data set (table 2.3)?{beside}",
        columns,
        [(subset, *numbers, sum(numbers)) for subset, numbers in counts.items()],
        total=("total", *sums, sum(sums)),
    )


def _statistics(name: str, standardisation: Standardisation) -> Table:
    channels = ("red", "green", "blue")
    columns = (
        Column("subset", "subset", kind="text"),
        *(Column(f"mean_{channel}", f"mean {channel}", decimal) for channel in channels),
        *(Column(f"std_{channel}", f"std {channel}", decimal) for channel in channels),
    )
    rows = [(subset, *values.mean, *values.std) for subset, values in standardisation.subsets.items()]
    return table(file_name("standardisation", name), "On the scale from 0 to 1, after balancing", columns, rows)


def _steps(published: Published, fields: int, write: Callable[[float], str]) -> Iterator[Column]:
    """Yield the columns of the three steps, after the `fields` that name a row; below each number the report's."""

    def shown(at: int) -> Callable[[tuple[Any, ...]], tuple[str, str]]:
        def show(row: tuple[Any, ...]) -> tuple[str, str]:
            study = published.get(row[:fields])
            return write(row[fields + at]), write(study[at]) if study else ""

        return show

    for at, (name, head) in enumerate((("start", "patches"), ("balanced", "balanced"), ("final", "augmented"))):
        yield Column(name, head, show=shown(at))


Published = Mapping[tuple[str, ...], Sequence[float]]
"""The report's numbers by what names a row."""


def _ratio(value: float) -> str:
    return decimal(value, 2)
