"""Energy and emissions: watts and hours to kWh, kWh to kilograms of CO2 equivalent."""

from __future__ import annotations

import math

JOULES_PER_KWH = 3_600_000.0


def energy_kwh(power_w: float, hours: float) -> float:
    """Return the energy of a constant power in kWh: W x h / 1000.

    >>> round(energy_kwh(power_w=70, hours=12_740), 1)
    891.8

    Raises:
        ValueError: If either is negative or not finite.
    """
    return _amount("power_w", power_w) * _amount("hours", hours) / 1000.0


def joules_to_kwh(joules: float) -> float:
    """Return kWh for the difference of a counter in joules.

    >>> joules_to_kwh(3_600_000)
    1.0

    Raises:
        ValueError: If negative or not finite.
    """
    return _amount("joules", joules) / JOULES_PER_KWH


def co2e_kg(energy_kwh: float, intensity_gco2e_per_kwh: float, pue: float = 1.0) -> float:
    """Return the emissions of an energy in kg CO2e: kWh x PUE x g/kWh / 1000.

    The report's account (§5.2.4): 12,740 hours of a T4 (70 W) at 0.57 kg/kWh, no overhead counted.

    >>> f"{co2e_kg(70 * 12_740 / 1000, intensity_gco2e_per_kwh=570):.2f} kg"
    '508.33 kg'

    Args:
        energy_kwh: Energy that the machine drew.
        intensity_gco2e_per_kwh: Emissions of the grid.
        pue: Power usage effectiveness: energy of the data centre per energy of its machines.

    Raises:
        ValueError: If an amount is negative or not finite, or `pue` below 1.
    """
    if not pue >= 1.0 or not math.isfinite(pue):
        raise ValueError(f"pue={pue}: a data centre draws at least as much as its machines; 1 or more is accepted")
    energy = _amount("energy_kwh", energy_kwh)
    return energy * pue * _amount("intensity_gco2e_per_kwh", intensity_gco2e_per_kwh) / 1000.0


def _amount(name: str, value: float) -> float:
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{name}={value}: a finite number of 0 or more is accepted")
    return float(value)
