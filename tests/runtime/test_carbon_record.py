from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurograde.errors import SpecError
from neurograde.runtime.carbon_record import CarbonRecord, Energy, charge, planned, total
from neurograde.runtime.factors import grid_factor


@st.composite
def records(draw: st.DrawFn) -> CarbonRecord:
    board = draw(st.sampled_from([None, ("Tesla T4", 70.0), ("NVIDIA L4", 72.0)]))
    hours = draw(st.floats(0.001, 100))
    measured = draw(st.booleans()) and board is not None
    return charge(
        grid_factor(draw(st.sampled_from(["europe-west4", "FRA", "report"]))),
        gpu_model=board[0] if board else None,
        gpu_tdp_w=board[1] if board else None,
        gpu_kwh_measured=board[1] * hours / 2000 if board and measured else None,
        hours=hours,
        cpu=Energy(hours / 100, "counted"),
        ram=Energy(hours / 1000, "counted"),
        work=draw(st.sampled_from(["useful", "wasted"])),
    )


def same(one: CarbonRecord, other: CarbonRecord) -> bool:
    pairs = zip(one.model_dump().values(), other.model_dump().values(), strict=True)
    return all(
        math.isclose(a, b, rel_tol=1e-12) if isinstance(a, float) and isinstance(b, float) else a == b for a, b in pairs
    )


def test_the_report_s_account_comes_out_whole_and_by_the_hour() -> None:
    assert round(planned("report", "Tesla T4", 12_740).co2e_kg_tdp, 2) == 508.33
    by_the_hour = total(planned("report", "Tesla T4", 1) for _ in range(12_740))
    assert by_the_hour.co2e_kg_tdp == pytest.approx(12_740 * 70 * 0.57 / 1000, rel=1e-14)
    assert by_the_hour.gpu_kwh_tdp == pytest.approx(891.8, rel=1e-14)
    assert (by_the_hour.gpu_model, by_the_hour.gpu_tdp_w, by_the_hour.region) == ("Tesla T4", 70.0, "report")
    with pytest.raises(SpecError, match="no TDP"):
        planned("report", "Voodoo 2", 1)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(records(), min_size=2, max_size=8), st.data())
def test_neither_order_nor_grouping_changes_a_sum(parts: list[CarbonRecord], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(parts))
    cut = data.draw(st.integers(1, len(parts) - 1))
    grouped = total([total(shuffled[:cut]), total(shuffled[cut:])])
    assert same(total(parts), grouped)
    assert total([parts[0]]) == parts[0]


@settings(deadline=None, derandomize=True, max_examples=40)
@given(records())
def test_a_record_survives_json(record: CarbonRecord) -> None:
    assert CarbonRecord.parse(record.model_dump(mode="json")) == record


def test_a_sum_with_an_unmeasured_part_is_not_measured_and_never_0() -> None:
    def part(measured: float | None, board: str | None = "Tesla T4") -> CarbonRecord:
        return charge(
            grid_factor("FRA"),
            gpu_model=board,
            gpu_tdp_w=70.0 if board else None,
            gpu_kwh_measured=measured,
            hours=1.0,
            cpu=Energy(0.01, "counted"),
            ram=Energy(0.001, "counted"),
            work="useful",
        )

    both = total([part(0.03), part(0.04)])
    assert both.gpu_kwh_measured == pytest.approx(0.07)
    assert both.co2e_kg_measured == pytest.approx((0.07 + 0.022) * 44.18 / 1000)
    gap = total([part(0.03), part(None)])
    assert (gap.gpu_kwh_measured, gap.co2e_kg_measured) == (None, None)
    # A part without a board has nothing to measure, and stands in the way of nothing.
    with_cpu_job = total([part(0.03), part(None, board=None)])
    assert with_cpu_job.gpu_kwh_measured == pytest.approx(0.03)
    assert with_cpu_job.co2e_kg_measured == pytest.approx((0.03 + 0.022) * 44.18 / 1000)
    assert total([part(None, board=None)] * 2).co2e_kg_measured is None


def test_nothing_cannot_be_added_up() -> None:
    with pytest.raises(ValueError, match="no carbon records"):
        total([])
