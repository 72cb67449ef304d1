"""Energy and emissions: every job of the chains, and their sum."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from neurograde.maths.grid_plan import report_work, shared_work
from neurograde.reports.account import Entry, account
from neurograde.reports.blocks import Block, Notes, Paragraph, Section, Table
from neurograde.reports.chain import Chain, of_study, unique
from neurograde.reports.leaks import lead
from neurograde.reports.numbers import NARROW, NOTHING, count, decimal, duration, percent
from neurograde.reports.published import COMPUTING, EPOCHS
from neurograde.reports.shares import Share, shares
from neurograde.reports.tables import Column, table
from neurograde.specs.grid import planned_rows
from neurograde.specs.results.balance import Balance


def carbon(chains: Sequence[Chain]) -> Section:
    """Return the account of every job behind the page, each job once."""
    spent = account(
        unique(artefact for chain in chains for artefact in chain.artefacts()),
        unique(features for chain in chains for features in chain.features()),
    )
    entries, everything = spent.entries, spent.sum
    mass, energy = _unit(everything.record.co2e_kg_tdp, _MASS), _unit(everything.kwh_tdp, _ENERGY)
    lead = (
        f"{_amount(everything.record.co2e_kg_tdp, mass)} CO₂e for {_amount(everything.kwh_tdp, energy)} "
        f"in {duration(everything.record.wall_seconds)} of computing"
    )
    wasted = everything.wasted_kg
    lead += f", of which {_amount(wasted, mass)} for work lost to interruptions." if wasted else "; no work was lost."
    if all(entry.record.gpu_model is None for entry in entries):
        lead += " No GPU was used."
    blocks = (
        Paragraph(f"{_everyday(everything.kwh_tdp)} {_shared(chains)}".strip()),
        *_of_the_search(chains, mass, energy),
        _jobs(entries, everything, mass, energy),
        _grids(entries),
        Notes(_methods(entries)),
    )
    return Section("carbon", "Carbon", lead, blocks)


KWH_TO_BOIL_A_LITRE = 4.186 * (100 - 20) / 3600
"""Specific heat of water, 4.186 kJ/(kg K), from 20 to 100 °C: 0.093 kWh, before the kettle's own losses."""


def _everyday(kwh: float) -> str:
    litres = kwh / KWH_TO_BOIL_A_LITRE
    amount = f"{litres:,.0f} l" if litres >= 10 else f"{litres:.2f} l"
    return f"The energy would bring {amount} of water from 20 °C to the boil (4.186 kJ/(kg K))."


SHOWN = ("session", "strategy", "features", "searches", "page")
"""Rows of the page; settings and searches of a backbone are in the CSV file, but for those of the retained model."""


def _of_the_search(chains: Sequence[Chain], mass: Unit, energy: Unit) -> list[Block]:
    """Return what the retained model, its setting, each strategy and the whole search took; and the yardsticks."""
    rows = shares(chains)
    if not rows:
        return []
    cell = lead(chains).metrics.chosen_cell
    own = {("setting", cell.cell), ("search", f"{cell.backbone}, {cell.strategy}")}
    shown = [row for row in rows if row.of in SHOWN or (row.of, row.name) in own]
    columns = (
        Column("of", "of", kind="text", value=lambda row: row.of),
        Column("name", "name", kind="text", value=lambda row: row.name),
        Column("sessions", "sessions", count, value=lambda row: row.sessions),
        Column("epochs", "epochs", count, value=lambda row: row.epochs),
        Column("seconds", "time", duration, value=lambda row: row.seconds),
        Column("kwh_tdp", energy[1], lambda value: decimal(value * energy[0]), value=lambda row: row.kwh),
        Column("co2e_kg_tdp", f"{mass[1]} CO₂e", lambda value: decimal(value * mass[0]), value=lambda row: row.co2e_kg),
    )
    caption = (
        "What did the retained model take, alone and with the search that found it? A shard's energy is shared by the "
        "epochs of its sessions, GPU at TDP; every setting is in carbon-search.csv"
    )
    of_search = table("carbon-search", caption, columns, shown, csv_rows=rows)
    searches, everything = rows[-2:]
    blocks: list[Block] = [of_search]
    if of_study(chains):
        blocks.append(Paragraph(_yardsticks(searches, everything, _kg_per_kwh(chains))))
    return blocks


def _kg_per_kwh(chains: Sequence[Chain]) -> float:
    """Return the intensity at which the page's first shard was charged, without overhead."""
    record = account(list(lead(chains).run.shards.values())[:1]).entries[0].record
    return (record.intensity_gco2e_per_kwh or 0.0) / 1000


def _yardsticks(searches: Share, everything: Share, kg_per_kwh: float) -> str:
    """Return the study's account beside this page's, and both beside a person's emissions."""
    study = COMPUTING
    french = everything.co2e_kg / study.french_kg_per_year
    words = (
        f"The study (§5.2.4): {count(int(study.hours))} h of {study.gpu} at {study.tdp_w:g} W are "
        f"{study.co2e_kg:.2f} kg at {study.kg_per_kwh} kg per kWh (here {decimal(kg_per_kwh, 3)}), "
        f"{study.seconds_per_epoch:.0f} s per epoch over {count(EPOCHS)} epochs; that is "
        f"{percent(study.co2e_kg / study.french_kg_per_year)} of the {study.french_kg_per_year / 1000:.1f} t that a "
        f"person in France emitted in 2021. This page is {_small(french)} of it"
    )
    if searches.epochs:
        theirs = searches.epochs * study.seconds_per_epoch
        words += (
            f"; its searches took {searches.seconds / searches.epochs:.3g} s per epoch, and at the study's pace their "
            f"{count(searches.epochs)} epochs would have taken {duration(theirs)}"
        )
    return f"{words}."


