"""The numbers that turn work into carbon and money: tables, each row with its source and year.

    grid_intensity.csv   g CO2e/kWh of a grid, by cloud region or country (ISO 3166 alpha-3) and year
    marginal_intensity.csv  g CO2e of one more kWh of a grid, by cloud region
    gpus.csv             W, memory, compute capability and peaks of a board, by the words of its name; blank is unknown
    cpu_tdp.csv          W and cores of a processor, by the words of its name, with the year of reading
    storage_prices.csv   US dollars for keeping and handling objects, by region, with the year of reading
    prices.csv           US dollars for an hour of a device, by region, with date and source; blank is unknown
    rates.csv            samples per second of a device, by kind of work, and 1e9 operations of a sample where counted

Nothing is looked up on the network and nothing is guessed: a missing factor stops the job, a missing price is unknown.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

from neurograde.errors import SpecError
from neurograde.maths.roofline import Range
from neurograde.runtime.checkpoint_cost import StoragePrices


class GridFactor(NamedTuple):
    """Emissions per kilowatt hour in a region."""

    region: str
    year: int
    gco2e_per_kwh: float
    pue: float
    """Power usage effectiveness of the data centre; 1 for a machine outside one."""
    counts: str
    """`all`, or `gpu` for the report's account, which counts nothing else."""
    source: str
    pue_source: str


class CpuFactor(NamedTuple):
    """Power of a busy core."""

    model: str
    w_per_core: float
    source: str


def grid_factor(region: str) -> GridFactor:
    """Return the factor of a region in its newest year or a given one: `europe-west4`, `europe-west4@2019`, `FRA`.

    >>> grid_factor("europe-west4@2019").gco2e_per_kwh
    569.0

    Raises:
        SpecError: The region, or the region in that year, is in no table.
    """
    table = _grid_factors()
    if region not in table:
        raise SpecError(
            f"region: {region!r} has no grid intensity; accepted, with a year that the table has or without "
            f"(europe-west4@2019, FRA), are: {', '.join(name for name in table if '@' not in name)}"
        )
    return table[region]


def grid_factors() -> tuple[GridFactor, ...]:
    """Return the factor of every region in its newest year, the report's own left out."""
    return tuple(factor for key, factor in _grid_factors().items() if "@" not in key and factor.counts == "all")


class MarginalIntensity(NamedTuple):
    """Emissions of one more kilowatt hour in a region."""

    year: int
    gco2e_per_kwh: float
    source: str


def marginal_intensity(region: str) -> MarginalIntensity | None:
    """Return what one more kilowatt hour emits in a region, or None if it is in no table.

    >>> marginal_intensity("europe-west4").gco2e_per_kwh
    501.34
    """
    for row in _rows("marginal_intensity.csv"):
        if row["region"] == region:
            return MarginalIntensity(int(row["year"]), float(row["gco2e_per_kwh"]), row["source"])
    return None


def gpu_tdp_w(model: str, default_limit_w: float | None = None) -> float:
    """Return the thermal design power of a board, by the driver's name for it.

    >>> gpu_tdp_w("Tesla V100-SXM2-16GB")
    300.0

    Args:
        model: The name, such as `Tesla T4` or `NVIDIA A100 80GB PCIe`.
        default_limit_w: The limit that the board itself reports, for boards that the table does not have.

    Raises:
        SpecError: Neither the table nor the board has it.
    """
    row = _best_match(model, "gpus.csv")
    if row is not None:
        return float(row["tdp_w"])
    if default_limit_w is not None:
        return default_limit_w
    accepted = ", ".join(row["model"] for row in _rows("gpus.csv"))
    raise SpecError(f"gpu_model: {model!r} has no TDP; accepted are names that hold the words of: {accepted}")


def gpu_peaks(model: str) -> dict[str, float]:
    """Return the peaks of a board by their column in the table; those that the table leaves blank are missing.

    >>> gpu_peaks("Tesla T4")
    {'tflops_fp32': 8.1, 'tflops_fp16': 65.0, 'bandwidth_gb_s': 320.0}
    """
    row = _best_match(model, "gpus.csv") or {}
    columns = ("tflops_fp32", "tflops_tf32", "tflops_fp16", "bandwidth_gb_s")
    return {column: float(row[column]) for column in columns if row.get(column)}


def gpu_capability(model: str) -> tuple[int, int] | None:
    """Return the compute capability of a board by the driver's name for it; None if the table does not have it.

    >>> gpu_capability("Tesla V100-SXM2-16GB")
    (7, 0)
    """
    text = (_best_match(model, "gpus.csv") or {}).get("compute_capability")
    if not text:
        return None
    major, _, minor = text.partition(".")
    return int(major), int(minor)


