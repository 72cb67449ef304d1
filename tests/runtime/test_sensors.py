from __future__ import annotations

from pathlib import Path

from neurograde.runtime.sensors import MachineSensors


def rapl_zone(root: Path, zone: str, name: str, energy_uj: int) -> None:
    folder = root / "sys/class/powercap" / zone
    folder.mkdir(parents=True)
    for file, text in {"name": name, "energy_uj": energy_uj, "max_energy_range_uj": 999}.items():
        (folder / file).write_text(f"{text}\n")


def test_work_moves_the_clocks_of_this_machine_forward() -> None:
    sensors = MachineSensors()
    before = sensors.read()
    sum(n * n for n in range(200_000))
    now = sensors.read()
    assert now.wall_seconds > before.wall_seconds
    assert now.cpu_seconds > before.cpu_seconds
    assert now.peak_memory_bytes >= before.peak_memory_bytes > 10_000_000
    assert now.gpu_joules is None


def test_package_counters_are_read_and_their_parts_and_the_whole_platform_are_not_counted_twice(
    tmp_path: Path,
) -> None:
    rapl_zone(tmp_path, "intel-rapl:0", "package-0", 10)
    rapl_zone(tmp_path, "intel-rapl:0:0", "dram", 20)
    rapl_zone(tmp_path, "intel-rapl:1", "package-1", 30)
    rapl_zone(tmp_path, "intel-rapl:2", "psys", 40)
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/stat").write_text("cpu  100 10 50 9999 9999 20 20 0 0 0\ncpu0 1 1 1\n")
    reading = MachineSensors(root=tmp_path).read()
    assert reading.packages_uj == ((10, 999), (30, 999))
    assert reading.busy_seconds == 2.0  # 200 ticks of 10 ms


def test_counters_that_are_not_there_or_not_readable_are_none(tmp_path: Path) -> None:
    assert MachineSensors(root=tmp_path).read().packages_uj is None
    assert MachineSensors(root=tmp_path).read().busy_seconds is None
    rapl_zone(tmp_path, "intel-rapl:0", "package-0", 10)
    (tmp_path / "sys/class/powercap/intel-rapl:0/energy_uj").unlink()
    assert MachineSensors(root=tmp_path).read().packages_uj is None
