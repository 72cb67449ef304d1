"""The meter of a job: a record for each lap (each epoch), and their sum for the job.

A process is charged for what it uses and never for the whole machine: its own processor time, its own memory, and the
board that it trains on. Without a counter, the energy is estimated, and the record names the method.
"""

from __future__ import annotations

import os

from neurograde.maths import carbon
from neurograde.runtime.carbon_record import CarbonRecord, Energy, Work, charge, total
from neurograde.runtime.factors import CpuFactor, cpu_factor, gpu_tdp_w, grid_factor
from neurograde.runtime.log import log
from neurograde.runtime.machine import REGION, cpu_model
from neurograde.runtime.nvml import visible_gpu
from neurograde.runtime.sensors import MachineSensors, Reading, Sensors

MEMORY_KWH_PER_GB_H = 0.000392  # Cloud Carbon Footprint, MEMORY_COEFFICIENT
MEMORY_METHOD = "0.000392 kWh per GB h (Cloud Carbon Footprint) x peak resident memory of the process"

# A package draws less; at this power its counter may wrap within a lap, and cannot be trusted.
_HIGHEST_PACKAGE_W = 500.0


class CarbonMeter:
    """A meter that runs from its creation: `lap` ends one record and begins the next, `stop` adds them up."""

    def __init__(
        self, region: str, *, uses_gpu: bool = True, pue: float | None = None, sensors: Sensors | None = None
    ) -> None:
        """Start measuring.

        Args:
            region: Region of the electricity: `europe-west4`, `FRA`, `report`; see `runtime/tables`.
            uses_gpu: Charge the GPU that this process sees. On by default: a job that forgets to say so is charged
                too much, not too little.
            pue: Power usage effectiveness, if it is known better than by the region.
            sensors: Replacement of the machine's sensors in tests.

        Raises:
            SpecError: The region is unknown, or the TDP of the board is.
        """
        self._grid = grid_factor(region)
        self._ran_in = elsewhere(region)
        if self._ran_in is not None:
            log.warning(f"region: {region!r} is charged, but this node is in {self._ran_in}: set region to that")
        if pue is not None:
            self._grid = self._grid._replace(pue=pue)
        gpu = visible_gpu() if uses_gpu else None
        self._gpu_model = (gpu.model or "unnamed GPU") if gpu else None
        self._tdp_w = gpu_tdp_w(self._gpu_model or "", gpu.default_limit_w()) if gpu else None
        self._cpu = cpu_factor(cpu_model())
        self._sensors = sensors or MachineSensors(gpu)
        self._last = self._sensors.read()
        self._laps: list[CarbonRecord] = []

    def peek(self, work: Work = "useful") -> CarbonRecord:
        """Return the record of the current lap, without ending it."""
        return self._record(self._sensors.read(), work)

    def lap(self, work: Work = "useful") -> CarbonRecord:
        """End the current lap, begin the next, and return the record of the one that ended."""
        now = self._sensors.read()
        self._laps.append(self._record(now, work))
        self._last = now
        return self._laps[-1]

    def stop(self, work: Work = "useful") -> CarbonRecord:
        """End the current lap and return the sum of all laps, which is the record of the job."""
        self.lap(work)
        return total(self._laps)

    def _record(self, now: Reading, work: Work) -> CarbonRecord:
        hours = (now.wall_seconds - self._last.wall_seconds) / 3600.0
        joules = _difference(self._last.gpu_joules, now.gpu_joules)
        return charge(
            self._grid,
            gpu_model=self._gpu_model,
            gpu_tdp_w=self._tdp_w,
            gpu_kwh_measured=None if joules is None else carbon.joules_to_kwh(joules),
            hours=hours,
            cpu=_cpu_energy(self._last, now, self._cpu),
            ram=Energy(MEMORY_KWH_PER_GB_H * now.peak_memory_bytes / 1e9 * hours, MEMORY_METHOD),
            work=work,
            ran_in=self._ran_in,
        )


def elsewhere(region: str) -> str | None:
    """Return the region of the node where that is another cloud region than `region`; None if it agrees or is unknown.

    A country, and the way of the report, name no cloud region: nothing is compared with them.
    """
    node = os.environ.get(REGION)
    charged = region.partition("@")[0]
    return node if node and "-" in charged and node != charged else None


def _cpu_energy(before: Reading, now: Reading, cpu: CpuFactor) -> Energy:
    """Return the energy that the processor used for this process between two readings, and the method."""
    seconds = max(0.0, now.cpu_seconds - before.cpu_seconds)
    packages = _package_joules(before, now)
    busy = _difference(before.busy_seconds, now.busy_seconds)
    if packages is not None and busy:
        share = min(1.0, seconds / busy)
        return Energy(carbon.joules_to_kwh(packages * share), "RAPL package energy x share of busy CPU time")
    method = f"{cpu.w_per_core:.4g} W per core ({cpu.model}; {cpu.source}) x CPU time"
    return Energy(carbon.joules_to_kwh(cpu.w_per_core * seconds), method)


def _package_joules(before: Reading, now: Reading) -> float | None:
    """Return the energy of all processor packages in joules, or None if a counter may have wrapped more than once."""
    if before.packages_uj is None or now.packages_uj is None or len(before.packages_uj) != len(now.packages_uj):
        return None
    joules = 0.0
    for (was, _), (is_now, turn) in zip(before.packages_uj, now.packages_uj, strict=True):
        if (now.wall_seconds - before.wall_seconds) * _HIGHEST_PACKAGE_W > turn / 1e6:
            return None
        joules += ((is_now - was) % (turn + 1)) / 1e6
    return joules


def _difference(before: float | None, now: float | None) -> float | None:
    """Return the difference, or None if a value is missing or the counter was reset: the driver was reloaded."""
    return None if before is None or now is None or now < before else now - before
