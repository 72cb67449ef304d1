"""The plan's table of regions: the average, the marginal intensity beside it, no recommendation."""

from __future__ import annotations

import pytest

from neurograde.cluster.regions import region_table, with_marginal
from neurograde.maths.grid_plan import Work
from neurograde.runtime.factors import grid_factor, grid_factors, price

WORKS = [Work("trunk", "inception_v3", 17.5 * 3600 * 100)]
"""Work of 100 hours at the rate that was measured on CPU."""


@pytest.fixture(scope="module")
def columns() -> list[list[str]]:
    return [list(column.cells) for column in region_table(WORKS, "CPU", {}).columns]


def test_every_region_but_the_report_s_is_there_once_least_emissions_first(columns: list[list[str]]):
    assert sorted(columns[0]) == sorted(factor.region for factor in grid_factors())
    assert "report" not in columns[0]
    assert "FRA" in columns[0]
    kilograms = [float(cell) for cell in columns[4]]
    assert kilograms == sorted(kilograms)
    assert columns[5] == [str(rank) for rank in range(1, len(columns[0]) + 1)]


def test_emissions_follow_from_hours_power_intensity_and_overhead(columns: list[list[str]]):
    factor = grid_factor("europe-west4")
    row = columns[0].index("europe-west4")
    at_12_w_a_core = 2 * 12 * 100 / 1000
    assert float(columns[4][row]) == pytest.approx(at_12_w_a_core * factor.gco2e_per_kwh * factor.pue / 1000, rel=0.01)
    assert columns[6][row] == "501"
    assert float(columns[8][row]) / float(columns[4][row]) == pytest.approx(501.34 / factor.gco2e_per_kwh, rel=0.02)


def test_the_marginal_intensity_ranks_some_regions_the_other_way_round():
    zurich, dallas = grid_factor("europe-west6"), grid_factor("us-south1")
    assert zurich.gco2e_per_kwh < dallas.gco2e_per_kwh
    assert with_marginal(zurich).gco2e_per_kwh > with_marginal(dallas).gco2e_per_kwh


def test_a_region_without_a_marginal_intensity_has_none_made_up(columns: list[list[str]]):
    row = columns[0].index("FRA")
    assert [column[row] for column in columns[6:10]] == ["unknown", "", "", ""]


def test_a_price_is_shown_where_the_table_has_one_and_nowhere_else():
    table = region_table([Work("epoch", "any", 152.2 * 3600 * 100)], "T4", {})
    usd = dict(zip(table.columns[0].cells, table.columns[10].cells, strict=True))
    assert float(usd["europe-west4"]) == pytest.approx(100 * price("T4", "europe-west4").usd_per_h, rel=0.01)
    assert usd["FRA"] == "unknown"
