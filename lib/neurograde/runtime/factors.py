"""The numbers that turn work into carbon and money: tables, each row with the source and the year it comes from.

    grid_intensity.csv   g CO2e/kWh of a grid, by cloud region or country (ISO 3166 alpha-3), the year it is of
    gpus.csv             W, memory, compute capability and peaks of a board, by the words of its name; blank is unknown
    cpu_tdp.csv          W and cores of a processor, by the words of its name, the year in which it was read
    storage_prices.csv   US dollars for keeping and handling objects, by region, the year in which it was read
    rates.csv            samples a second of a device, by what it does with them

Nothing is looked up on the network, and nothing is guessed: what no table knows stops the job, a price is unknown.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib import resources
from typing import NamedTuple

from neurograde.errors import SpecError
from neurograde.runtime.checkpoint_cost import StoragePrices


class GridFactor(NamedTuple):
    """What a kilowatt hour costs in a region."""

    region: str
    year: int
    gco2e_per_kwh: float
    pue: float
    """Power usage effectiveness of the data centre; 1 for one's own machine."""
    counts: str
    """`all`, or `gpu` for the report's way of counting nothing else."""
    source: str
    pue_source: str


class CpuFactor(NamedTuple):
    """What a busy core draws."""

    model: str
    w_per_core: float
    source: str


def grid_factor(region: str) -> GridFactor:
    """The factor of a region in the newest year known, or of a year: `europe-west4`, `europe-west4@2019`, `FRA`.

    >>> grid_factor("europe-west4@2019").gco2e_per_kwh
    569.0

    Raises:
        SpecError: If the region, or the region in that year, is in no table.
    """
    table = _grid_factors()
    if region not in table:
        raise SpecError(
            f"region: {region!r} has no grid intensity; accepted, with a year that the table has or without "
            f"(europe-west4@2019, FRA), are: {', '.join(each for each in table if '@' not in each)}"
        )
    return table[region]


def gpu_tdp_w(model: str, default_limit_w: float | None = None) -> float:
    """Thermal design power of a board, by the driver's name of it.

    >>> gpu_tdp_w("Tesla V100-SXM2-16GB")
    300.0

    Args:
        model: The name, such as `Tesla T4` or `NVIDIA A100 80GB PCIe`.
        default_limit_w: The limit that the board itself reports; stands in where the table does not know it.

    Raises:
        SpecError: If neither the table nor the board says.
    """
    row = _best_match(model, "gpus.csv")
    if row is not None:
        return float(row["tdp_w"])
    if default_limit_w is not None:
        return default_limit_w
    accepted = ", ".join(row["model"] for row in _rows("gpus.csv"))
    raise SpecError(f"gpu_model: {model!r} has no TDP; accepted are names that hold the words of: {accepted}")


def gpu_capability(model: str) -> tuple[int, int] | None:
    """Return the compute capability of a board by the driver's name of it; None where the table does not know it.

    >>> gpu_capability("Tesla V100-SXM2-16GB")
    (7, 0)
    """
    text = (_best_match(model, "gpus.csv") or {}).get("compute_capability")
    if not text:
        return None
    major, _, minor = text.partition(".")
    return int(major), int(minor)


def cpu_factor(model: str | None) -> CpuFactor:
    """What a busy core of a processor draws at its TDP; the table's row for any processor where it is not listed.

    >>> cpu_factor("Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz").w_per_core
    7.5
    """
    row = _best_match(model or "", "cpu_tdp.csv")
    if row is None:
        row = next(each for each in _rows("cpu_tdp.csv") if each["model"] == "any")
    return CpuFactor(row["model"], float(row["tdp_w"]) / int(row["cores"]), row["source"])


def storage_prices(store: str, region: str) -> StoragePrices | None:
    """What the object store of a URL charges in a region; None where no table knows.

    >>> storage_prices("gs://bucket/study", "europe-west1")
    StoragePrices(per_gb_month=0.02, per_1000_class_a=0.005, per_1000_class_b=0.0004)
    """
    for row in _rows("storage_prices.csv"):
        if (row["store"], row["region"]) == (store.partition("://")[0], region.partition("@")[0]):
            columns = ("usd_per_gb_month", "usd_per_1000_class_a", "usd_per_1000_class_b")
            return StoragePrices(*(float(row[column]) for column in columns))
    return None


class Rate(NamedTuple):
    """How fast a device is at some work."""

    samples_per_s: float
    source: str


def rate(device: str, work: str, of: str) -> Rate | None:
    """Samples a second of a device, measured or published; None where no table knows.

    A table that knows whole epochs of the ordinary way only bounds the parts of them: at least as many.

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


@cache
def _grid_factors() -> dict[str, GridFactor]:
    """By `region@year`, and by `region` for its newest year."""
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
    """The row whose words all stand in `name`, the one with most words: `A100 PCIE 80GB`, not `A100 PCIE`."""
    words = _words(name)
    fitting = [row for row in _rows(table) if _words(row["model"]) <= words]
    return max(fitting, key=lambda row: len(_words(row["model"])), default=None)


def _words(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", name.lower()))


@cache
def _rows(table: str) -> tuple[dict[str, str], ...]:
    text = (resources.files("neurograde.runtime") / "tables" / table).read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
