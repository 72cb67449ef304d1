"""Ledgers of before test sets were named by their images: found again through the evaluations that they name."""

from __future__ import annotations

from collections.abc import Iterator

from neurograde.errors import DataError
from neurograde.evaluation.units import held_out, samples_by_subset, units_of
from neurograde.specs.records import Grid, InputRecord, Manifest, Opening
from neurograde.storage.artefact import Artefact, parse_record, read_manifest
from neurograde.storage.ledger import HeldOut, ledgers_by_patches, read_ledger
from neurograde.storage.store import Store


def older_ledgers(store: Store, test_set: HeldOut) -> set[str]:
    """Return the names of the ledgers by patches whose patches were cut from the images of `test_set`.

    A ledger whose evaluations are gone, or were made again from other inputs, cannot be told from that of another set.
    """
    return {
        ledger
        for ledger in ledgers_by_patches(store)
        for opening in read_ledger(store, ledger)
        for other in _test_sets(store, opening)
        if other.patches == ledger and other.name == test_set.name
    }


def _test_sets(store: Store, opening: Opening) -> Iterator[HeldOut]:
    """Yield the test sets that the evaluation or baseline of an opening was made on."""
    for kind in ("evaluations", "baselines"):
        manifest = read_manifest(store, f"{kind}/{opening.evaluation}")
        if manifest is None or manifest.spec_digest != opening.evaluation_spec_digest:
            continue
        for record in manifest.inputs:
            if record.kind == "patches" and (external := _artefact(store, record)):
                yield held_out(external, units_of(external))
            if dataset := _dataset(store, record):
                patches = _artefact(store, dataset.input("patches"))
                if patches:
                    yield held_out(patches, samples_by_subset(dataset, patches)["test"])


def _dataset(store: Store, record: InputRecord) -> Artefact | None:
    """Return the data set that a run or a baseline was made from, in the state in which it was read."""
    if record.kind == "datasets":
        return _artefact(store, record)
    if record.kind == "runs":
        key = f"runs/{record.name}/grid.json"
        try:
            grid = parse_record(Grid, store.get(key), f"{store.url}/{key}")
        except (FileNotFoundError, DataError):
            return None
        return next((_artefact(store, made_from) for made_from in grid.inputs if made_from.kind == "datasets"), None)
    return None


def _artefact(store: Store, record: InputRecord) -> Artefact | None:
    folder = f"{record.kind}/{record.name}"
    manifest: Manifest | None = read_manifest(store, folder)
    return Artefact(store, folder, manifest) if manifest is not None and manifest.digest == record.digest else None
