"""What it cost the planet: every job of the chains, and their sum."""

from __future__ import annotations

from collections.abc import Sequence

from neurograde.reports.account import Entry, account
from neurograde.reports.blocks import Column, Paragraph, Section, Table, simple_table
from neurograde.reports.chain import Chain, unique
from neurograde.reports.numbers import NOTHING, decimal, duration


def carbon(chains: Sequence[Chain]) -> Section:
    """The account of every job that stands behind the page, each job once."""
    found = account(unique(each for chain in chains for each in chain.artefacts()))
    entries, everything = found.entries, found.sum
    lead = (
        f"{_scaled(everything.record.co2e_kg_tdp, _GRAMS)} CO₂e for {_scaled(everything.kwh_tdp, _WATT_HOURS)} "
        f"in {duration(everything.record.wall_seconds)} of computing"
    )
    wasted = everything.wasted_kg
    lead += f", of which {_scaled(wasted, _GRAMS)} was work lost to interruptions." if wasted else "; no work was lost."
    return Section("carbon", "Carbon", lead, (_jobs(entries, everything), _grids(entries), *_methods(entries)))


_GRAMS = ("g", "kg")
_WATT_HOURS = ("Wh", "kWh")


def _jobs(entries: Sequence[Entry], everything: Entry) -> Table:
    grams, watt_hours = everything.record.co2e_kg_tdp < 1, everything.kwh_tdp < 1
    g, wh = _GRAMS[not grams], _WATT_HOURS[not watt_hours]

    def mass(kg: float | None) -> str:
        return decimal(None if kg is None else kg * (1000 if grams else 1))

    def energy(kwh: float | None) -> str:
        return decimal(None if kwh is None else kwh * (1000 if watt_hours else 1))

    columns = (
        Column("job", "job", kind="text"),
        Column("artefact", "made", kind="text"),
        Column("wall_seconds", "time", duration),
        Column("kwh_tdp", f"{wh}, GPU at TDP", energy),
        Column("kwh_measured", f"{wh}, GPU measured", energy),
        Column("co2e_kg_tdp", f"{g} CO₂e, GPU at TDP", mass),
        Column("co2e_kg_measured", f"{g} CO₂e, GPU measured", mass),
        Column("co2e_kg_wasted", f"{g} CO₂e wasted", mass),
    )
    return simple_table(
        "carbon", "Energy and emissions of each job", columns, [_row(each) for each in entries], _row(everything)
    )


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
        (each.region, each.intensity_gco2e_per_kwh, each.intensity_year, each.pue, each.gpu_model, each.gpu_tdp_w,
         each.intensity_source): None
        for each in (entry.record for entry in entries)
    }  # fmt: skip
    return simple_table("carbon-factors", "The factors behind it", columns, list(rows))


def _methods(entries: Sequence[Entry]) -> tuple[Paragraph, ...]:
    words = []
    for what, field in (("Processor", "cpu_method"), ("Memory", "ram_method")):
        methods = sorted({method for entry in entries if (method := getattr(entry.record, field)) is not None})
        words += [f"{what}: {method}." for method in methods]
    return (Paragraph(" ".join(words)),) if words else ()


def _scaled(value: float, units: tuple[str, str]) -> str:
    return f"{value * 1000:,.3g} {units[0]}" if value < 1 else f"{value:,.2f} {units[1]}"


def _known(value: object) -> str:
    return NOTHING if value is None else str(value)