def cpu_factor(model: str | None) -> CpuFactor:
    """Return the power of a busy core of a processor at its TDP; for one that is not listed, the row of any processor.

    >>> cpu_factor("Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz").w_per_core
    7.5
    """
    row = _best_match(model or "", "cpu_tdp.csv")
    if row is None:
        row = next(other for other in _rows("cpu_tdp.csv") if other["model"] == "any")
    return CpuFactor(row["model"], float(row["tdp_w"]) / int(row["cores"]), row["source"])


def storage_prices(store: str, region: str) -> StoragePrices | None:
    """Return the prices of the object store of a URL in a region, or None if they are in no table.

    >>> storage_prices("gs://bucket/study", "europe-west1")
    StoragePrices(per_gb_month=0.02, per_1000_class_a=0.005, per_1000_class_b=0.0004)
    """
    for row in _rows("storage_prices.csv"):
        if (row["store"], row["region"]) == (store.partition("://")[0], region.partition("@")[0]):
            columns = ("usd_per_gb_month", "usd_per_1000_class_a", "usd_per_1000_class_b")
            return StoragePrices(*(float(row[column]) for column in columns))
    return None


class Price(NamedTuple):
    """The price of an hour of a device."""

    usd_per_h: float
    date: str
    """Date of the list, or of reading it."""
    source: str
    """Source, and what the price is of: the board alone, or a machine."""


def price(device: str, region: str) -> Price | None:
    """Return the price of a device in a region, or None if it is unknown.

    >>> price("T4", "europe-west4@2019").usd_per_h
    0.3675
    >>> price("H100 HBM3", "europe-west4") is price("T4", "atlantis") is None
    True
    """
    for row in _rows("prices.csv"):
        if (row["device"], row["region"]) == (device, region.partition("@")[0]) and row["usd_per_h"]:
            return Price(float(row["usd_per_h"]), row["date"], row["source"])
    return None


class Rate(NamedTuple):
    """Speed of a device at some work."""

    samples_per_s: float
    source: str


def rate(device: str, work: str, of: str) -> Rate | None:
    """Return the samples per second of a device, measured or published, or None if they are in no table.

    Where only whole epochs of the ordinary way are known, they bound their parts: at least as many.

    >>> rate("CPU", "trunk", "inception_v3").samples_per_s
    17.5

    Args:
        device: A board, or `CPU`.
        work: `trunk` (a pass through the frozen part), `head` or `suffix` (a session-epoch of what is trained), or
            `epoch` (one of the whole network, the ordinary way).
        of: A backbone; of `head`, the strategy.
    """
    for row in _rows("rates.csv"):
        if (row["device"], row["work"]) == (device, work) and row["of"] in (of, "any"):
            return Rate(float(row["samples_per_s"]), row["source"])
    return None


def sustained_gflops(device: str, works: Sequence[str]) -> Range | None:
    """Return the least and the most that a device was measured to compute at such works, in 1e9 operations a second.

    None where the table has no measurement with the operations of its sample.

    >>> reached = sustained_gflops("CPU", ["suffix"])
    >>> round(reached.low), round(reached.high)
    (196, 257)

    Args:
        device: A board, or `CPU`.
        works: Kinds of work, as for `rate`.
    """
    measured = [
        float(row["samples_per_s"]) * float(row["gflop"])
        for row in _rows("rates.csv")
        if row["device"] == device and row["work"] in works and row["gflop"]
    ]
    return Range(min(measured), max(measured)) if measured else None


@cache
def _grid_factors() -> dict[str, GridFactor]:
    """Return all factors by `region@year`, and by `region` for its newest year."""
    factors = {}
    for row in sorted(_rows("grid_intensity.csv"), key=lambda row: int(row["year"])):
        factor = GridFactor(
            row["region"],
            int(row["year"]),
            float(row["gco2e_per_kwh"]),
            float(row["pue"]),
            row["counts"],
            row["source"],
            row["pue_source"],
        )
        factors[f"{factor.region}@{factor.year}"] = factor
        factors[factor.region] = factor
    return dict(sorted(factors.items()))


def _best_match(name: str, table: str) -> dict[str, str] | None:
    """Return the row whose words are all in `name`, the one with most words: `A100 PCIE 80GB`, not `A100 PCIE`."""
    words = _words(name)
    fitting = [row for row in _rows(table) if _words(row["model"]) <= words]
    return max(fitting, key=lambda row: len(_words(row["model"])), default=None)


def _words(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", name.lower()))


@cache
def _rows(table: str) -> tuple[dict[str, str], ...]:
    text = (resources.files("neurograde.runtime") / "tables" / table).read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
