"""fsck: the records of a store against its listing, against each other, and file by file against their digests.

Folders of kinds that this version does not know are counted and left alone: a newer one may have written them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from neurograde.specs.base import JobSpec
from neurograde.specs.catalogue import BY_NAME, KINDS, WITHOUT_MANIFEST
from neurograde.specs.records import Commit, FileRecord, Grid, InputRecord, Manifest, Opening
from neurograde.specs.revisions import outdated
from neurograde.specs.train import TrainSpec
from neurograde.storage.artefact import MANIFEST, Artefact
from neurograde.storage.claim import CLAIMS, DRAFTS
from neurograde.storage.run import Run
from neurograde.storage.survey import Finding, Remedy, Survey


@dataclass(frozen=True)
class Unnamed:
    """Objects that no record names."""

    unreferenced: dict[str, int]
    """Sizes by key: left by interrupted or replaced work, or of work under way."""
    unknown: dict[str, int]
    """Sizes by key of those whose kind this version does not know."""


def check_records(found: Survey) -> None:
    """Check every record against what it names and what it was made from."""
    for folder, manifest in found.manifests.items():
        _check_artefact(found, folder, manifest)
    for folder, grid in found.grids.items():
        _check_grid(found, folder, grid)
    for folder, commits in found.commits.items():
        _check_journal(found, folder, commits)
    for series in found.events:
        _check_events(found, series)


def unnamed(found: Survey) -> Unnamed:
    """Return the objects that are left when all records have been checked."""
    known = {*KINDS, CLAIMS, DRAFTS}
    left = {key: size for key, size in found.listing.items() if key not in found.referenced}
    return Unnamed(
        {key: size for key, size in left.items() if key.split("/")[0] in known},
        {key: size for key, size in left.items() if key.split("/")[0] not in known},
    )


def _check_artefact(found: Survey, folder: str, manifest: Manifest) -> None:
    spec = manifest.spec
    name = spec.get("name", manifest.name.split("/")[0])
    remedy = Remedy(manifest.kind, name, manifest.job, spec.get("job"), replace=True)
    wrong = []
    if f"{manifest.kind}/{manifest.name}" != folder:
        wrong.append(f"is that of {manifest.kind}/{manifest.name}")
    if manifest.job in BY_NAME:
        parsed = _spec(BY_NAME[manifest.job].spec, spec)
        actual = parsed if isinstance(parsed, str) else parsed.digest()
        if actual != manifest.spec_digest:
            wrong.append(f"records a spec of digest {manifest.spec_digest}, but holds {actual}")
        elif manifest.name == name:  # others are found by a recipe, or are a grid's
            _check_revision(found, folder, manifest.revision, parsed, remedy)
    where = f"{folder}/{MANIFEST}"
    found.broken += [Finding(where, what, replace(remedy, delete=where, replace=False)) for what in wrong]
    for path, file in manifest.files.items():
        found.expect(f"{folder}/{path}", file, remedy)
    _check_inputs(found, folder, manifest.inputs, remedy)


def _check_revision(found: Survey, folder: str, revision: int, spec: JobSpec | str, remedy: Remedy) -> None:
    """Note what an earlier revision of its job made."""
    note = None if isinstance(spec, str) else outdated(revision, spec)
    if note is not None:
        found.outdated.append(Finding(folder, f"was {note}", replace(remedy, replace=True)))


def _check_inputs(found: Survey, folder: str, inputs: Iterable[InputRecord], remedy: Remedy) -> None:
    """Each input stands, with the digest that it had when it was read."""
    for each in inputs:
        upstream = f"{each.kind}/{each.name}"
        made_from = f"was made from {upstream} of digest {each.digest}, which"
        if each.kind in WITHOUT_MANIFEST:
            if not any(key.startswith(f"{upstream}/") for key in found.listing):
                found.broken.append(Finding(folder, f"{made_from} is gone", None))
            continue
        actual = _standing(found, upstream)
        if actual is None:
            # A damaged manifest is a finding of its own.
            if f"{upstream}/{MANIFEST}" not in found.listing:
                found.broken.append(Finding(folder, f"{made_from} is gone or not done", _made(each, remedy)))
        elif actual != each.digest:
            found.broken.append(Finding(folder, f"{made_from} now has {actual}", remedy))


def _made(missing: InputRecord, by: Remedy) -> Remedy:
    """What makes an input that is gone; features, which have digests for names, are made by their grid's spec."""
    if missing.kind == "features":
        return Remedy(missing.kind, by.name, spec=by.spec)
    return Remedy(missing.kind, missing.name)


