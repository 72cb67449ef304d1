"""Energy and emissions of a chain, job by job; the sum is the parts' and nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from neurograde.runtime.carbon_record import CarbonRecord, total
from neurograde.storage.artefact import Artefact


@dataclass(frozen=True)
class Entry:
    """The energy and emissions of one job."""

    job: str
    artefact: str
    record: CarbonRecord
    wasted_kg: float
    """Emissions of its work that was lost to interruptions, the GPU at its thermal design power."""

    @property
    def kwh_tdp(self) -> float:
        """Return the energy of GPU at its thermal design power, processor and memory, before overhead."""
        return self.record.gpu_kwh_tdp + self._rest

    @property
    def kwh_measured(self) -> float | None:
        """Return the same with the GPU's measured energy; None where a GPU was not measured."""
        measured = self.record.gpu_kwh_measured
        return None if measured is None else measured + self._rest

    @property
    def _rest(self) -> float:
        return (self.record.cpu_kwh or 0.0) + (self.record.ram_kwh or 0.0)


@dataclass(frozen=True)
class Account:
    """The jobs, and their sum."""

    entries: tuple[Entry, ...]
    sum: Entry


def account(artefacts: Sequence[Artefact], features: Sequence[Artefact] = ()) -> Account:
    """Return the account of the jobs that made `artefacts`; each must have a carbon record.

    Args:
        artefacts: An entry each.
        features: Many small ones, which share an entry, the last.

    Raises:
        DataError: a manifest has no carbon record, or a damaged one.
    """
    entries = tuple(_entry(artefact) for artefact in artefacts)
    if features:
        together = total([_entry(array).record for array in features])
        entries += (Entry("features", f"features, {len(features)} arrays", together, 0.0),)
    everything = total([entry.record for entry in entries])
    return Account(entries, Entry("all", "", everything, math.fsum(entry.wasted_kg for entry in entries)))


def _entry(artefact: Artefact) -> Entry:
    manifest = artefact.manifest
    record = _record(artefact, "carbon", manifest.carbon or {})
    wasted = _record(artefact, "carbon_wasted", manifest.carbon_wasted).co2e_kg_tdp if manifest.carbon_wasted else 0.0
    return Entry(manifest.job, artefact.folder, record, wasted)


def _record(artefact: Artefact, field: str, value: dict[str, Any]) -> CarbonRecord:
    return CarbonRecord.of(value, f"{artefact.url}/manifest.json: {field}")
