"""The time, energy and money that a study will take, as tables that are printed before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table

from neurograde.cluster.study import Study
from neurograde.maths.carbon import co2e_kg, energy_kwh
from neurograde.maths.grid_plan import Work, hours, report_work, shared_work
from neurograde.runtime.checkpoint_cost import GB, CheckpointCost
from neurograde.runtime.factors import GridFactor, cpu_factor, gpu_tdp_w, rate
from neurograde.specs.grid import planned_rows

DEVICES = ("T4", "L4", "A100 SXM4", "H100 HBM3", "CPU")
"""The devices that are shown when none is named."""
WORKS = ("trunk", "head", "suffix", "epoch")
CPU_CORES = 2
"""Cores of the machine that the rates of `CPU` were measured on."""
REPORT = {"sessions": 12_500, "session-epochs": 936_000, "hours": 12_740, "kWh": 891.8, "kg CO2e": 508.33}
"""The report's own count, §5.2.4 and figures C.1 and C.3; its kWh are its hours at the 70 W of a T4."""
Rates = Mapping[str, float]
"""Samples per second by `device:work`, where the command line gives them."""


@dataclass(frozen=True)
class Outlook:
    """The time, energy and money of one way of doing it on one device; None where a rate or price is unknown."""

    hours: float | None
    kwh: float | None
    co2e_kg: float | None
    usd: float | None


def outlook(works: Sequence[Work], device: str, grid: GridFactor, rates: Rates, usd_per_hour: float | None) -> Outlook:
    """Return the outlook of the work on a device: the board alone at its design power, or a processor's cores."""
    watts = CPU_CORES * cpu_factor(None).w_per_core if device == "CPU" else gpu_tdp_w(device)
    time = hours(works, lambda work, of: _rate(device, work, of, rates))
    if time is None:
        return Outlook(None, None, None, None)
    kwh = energy_kwh(watts, time)
    return Outlook(time, kwh, co2e_kg(kwh, grid.gco2e_per_kwh, grid.pue), usd_per_hour and time * usd_per_hour)


def count_table(study: Study, checkpoints: Mapping[str, CheckpointCost]) -> Table:
    """Return a table of sessions, epochs, shards and checkpoints of each grid."""
    table = Table(title=f"{study.source}: what will run", title_justify="left", caption_justify="left")
    for column in ("grid", "jobs", "shards", "sessions", "session-epochs", "checkpoints", "GB kept", "store USD"):
        table.add_column(column, justify="left" if column == "grid" else "right")
    totals = [0] * 4
    for file, spec in study.trained().items():
        rows, cost = planned_rows(spec), checkpoints[file]
        counts = [
            len(rows),
            sum(row.shards for row in rows),
            sum(row.sessions for row in rows),
            sum(row.session_epochs for row in rows),
        ]
        totals = [a + b for a, b in zip(totals, counts, strict=True)]
        money = None if cost.operations_usd is None else cost.operations_usd + (cost.storage_usd_per_month or 0)
        kept = f"{cost.kept_bytes / GB:,.1f}"
        table.add_row(spec.name, *(f"{count:,}" for count in counts), f"{cost.checkpoints:,}", kept, _shown(money))
    table.add_row("all", *(f"{total:,}" for total in totals), "", "", "", style="bold")
    table.add_row("the report", "", "", f"{REPORT['sessions']:,}", f"{REPORT['session-epochs']:,}", "", "", "")
    table.caption = "Store: operations at most, and a month of what is kept."
    return table


def cost_table(
    study: Study,
    samples: tuple[int, int],
    grid: GridFactor,
    rates: Rates,
    usd_per_hour: Mapping[str, float],
    *,
    devices: Sequence[str] = DEVICES,
) -> Table:
    """Return a table of hours, energy, emissions and money on each device, this way and the report's.

    Raises:
        SpecError: a device is neither `CPU` nor a board whose design power is known.
    """
    rows = [row for spec in study.trained().values() for row in planned_rows(spec)]
    ours, theirs = shared_work(rows, *samples), report_work(rows, *samples)
    passes = sum(work.samples for work in ours if work.work == "trunk")
    once = sum(work.samples for work in theirs)
    title = f"what it takes with {samples[0]:,} train and {samples[1]:,} valid samples"
    table = Table(title=title, title_justify="left", caption_justify="left")
    columns = (
        "device",
        "trunk h",
        "heads h",
        "suffix h",
        "all h",
        "kWh",
        "kg CO2e",
        "USD",
        "report's way h",
        "kg CO2e",
        "USD",
    )
    for column in columns:
        table.add_column(column, justify="left" if column == "device" else "right")
    for device in devices:
        price = usd_per_hour.get(device)
        here, there = outlook(ours, device, grid, rates, price), outlook(theirs, device, grid, rates, price)
        parts = [
            outlook([work for work in ours if work.work == kind], device, grid, rates, None).hours
            for kind in ("trunk", "head", "suffix")
        ]
        numbers = (*parts, here.hours, here.kwh, here.co2e_kg, here.usd, there.hours, there.co2e_kg, there.usd)
        table.add_row(device, *map(_shown, numbers))
    table.add_row("the report", "", "", "", "", "", "", "", f"{REPORT['hours']:,}", f"{REPORT['kg CO2e']}")
    table.caption = (
        f"{passes:,.0f} samples pass through frozen trunks instead of {once:,.0f}: {once / max(passes, 1):,.0f} times "
        f"fewer. Boards at their design power; {grid.region} of {grid.year}: {grid.gco2e_per_kwh:g} g/kWh, PUE "
        f"{grid.pue:g}. T4: at most, from the report's mean epoch of 49 s. Unknown: not measured and not published; "
        "--rate DEVICE:WORK=SAMPLES_PER_S gives a rate (of trunk, head, suffix, epoch), --usd DEVICE=PER_HOUR a price. "
        f"The report: {REPORT['hours']:,} h of T4 at 70 W, {REPORT['kWh']} kWh, {REPORT['kg CO2e']} kg at 570 g/kWh."
    )
    return table


def _rate(device: str, work: str, of: str, rates: Rates) -> float | None:
    """Return the samples per second, from the command line or a table; a part of an epoch is as fast as a whole one."""
    for kind in (work, "epoch") if work in ("trunk", "suffix") else (work,):
        known = rate(device, kind, of)
        samples_per_s = rates.get(f"{device}:{kind}", known.samples_per_s if known else None)
        if samples_per_s is not None:
            return samples_per_s
    return None


def _shown(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
