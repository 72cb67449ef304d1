from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurograde.maths.carbon import co2e_kg, energy_kwh, joules_to_kwh

hours = st.floats(0, 1e5)


def test_the_report_s_account_is_508_33_kg() -> None:
    energy = energy_kwh(power_w=70, hours=12_740)
    assert energy == pytest.approx(891.8, abs=1e-9)
    assert round(co2e_kg(energy, intensity_gco2e_per_kwh=570), 2) == 508.33
    # The same work on Google's grid of 2024 in the Netherlands.
    assert round(co2e_kg(energy, intensity_gco2e_per_kwh=208.81)) == 186


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.lists(hours, min_size=1, max_size=20), st.floats(1, 1000), st.floats(0, 1000), st.floats(1, 3))
def test_the_emissions_of_parts_add_up_to_those_of_the_whole(
    parts: list[float], power_w: float, intensity: float, pue: float
) -> None:
    whole = co2e_kg(energy_kwh(power_w, math.fsum(parts)), intensity, pue)
    assert math.fsum(co2e_kg(energy_kwh(power_w, part), intensity, pue) for part in parts) == pytest.approx(whole)


def test_a_watt_for_an_hour_is_3600_joules() -> None:
    assert joules_to_kwh(3600.0 * 250) == pytest.approx(energy_kwh(power_w=250, hours=1))


@pytest.mark.parametrize("wrong", [-1.0, math.nan, math.inf])
def test_an_impossible_amount_is_refused_by_name(wrong: float) -> None:
    with pytest.raises(ValueError, match=r"hours=.*0 or more"):
        energy_kwh(70, wrong)
    with pytest.raises(ValueError, match="intensity_gco2e_per_kwh="):
        co2e_kg(1, wrong)
    with pytest.raises(ValueError, match="joules="):
        joules_to_kwh(wrong)


@pytest.mark.parametrize("wrong", [0.99, math.nan, math.inf])
def test_a_data_centre_cannot_draw_less_than_its_machines(wrong: float) -> None:
    with pytest.raises(ValueError, match="pue="):
        co2e_kg(1, 500, pue=wrong)
