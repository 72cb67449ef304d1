"""The time, energy and money that a study will take, as tables that are printed before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table

from neurograde.cluster.fit import Sizes
from neurograde.cluster.study import Study
from neurograde.maths.carbon import co2e_kg, energy_kwh
from neurograde.maths.grid_plan import Work, hours, report_work, shared_work
from neurograde.maths.roofline import LEAST_SHARE, MOST_SHARE, Range, samples_per_s
from neurograde.runtime.checkpoint_cost import GB, CheckpointCost
from neurograde.runtime.factors import GridFactor, cpu_factor, gpu_peaks, gpu_tdp_w, rate, sustained_gflops
from neurograde.specs.grid import planned_rows

DEVICES = ("T4", "L4", "A100 SXM4 40GB", "H100 HBM3", "CPU")
"""The devices that are shown when none is named."""
WORKS = ("trunk", "head", "suffix", "epoch")
CPU_CORES = 2
"""Cores of the machine that the rates of `CPU` were measured on."""
REPORT = {"sessions": 12_500, "session-epochs": 936_000, "hours": 12_740, "kWh": 891.8, "kg CO2e": 508.33}
"""The report's own count, §5.2.4 and figures C.1 and C.3; its kWh are its hours at the 70 W of a T4."""
OTHER_NETWORK = 0.25
"""Share by which operations per second at one network may differ from those measured at others: an assumption."""
Rates = Mapping[str, float]
"""Samples per second by `device:work`, where the command line gives them."""


@dataclass(frozen=True)
class Outlook:
    """The time, energy and money of one way of doing it on one device; None where a rate or price is unknown."""

    hours: Range | None
    kwh: Range | None
    co2e_kg: Range | None
    usd: Range | None


def outlook(works: Sequence[Work], device: str, grid: GridFactor, rates: Rates, usd_per_hour: float | None) -> Outlook:
    """Return the outlook of the work on a device: the board alone at its design power, or a processor's cores."""
    watts = CPU_CORES * cpu_factor(None).w_per_core if device == "CPU" else gpu_tdp_w(device)
    time = hours(works, lambda work: _speed(device, work, rates))
    if time is None:
        return Outlook(None, None, None, None)
    kwh = time.times(energy_kwh(watts, 1))
    emissions = kwh.times(co2e_kg(1, grid.gco2e_per_kwh, grid.pue))
    return Outlook(time, kwh, emissions, None if usd_per_hour is None else time.times(usd_per_hour))


def planned_work(study: Study, sizes: Sizes, samples: tuple[int, int]) -> tuple[list[Work], list[Work]]:
    """Return the work of the study, this way and the report's, with the cost of every sample."""
    rows = [
        row._replace(size=size)
        for spec in study.trained().values()
        for row, size in zip(planned_rows(spec), sizes.networks(spec), strict=True)
    ]
    return shared_work(rows, *samples), report_work(rows, *samples)


def count_table(study: Study, checkpoints: Mapping[str, CheckpointCost]) -> Table:
    """Return a table of sessions, epochs, shards and checkpoints of each grid."""
    columns = ("jobs", "shards", "sessions", "session-epochs", "checkpoints", "GB kept", "store USD")
    table = plain_table(f"{study.source}: what will run", columns, first="grid")
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
        table.add_row(spec.name, *(f"{count:,}" for count in counts), f"{cost.checkpoints:,}", kept, shown(money))
    table.add_row("all", *(f"{total:,}" for total in totals), "", "", "", style="bold")
    table.add_row("the report", "", "", f"{REPORT['sessions']:,}", f"{REPORT['session-epochs']:,}", "", "", "")
    table.caption = "Store: operations at most, and a month of what is kept."
    return table