def _small(share: float) -> str:
    """Return a share in percent to two figures, however small."""
    return f"{share * 100:.2g}{NARROW}%"


def _shared(chains: Sequence[Chain]) -> str:
    """Return the passes through frozen trunks beside one per sample, session and epoch; empty where all is trained."""
    passes = once = kwh = kg = 0.0
    all_recorded = True
    for chain in {chain.run.grid.name: chain for chain in chains}.values():
        rows = [row for row in planned_rows(chain.run.spec) if row.kind != "whole"]
        if chain.run.spec.engine != "shared" or not rows:
            continue
        subsets, features = _samples(chain), list(chain.features())
        through = sum(work.samples for work in shared_work(rows, *subsets) if work.work == "trunk")
        without = sum(work.samples for work in report_work(rows, *subsets))
        passes, once = passes + through, once + without
        read = {features.name for shard in chain.run.shards.values() for features in shard.manifest.features}
        if features and len(features) == len(read) and all(row.kind != "unfreezing" for row in rows):
            drawn = account((), features).sum
            kwh += drawn.kwh_tdp * (without / through - 1)
            kg += drawn.record.co2e_kg_tdp * (without / through - 1)
        else:
            all_recorded = False
    if not passes:
        return ""
    words = (
        f"Sharing frozen trunks: {passes:,.0f} samples passed through them; each session and epoch by itself would "
        f"have taken {once:,.0f}, {once / passes:,.0f} times as many."
    )
    if not all_recorded:
        return f"{words} What the passes drew is part of training's energy and has no record of its own."
    energy, mass = _amount(kwh, _unit(kwh, _ENERGY)), _amount(kg, _unit(kg, _MASS))
    return f"{words} At what the passes drew by their records, about {energy} and {mass} CO₂e were saved."


def _samples(chain: Chain) -> tuple[int, int]:
    subsets = chain.dataset.read_result(Balance, "balance.json").subsets
    train, valid = (sum(of_class.final for of_class in subsets[name].classes.values()) for name in ("train", "valid"))
    return train, valid


Unit = tuple[float, str]
"""Number of them in a kg or kWh, and symbol."""
_MASS: tuple[Unit, ...] = ((1, "kg"), (1e3, "g"), (1e6, "mg"))
_ENERGY: tuple[Unit, ...] = ((1, "kWh"), (1e3, "Wh"), (1e6, "mWh"))


def _unit(amount: float, units: Sequence[Unit]) -> Unit:
    """Return the largest unit in which the amount is 1 or more."""
    return next((unit for unit in units if amount * unit[0] >= 1), units[-1])


def _amount(value: float, unit: Unit) -> str:
    return f"{decimal(value * unit[0], 2)} {unit[1]}"


def _jobs(entries: Sequence[Entry], everything: Entry, mass: Unit, energy: Unit) -> Table:
    def written(unit: Unit) -> Callable[[float | None], str]:
        return lambda value: decimal(None if value is None else value * unit[0])

    g, wh = mass[1], energy[1]
    columns = (
        Column("job", "job", kind="text"),
        Column("artefact", "made", kind="text"),
        Column("wall_seconds", "time", duration),
        Column("kwh_tdp", f"{wh}, GPU at TDP", written(energy)),
        Column("kwh_measured", f"{wh}, GPU measured", written(energy)),
        Column("co2e_kg_tdp", f"{g} CO₂e, GPU at TDP", written(mass)),
        Column("co2e_kg_measured", f"{g} CO₂e, GPU measured", written(mass)),
        Column("co2e_kg_wasted", f"{g} CO₂e wasted", written(mass)),
    )
    rows = [_row(entry) for entry in entries]
    return table("carbon", "Energy and emissions of each job", columns, rows, total=_row(everything))


def _row(entry: Entry) -> tuple[object, ...]:
    record = entry.record
    measured = record.co2e_kg_measured
    return (
        entry.job, entry.artefact, record.wall_seconds, entry.kwh_tdp, entry.kwh_measured, record.co2e_kg_tdp, measured,
        entry.wasted_kg,
    )  # fmt: skip


def _grids(entries: Sequence[Entry]) -> Table:
    columns = (
        Column("region", "electricity of", _known, kind="text"),
        Column("intensity_gco2e_per_kwh", "g CO₂e per kWh", lambda value: decimal(value, 2)),
        Column("year", "year", _known),
        Column("pue", "PUE", lambda value: decimal(value, 2)),
        Column("gpu", "GPU", _known, kind="text"),
        Column("gpu_tdp_w", "TDP, W", lambda value: decimal(value, 0)),
        Column("source", "source", _known, kind="text"),
    )
    rows = {
        (record.region, record.intensity_gco2e_per_kwh, record.intensity_year, record.pue, record.gpu_model,
         record.gpu_tdp_w,
         record.intensity_source): None
        for record in (entry.record for entry in entries)
    }  # fmt: skip
    return table("carbon-factors", "The factors behind it", columns, list(rows))


def _methods(entries: Sequence[Entry]) -> tuple[str, ...]:
    fields = (("Processor", "cpu_method"), ("Memory", "ram_method"))
    methods = {f"{what}: {getattr(entry.record, field)}." for entry in entries for what, field in fields}
    return tuple(sorted(method for method in methods if not method.endswith(" None.")))


def _known(value: object) -> str:
    return NOTHING if value is None else str(value)
