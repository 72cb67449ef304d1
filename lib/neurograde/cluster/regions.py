"""The emissions of a planned study in every region that the tables know, without a recommendation."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from neurograde.cluster.plan import Rates, outlook, plain_table, shown
from neurograde.maths.grid_plan import Work
from neurograde.runtime.factors import GridFactor, grid_factors, marginal_intensity, price

CAUTION = (
    "The average is what a region's power emits; it is what an account of emissions reports. The marginal intensity is "
    "what one more kilowatt hour emits at the power plant that follows the demand, which is mostly fossil: it can rank "
    "regions the other way round. Neither covers the making of the machines. Sources: grid_intensity.csv, "
    "marginal_intensity.csv and prices.csv (on demand), a row each."
)


def region_table(works: Sequence[Work], device: str, rates: Rates) -> Table:
    """Return a table of the study's emissions on a device in every region, least by the average first.

    Args:
        works: The work this way, of `planned_work`.
        device: The device that runs it.
        rates: Samples per second from the command line.

    Raises:
        SpecError: the device is neither `CPU` nor a board whose design power is known.
    """
    table = plain_table(
        f"where it would run, on {device}",
        ("average g/kWh", "of", "PUE", "kg CO2e", "rank", "marginal g/kWh", "of", "kg CO2e", "rank", "USD"),
        first="region",
    )
    factors = sorted(grid_factors(), key=lambda factor: factor.gco2e_per_kwh * factor.pue)
    marginal = {factor.region: with_marginal(factor) for factor in factors}
    ordered = sorted((other for other in marginal.values() if other), key=lambda other: other.gco2e_per_kwh * other.pue)
    for rank, factor in enumerate(factors, start=1):
        known = price(device, factor.region)
        average = outlook(works, device, factor, rates, None if known is None else known.usd_per_h)
        other = marginal[factor.region]
        extra = ("unknown", "", "", "")
        if other is not None:
            kg = shown(outlook(works, device, other, rates, None).co2e_kg)
            extra = (shown(other.gco2e_per_kwh), str(other.year), kg, str(ordered.index(other) + 1))
        intensity, year, pue = shown(factor.gco2e_per_kwh), str(factor.year), f"{factor.pue:g}"
        table.add_row(
            factor.region, intensity, year, pue, shown(average.co2e_kg), str(rank), *extra, shown(average.usd)
        )
    table.caption = CAUTION
    return table


def with_marginal(factor: GridFactor) -> GridFactor | None:
    """Return the factor with the region's marginal intensity in place of the average; None where no table has it."""
    known = marginal_intensity(factor.region)
    return None if known is None else factor._replace(gco2e_per_kwh=known.gco2e_per_kwh, year=known.year)
