"""The carbon record: energy and emissions of a lap (an epoch), a job, or a sum of them.

There are two accounts. `tdp` is the report's method: a board at its thermal design power for as long as it is held.
`measured` reads the board's own energy counter instead, and is null if it has none. Both add the processor and the
memory of the process, unless the region is `report`, which counts as the report did: the GPU alone, no overhead.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, ValidationError

from neurograde.errors import DataError
from neurograde.maths import carbon
from neurograde.runtime.factors import GridFactor, gpu_tdp_w, grid_factor
from neurograde.specs.base import Model
from neurograde.storage.content import first_mistake

Work = Literal["useful", "wasted"]


class Energy(NamedTuple):
    """An energy, and the method by which it was found."""

    kwh: float | None
    method: str


NOT_COUNTED = Energy(None, "not counted: the region counts the GPU alone")
NOT_PLANNED = Energy(None, "not planned")


class CarbonRecord(Model):
    """Energy and emissions of one lap, one job, or a sum of them; in a sum, null where the parts differ."""

    gpu_model: str | None
    """The board, null without one."""
    gpu_tdp_w: float | None
    """Thermal design power of the board."""
    gpu_kwh_measured: float | None
    """Energy by the board's counter; null when not measured, never 0."""
    gpu_kwh_tdp: float
    """Energy at the thermal design power; 0 without a board."""
    cpu_kwh: float | None
    """Energy of the processor for this process; null where the region does not count it."""
    cpu_method: str | None
    """Method by which that energy was found."""
    ram_kwh: float | None
    """Energy of the memory of this process; null where the region does not count it."""
    ram_method: str | None
    """Method by which that energy was found."""
    pue: float | None
    """Energy that the data centre draws per kWh of its machines."""
    intensity_gco2e_per_kwh: float | None
    """Emissions of the grid."""
    intensity_source: str | None
    """Source of that number."""
    intensity_year: int | None
    """Year of that number."""
    region: str | None
    """The grid's region."""
    co2e_kg_measured: float | None
    """Emissions with the board's measured energy; null when that was not measured."""
    co2e_kg_tdp: float
    """Emissions with the board's energy at its thermal design power."""
    ran_in: Annotated[str | None, Field(exclude_if=lambda value: value is None)] = None
    """Region of the node that it ran on, where that is another than `region`, whose grid is charged."""
    work: Work | None
    """`wasted` for work lost to preemption."""
    wall_seconds: float
    """Time that passed."""

    @classmethod
    def of(cls, values: Mapping[str, Any], where: str) -> CarbonRecord:
        """Return the record in a field of an object of the store, `where`; DataError naming both if it is damaged."""
        try:
            return cls.parse(values)
        except ValidationError as error:
            raise DataError(f"{where}.{first_mistake(error, 'record')}") from None


def charge(
    grid: GridFactor,
    *,
    gpu_model: str | None,
    gpu_tdp_w: float | None,
    gpu_kwh_measured: float | None,
    hours: float,
    cpu: Energy,
    ram: Energy,
    work: Work,
    ran_in: str | None = None,
) -> CarbonRecord:
    """Return the record of energies drawn from an electricity grid; None for a GPU that is absent or not measured."""
    if grid.counts == "gpu":
        cpu = ram = NOT_COUNTED
    gpu_kwh_tdp = carbon.energy_kwh(gpu_tdp_w or 0.0, hours)

    def emissions(gpu_kwh: float) -> float:
        energy = math.fsum([gpu_kwh, cpu.kwh or 0.0, ram.kwh or 0.0])
        return carbon.co2e_kg(energy, grid.gco2e_per_kwh, grid.pue)

    return CarbonRecord(
        gpu_model=gpu_model,
        gpu_tdp_w=gpu_tdp_w,
        gpu_kwh_measured=gpu_kwh_measured,
        gpu_kwh_tdp=gpu_kwh_tdp,
        cpu_kwh=cpu.kwh,
        cpu_method=cpu.method,
        ram_kwh=ram.kwh,
        ram_method=ram.method,
        pue=grid.pue,
        intensity_gco2e_per_kwh=grid.gco2e_per_kwh,
        intensity_source=grid.source,
        intensity_year=grid.year,
        region=grid.region,
        ran_in=ran_in,
        co2e_kg_measured=None if gpu_kwh_measured is None else emissions(gpu_kwh_measured),
        co2e_kg_tdp=emissions(gpu_kwh_tdp),
        work=work,
        wall_seconds=hours * 3600.0,
    )


def planned(region: str, gpu_model: str, gpu_hours: float) -> CarbonRecord:
    """Return the expected cost of GPU hours: the board alone, at its TDP.

    The report's account (§5.2.4):

    >>> f"{planned('report', 'Tesla T4', gpu_hours=12_740).co2e_kg_tdp:.2f} kg"
    '508.33 kg'

    Raises:
        SpecError: The region or the board is unknown.
        ValueError: The hours are negative or not finite.
    """
    return charge(
        grid_factor(region),
        gpu_model=gpu_model,
        gpu_tdp_w=gpu_tdp_w(gpu_model),
        gpu_kwh_measured=None,
        hours=gpu_hours,
        cpu=NOT_PLANNED,
        ram=NOT_PLANNED,
        work="useful",
    )


def total(records: Iterable[CarbonRecord]) -> CarbonRecord:
    """Return the sum of records: amounts add up, in any order and grouping, and facts stay if all parts share them.

    A measured amount is null if any part that used a GPU was not measured, or if none was: a sum over the measured
    parts alone would be taken for the whole.

    Raises:
        ValueError: The records are empty.
    """
    parts = list(records)
    if not parts:
        raise ValueError("no carbon records to add up: 1 or more are accepted")
    shared = {
        name: getattr(parts[0], name) if len({getattr(part, name) for part in parts}) == 1 else None
        for name in CarbonRecord.model_fields
    }
    on_gpu = [part for part in parts if part.gpu_kwh_tdp > 0]
    measured = bool(on_gpu) and all(part.gpu_kwh_measured is not None for part in on_gpu)
    return CarbonRecord.model_validate(
        shared
        | {
            "gpu_kwh_measured": _sum(part.gpu_kwh_measured for part in on_gpu) if measured else None,
            "gpu_kwh_tdp": math.fsum(part.gpu_kwh_tdp for part in parts),
            "cpu_kwh": _sum(part.cpu_kwh for part in parts),
            "ram_kwh": _sum(part.ram_kwh for part in parts),
            "co2e_kg_measured": _sum(
                part.co2e_kg_tdp if part.co2e_kg_measured is None else part.co2e_kg_measured for part in parts
            )
            if measured
            else None,
            "co2e_kg_tdp": math.fsum(part.co2e_kg_tdp for part in parts),
            "wall_seconds": math.fsum(part.wall_seconds for part in parts),
        }
    )


def _sum(amounts: Iterable[float | None]) -> float | None:
    known = [amount for amount in amounts if amount is not None]
    return math.fsum(known) if known else None
