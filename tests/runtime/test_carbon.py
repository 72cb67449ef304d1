from __future__ import annotations

import pytest

from neurograde.errors import SpecError
from neurograde.runtime.carbon import CarbonMeter
from neurograde.runtime.carbon_record import total
from neurograde.runtime.sensors import Reading


class Script:
    """Sensors that read what they are told to, one reading after another."""

    def __init__(self, *readings: Reading) -> None:
        self.readings = list(readings)

    def read(self) -> Reading:
        return self.readings.pop(0)


def reading(hours: float, cpu_hours: float = 0.0, **counters: object) -> Reading:
    return Reading(hours * 3600, cpu_hours * 3600, 2_000_000_000, **counters)


def meter(*readings: Reading, region: str = "FRA", pue: float | None = None) -> CarbonMeter:
    return CarbonMeter(region, uses_gpu=False, pue=pue, sensors=Script(*readings))


def test_processor_time_and_memory_are_charged_by_their_named_methods() -> None:
    record = meter(reading(0), reading(2, cpu_hours=3)).stop()
    w_per_core = float(record.cpu_method.split(" W per core")[0])
    assert record.cpu_kwh == pytest.approx(w_per_core * 3 / 1000, rel=1e-3)
    assert record.ram_kwh == pytest.approx(0.000392 * 2 * 2)
    assert record.wall_seconds == pytest.approx(7200)
    assert (record.gpu_model, record.gpu_tdp_w, record.gpu_kwh_measured, record.gpu_kwh_tdp) == (None,) * 3 + (0,)
    assert record.co2e_kg_tdp == pytest.approx((record.cpu_kwh + record.ram_kwh) * 44.18 / 1000)
    assert record.co2e_kg_measured is None
    assert (record.region, record.intensity_year, record.pue) == ("FRA", 2024, 1.0)


def test_a_known_pue_replaces_the_region_s() -> None:
    plain, own = (meter(reading(0), reading(1, 1), pue=pue).stop() for pue in (None, 1.5))
    assert own.co2e_kg_tdp == pytest.approx(1.5 * plain.co2e_kg_tdp)


def test_a_package_s_energy_is_shared_by_processor_time_not_charged_whole() -> None:
    turn = 262_143_328_850
    before = reading(0, 0, packages_uj=((turn - 1_000_000, turn),), busy_seconds=0.0)
    now = reading(0.1, 0.025, packages_uj=((2_999_999, turn),), busy_seconds=360.0)
    record = meter(before, now).stop()
    assert record.cpu_method.startswith("RAPL")
    assert record.cpu_kwh == pytest.approx(4.0 * (90 / 360) / 3.6e6)  # 4 J across the turn, a quarter of it ours


def test_a_lap_too_long_for_the_package_counter_falls_back_to_the_tdp_share() -> None:
    before = reading(0, 0, packages_uj=((0, 262_143_328_850),), busy_seconds=0.0)
    now = reading(1, 1, packages_uj=((5, 262_143_328_850),), busy_seconds=7200.0)
    assert "W per core" in meter(before, now).stop().cpu_method


def test_a_record_for_each_lap_and_the_job_s_is_their_sum() -> None:
    sensors = [reading(hours, cpu_hours=0.9 * hours) for hours in (0, 0.1, 0.3, 0.35, 0.7)]
    running = meter(*sensors)
    laps = [running.lap(), running.lap("wasted")]
    peeked = running.peek("wasted")
    job = running.stop()
    assert peeked.wall_seconds == pytest.approx(0.05 * 3600)
    assert job.wall_seconds == pytest.approx(0.7 * 3600)
    assert job.co2e_kg_tdp == pytest.approx(meter(sensors[0], sensors[-1]).stop().co2e_kg_tdp, rel=1e-12)
    assert [lap.work for lap in laps] == ["useful", "wasted"]
    assert job.work is None
    assert total([lap for lap in laps if lap.work == "wasted"]) == laps[1]


def test_the_region_of_the_report_counts_the_gpu_alone() -> None:
    record = meter(reading(0), reading(5, 5), region="report").stop()
    assert (record.cpu_kwh, record.ram_kwh, record.co2e_kg_tdp) == (None, None, 0.0)
    assert "not counted" in record.cpu_method


def test_an_unknown_region_stops_the_job_before_it_begins() -> None:
    with pytest.raises(SpecError, match="region: 'nowhere'"):
        CarbonMeter("nowhere")


def test_the_machine_s_own_sensors_give_a_record() -> None:
    record = CarbonMeter("europe-west4").stop()
    assert record.wall_seconds > 0
    assert record.cpu_kwh >= 0


@pytest.mark.parametrize(
    ("charged", "node", "ran_in"),
    [
        ("europe-west4", "us-central1", "us-central1"),
        ("europe-west4@2019", "europe-west4", None),
        ("europe-west4", "", None),  # Kubernetes before 1.35
        ("FRA", "europe-west9", None),  # a country cannot be compared
        ("report", "europe-west4", None),
    ],
)
def test_a_record_whose_region_is_not_where_the_pod_ran_names_both(charged, node, ran_in, monkeypatch, capfd) -> None:
    monkeypatch.setenv("NODE_REGION", node)
    record = meter(reading(0), reading(1), reading(2), region=charged)
    first, second = record.lap(), record.lap()
    assert (first.ran_in, total([first, second]).ran_in) == (ran_in, ran_in)
    assert ("ran_in" in first.model_dump(mode="json")) == (ran_in is not None)