def _standing(found: Survey, folder: str) -> str | None:
    """Digest of the artefact in `folder`, of a grid when all its shards are done; None where there is none."""
    grid = found.grids.get(folder)
    if grid is None:
        return found.manifests[folder].digest if folder in found.manifests else None
    done = {
        each.name: Artefact(found.store, f"{folder}/{each.name}", found.manifests[f"{folder}/{each.name}"])
        for each in grid.shards
        if f"{folder}/{each.name}" in found.manifests
    }
    run = Run(found.store, grid, done)
    return None if run.unfinished else run.artefact().manifest.digest


def _check_grid(found: Survey, folder: str, grid: Grid) -> None:
    shards = {each.name: found.manifests.get(f"{folder}/{each.name}") for each in grid.shards}
    missing = [name for name, manifest in shards.items() if manifest is None]
    _check_revision(found, folder, grid.revision, _spec(TrainSpec, grid.spec), Remedy("runs", grid.name))
    if missing:
        what = f"has {len(shards) - len(missing)} of {len(shards)} shards done; the next is {missing[0]}"
        found.unfinished.append(Finding(folder, what, Remedy("runs", grid.name)))
    for name, manifest in shards.items():
        if manifest is not None and manifest.spec_digest != grid.spec_digest:
            what = f"was trained by a grid of digest {manifest.spec_digest}, its grid.json has {grid.spec_digest}"
            found.broken.append(Finding(f"{folder}/{name}", what, Remedy("runs", grid.name, replace=True)))


def _check_journal(found: Survey, folder: str, commits: list[Commit]) -> None:
    """The checkpoints that are there are whole, and the newest of an unfinished shard is among them."""
    grid = folder.rpartition("/")[0]
    name = grid.removeprefix("runs/")
    if f"{grid}/grid.json" not in found.listing:
        found.broken.append(Finding(grid, "has shards, but no grid.json", Remedy("runs", name)))
    done = folder in found.manifests
    newest = max(each.epoch for each in commits)
    for each in commits:
        key = f"{folder}/{each.key}"
        # A shard that is done needs its checkpoints no more; another goes on from the last that is whole.
        remedy = Remedy("runs", name, delete=key if done else None)
        needed = each.epoch == newest and not done and not found.store.exists(key)
        if key in found.listing or needed:
            found.expect(key, FileRecord(sha256=each.sha256, size=each.size), remedy, passing=True)


def _check_events(found: Survey, series: str) -> None:
    """A series has all its numbers, and its records belong to it."""
    records = found.events[series]
    lost = sorted({*range(1, max(records))} - records.keys())
    if lost:
        found.broken.append(Finding(series, f"has lost its record {lost[0]} of {max(records)}", None))
    for number, record in records.items():
        if isinstance(record, Opening) and record.test_set != series.removeprefix("ledgers/"):
            found.broken.append(Finding(series, f"its record {number} is of the test set {record.test_set}", None))


def _spec(model: type[JobSpec], spec: dict[str, Any]) -> JobSpec | str:
    """Return the spec, or in words why it is none."""
    try:
        return model.parse(spec)
    except ValidationError as error:
        return f"one with {error.error_count()} mistakes"