def cost_tables(
    works: tuple[Sequence[Work], Sequence[Work]],
    samples: tuple[int, int],
    grid: GridFactor,
    rates: Rates,
    usd_per_hour: Mapping[str, float],
    *,
    devices: Sequence[str] = DEVICES,
) -> tuple[Table, Table]:
    """Return two tables of hours, energy, emissions and money on each device: this way, and the report's.

    Args:
        works: The work this way and the report's, of `planned_work`.
        samples: The number of train and of valid samples.
        grid: Emissions of the region.
        rates: Samples per second from the command line.
        usd_per_hour: Prices, from the table or the command line.
        devices: The devices to show.

    Raises:
        SpecError: a device is neither `CPU` nor a board whose design power is known.
    """
    ours, theirs = works
    passes = sum(work.samples for work in ours if work.work == "trunk")
    once = sum(work.samples for work in theirs)
    data = f"{samples[0]:,} train and {samples[1]:,} valid samples"
    here = plain_table(
        f"what it takes with {data}", ("trunk h", "heads h", "suffix h", "all h", "kWh", "kg CO2e", "USD")
    )
    there = plain_table(
        f"the report's way, the whole network in every epoch, with {data}", ("h", "kWh", "kg CO2e", "USD")
    )
    for device in devices:
        shared, plain = (outlook(kind, device, grid, rates, usd_per_hour.get(device)) for kind in works)
        parts = [
            outlook([work for work in ours if work.work == kind], device, grid, rates, None).hours
            for kind in ("trunk", "head", "suffix")
        ]
        here.add_row(device, *map(shown, (*parts, shared.hours, shared.kwh, shared.co2e_kg, shared.usd)))
        there.add_row(device, *map(shown, (plain.hours, plain.kwh, plain.co2e_kg, plain.usd)))
    there.add_row("the report", f"{REPORT['hours']:,}", f"{REPORT['kWh']}", f"{REPORT['kg CO2e']}", "unknown")
    here.caption = (
        f"{passes:,.0f} samples pass through frozen trunks instead of {once:,.0f}: {once / max(passes, 1):,.0f} times "
        f"fewer. Boards at their design power; {grid.region} of {grid.year}: {grid.gco2e_per_kwh:g} g/kWh, PUE "
        f"{grid.pue:g}. A number alone follows from rates that were measured or given (T4: at most, from the report's "
        f"mean epoch of 49 s). A range is an estimate: operations and bytes of each sample at {LEAST_SHARE:.0%} to "
        f"{MOST_SHARE:.0%} of the board's published peaks in float32, a CPU's within {OTHER_NETWORK:.0%} of what it "
        "reached at other networks. --rate DEVICE:WORK=SAMPLES_PER_S gives a rate (of trunk, head, suffix, epoch), "
        "--usd DEVICE=PER_HOUR a price; others are on demand, by runtime/tables/prices.csv, or unknown."
    )
    there.caption = f"The report: {REPORT['hours']:,} h of T4 at 70 W, {REPORT['kg CO2e']} kg at 570 g/kWh."
    return here, there


def plain_table(title: str, columns: Sequence[str], first: str = "device") -> Table:
    """Return an empty table: `first` to the left, columns of numbers to the right of it."""
    table = Table(title=title, title_justify="left", caption_justify="left")
    table.add_column(first)
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _speed(device: str, work: Work, rates: Rates) -> Range | None:
    """Return the samples per second: given, measured, or estimated.

    A part of an epoch is at least as fast as a whole one. An estimate is the cost of a sample at the operations per
    second that the device reached at such work of other networks, else at a share of the board's peaks.
    """
    for kind in (work.work, "epoch") if work.work in ("trunk", "suffix") else (work.work,):
        known = rate(device, kind, work.of)
        speed = rates.get(f"{device}:{kind}", known.samples_per_s if known else None)
        if speed is not None:
            return Range(speed, speed)
    if work.cost is None:
        return None
    reached = sustained_gflops(device, ("trunk", "suffix") if work.work == "epoch" else (work.work,))
    if reached is not None:
        lower, upper = (speed * 1e9 / work.cost.operations for speed in reached)
        return Range(lower * (1 - OTHER_NETWORK), upper * (1 + OTHER_NETWORK))
    peaks = {} if device == "CPU" else gpu_peaks(device)
    if not {"tflops_fp32", "bandwidth_gb_s"} <= peaks.keys():
        return None
    return samples_per_s(work.cost, peaks["tflops_fp32"] * 1e12, peaks["bandwidth_gb_s"] * 1e9)


def shown(value: Range | float | None) -> str:
    """Return a number as the tables show it; a range is an estimate.

    >>> shown(Range(1234.5, 1234.5)), shown(Range(0.5, 1234.0)), shown(None)
    ('1,234', '0.5 to 1,234', 'unknown')
    """
    if value is None:
        return "unknown"
    if isinstance(value, Range):
        return shown(value.low) if value.is_exact else f"{shown(value.low)} to {shown(value.high)}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
