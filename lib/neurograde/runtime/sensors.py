"""Resources that this process has used so far: time, processor seconds, memory, and energy if there is a counter."""

from __future__ import annotations

import os
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from neurograde.runtime.nvml import Gpu


@dataclass(frozen=True)
class Reading:
    """The counters at one instant; only differences between two readings mean anything."""

    wall_seconds: float
    """Monotonic clock."""
    cpu_seconds: float
    """User and system time of this process, and of its children once they have been waited for."""
    peak_memory_bytes: int
    """Peak resident memory of this process."""
    gpu_joules: float | None = None
    """NVML's counter of the board; None if not measured."""
    packages_uj: tuple[tuple[int, int], ...] | None = None
    """RAPL's counter of each processor package in microjoules, and its largest value; None if not readable."""
    busy_seconds: float | None = None
    """Processor seconds of the whole machine, by which the packages' energy is shared out."""


class Sensors(Protocol):
    """The source of a meter's readings."""

    def read(self) -> Reading:
        """Return all counters, now."""
        ...


@dataclass(frozen=True)
class MachineSensors:
    """The sensors of the machine that this process runs on."""

    gpu: Gpu | None = None
    """The board to measure; None for a job that uses none."""
    root: Path = Path("/")
    """Folder below which /proc and /sys are read."""

    def read(self) -> Reading:
        """Return all counters, now, in well under a millisecond; in a few with a GPU."""
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        # Linux counts kibibytes, macOS bytes.
        unit = 1 if sys.platform == "darwin" else 1024
        return Reading(
            wall_seconds=time.monotonic(),
            cpu_seconds=time.process_time() + children.ru_utime + children.ru_stime,
            peak_memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit,
            gpu_joules=self.gpu.energy_joules() if self.gpu else None,
            packages_uj=self._packages_uj(),
            busy_seconds=self._busy_seconds(),
        )

    def _packages_uj(self) -> tuple[tuple[int, int], ...] | None:
        zones = sorted((self.root / "sys/class/powercap").glob("intel-rapl:*"))
        try:
            counters = tuple(
                (int((zone / "energy_uj").read_text()), int((zone / "max_energy_range_uj").read_text()))
                for zone in zones
                if (zone / "name").read_text().startswith("package")
            )
        except (OSError, ValueError):
            return None  # since 2020 only root may read them: the counters can betray secrets
        return counters or None

    def _busy_seconds(self) -> float | None:
        try:
            fields = (self.root / "proc/stat").read_text().splitlines()[0].split()
        except (OSError, IndexError):
            return None
        # cpu user nice system idle iowait irq softirq ...: all but idle and iowait, in ticks
        ticks = sum(int(fields[column]) for column in (1, 2, 3, 6, 7))
        return ticks / os.sysconf("SC_CLK_TCK")
