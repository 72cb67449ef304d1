"""fsck: the records of a store against its listing, against each other, and file by file against their digests.

Folders of kinds that this version does not know are counted and left alone: a newer one may have written them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from neurograde.maths.digest import sha256_hex
from neurograde.specs.base import JobSpec
from neurograde.specs.catalogue import BY_NAME, KINDS, WITHOUT_MANIFEST
from neurograde.specs.records import Commit, FileRecord, Grid, InputRecord, Manifest, Opening
from neurograde.specs.revisions import outdated
from neurograde.specs.train import TrainSpec
from neurograde.storage import predictions
from neurograde.storage.artefact import MANIFEST, Artefact
from neurograde.storage.claim import CLAIMS, DRAFTS
from neurograde.storage.ledger import IMAGES, broken_link, digest_of
from neurograde.storage.run import Run
from neurograde.storage.series import COMMITS, history
from neurograde.storage.survey import Finding, Remedy, Survey

OPENING_KINDS = ("evaluations", "baselines")
"""Kinds of artefacts that a job makes by opening a test set."""
PARTED_KIND = predictions.KIND
"""Kind with several artefacts under a name, each made by the spec in its manifest."""


@dataclass(frozen=True)
class Unnamed:
    """Objects that no record names."""

    unreferenced: dict[str, int]
    """Sizes by key: left by interrupted or replaced work, or of work in progress."""
    unknown: dict[str, int]
    """Sizes by key of objects whose kind this version does not know."""


def check_records(contents: Survey) -> None:
    """Check every record against what it names and what it was made from."""
    for folder, manifest in contents.manifests.items():
        _check_artefact(contents, folder, manifest)
    for folder, grid in contents.grids.items():
        _check_grid(contents, folder, grid)
    for folder, commits in contents.commits.items():
        _check_journal(contents, folder, commits)
    for series in contents.events:
        _check_events(contents, series)
    for folder, manifest in contents.manifests.items():
        _check_openings(contents, folder, manifest)


def unnamed(contents: Survey) -> Unnamed:
    """Return the objects that are left when all records have been checked."""
    known = {*KINDS, CLAIMS, DRAFTS}
    left = {key: size for key, size in contents.listing.items() if key not in contents.referenced}
    return Unnamed(
        {key: size for key, size in left.items() if key.split("/")[0] in known},
        {key: size for key, size in left.items() if key.split("/")[0] not in known},
    )


def _check_artefact(contents: Survey, folder: str, manifest: Manifest) -> None:
    spec = manifest.spec
    remedy = _remedy(manifest)
    name = remedy.name if remedy else None
    wrong = []
    if f"{manifest.kind}/{manifest.name}" != folder:
        wrong.append(f"is that of {manifest.kind}/{manifest.name}")
    if manifest.job in BY_NAME:
        parsed = _spec(BY_NAME[manifest.job].spec, spec)
        actual = parsed if isinstance(parsed, str) else parsed.digest()
        if actual != manifest.spec_digest:
            wrong.append(f"records a spec of digest {manifest.spec_digest}, but holds {actual}")
        elif manifest.name == name or manifest.kind == PARTED_KIND:  # others are contents by a recipe, or a grid's
            _check_revision(contents, folder, manifest.revision, parsed, remedy)
    else:
        wrong.append(f"names the job {manifest.job!a}, which this version does not know")
    where = f"{folder}/{MANIFEST}"
    deleted = remedy and replace(remedy, delete=where, replace=False)
    contents.broken += [Finding(where, what, deleted) for what in wrong]
    for path, file in manifest.files.items():
        contents.expect(f"{folder}/{path}", file, remedy, content=(manifest.kind, path))
    _check_inputs(contents, folder, manifest.inputs, remedy)


def _remedy(manifest: Manifest) -> Remedy | None:
    """Return the remedy for an artefact; None for one whose job this version does not know."""
    if manifest.job not in BY_NAME or manifest.kind not in KINDS:
        return None
    name, job = manifest.spec.get("name"), manifest.spec.get("job")
    return Remedy(
        manifest.kind,
        name if isinstance(name, str) else manifest.name.split("/")[0],
        manifest.job,
        job if isinstance(job, str) and job in BY_NAME else None,
        replace=True,
    )


def _check_revision(contents: Survey, folder: str, revision: int, spec: JobSpec | str, remedy: Remedy | None) -> None:
    """Note an artefact that an earlier revision of its job made."""
    note = None if isinstance(spec, str) else outdated(revision, spec)
    if note is not None and remedy is not None:
        contents.outdated.append(Finding(folder, f"was {note}", replace(remedy, replace=True)))


def _check_inputs(contents: Survey, folder: str, inputs: Iterable[InputRecord], remedy: Remedy | None) -> None:
    """Check that each input exists, with the digest that it had when it was read."""
    for record in inputs:
        upstream = f"{record.kind}/{record.name}"
        made_from = f"was made from {upstream} of digest {record.digest}, which"
        if record.kind in WITHOUT_MANIFEST:
            if not any(key.startswith(f"{upstream}/") for key in contents.listing):
                contents.broken.append(Finding(folder, f"{made_from} is gone", None))
            continue
        actual = _digest_of(contents, upstream)
        if actual is None:
            # A damaged manifest is a finding of its own.
            if f"{upstream}/{MANIFEST}" not in contents.listing:
                contents.broken.append(Finding(folder, f"{made_from} is gone or not done", _made(record, remedy)))
        elif actual != record.digest:
            contents.broken.append(Finding(folder, f"{made_from} now has {actual}", remedy))


def _made(missing: InputRecord, by: Remedy | None) -> Remedy | None:
    """Return the remedy for a missing input; features, which have digests for names, are made by their grid's spec."""
    if by is None or missing.kind not in KINDS:
        return None
    if missing.kind == "features":
        return Remedy(missing.kind, by.name, spec=by.spec)
    return Remedy(missing.kind, missing.name)


def _digest_of(contents: Survey, folder: str) -> str | None:
    """Return the digest of the artefact in `folder`, for a grid if all its shards are done; else None."""
    grid = contents.grids.get(folder)
    if grid is None:
        return contents.manifests[folder].digest if folder in contents.manifests else None
    done = {
        shard.name: Artefact(contents.store, f"{folder}/{shard.name}", contents.manifests[f"{folder}/{shard.name}"])
        for shard in grid.shards
        if f"{folder}/{shard.name}" in contents.manifests
    }
    run = Run(contents.store, grid, done)
    return None if run.unfinished else run.artefact().manifest.digest


def _check_grid(contents: Survey, folder: str, grid: Grid) -> None:
    if folder != f"runs/{grid.name}":
        where = f"{folder}/grid.json"
        contents.broken.append(
            Finding(where, f"is that of runs/{grid.name}", Remedy("runs", folder.split("/")[1], delete=where))
        )
    shards = {shard.name: contents.manifests.get(f"{folder}/{shard.name}") for shard in grid.shards}
    missing = [name for name, manifest in shards.items() if manifest is None]
    _check_revision(contents, folder, grid.revision, _spec(TrainSpec, grid.spec), Remedy("runs", grid.name))
    if missing:
        what = f"has {len(shards) - len(missing)} of {len(shards)} shards done; the next is {missing[0]}"
        contents.unfinished.append(Finding(folder, what, Remedy("runs", grid.name)))
    for name, manifest in shards.items():
        if manifest is not None and manifest.spec_digest != grid.spec_digest:
            what = f"was trained by a grid of digest {manifest.spec_digest}, its grid.json has {grid.spec_digest}"
            contents.broken.append(Finding(f"{folder}/{name}", what, Remedy("runs", grid.name, replace=True)))


def _check_journal(contents: Survey, folder: str, commits: list[Commit]) -> None:
    """Check that all checkpoints are whole, and that an unfinished shard has its newest."""
    grid = folder.rpartition("/")[0]
    name = grid.removeprefix("runs/")
    if f"{grid}/grid.json" not in contents.listing:
        contents.broken.append(Finding(grid, "has shards, but no grid.json", Remedy("runs", name)))
    done = folder in contents.manifests
    newest = max(commit.epoch for commit in commits)
    lost = len(history(commits)) < len(commits)
    if lost:
        # An unfinished shard trains the epoch again; a finished one begins again.
        remedy = Remedy("runs", name, delete=folder if done else None)
        contents.broken.append(Finding(f"{folder}/{COMMITS.folder}", "has lost an epoch of its history", remedy))
    for commit in commits:
        key = f"{folder}/{commit.key}"
        # A finished shard no longer needs its checkpoints; another continues from the last that is whole.
        remedy = Remedy("runs", name, delete=key if done else None)
        needed = commit.epoch == newest and not done and not contents.store.exists(key)
        if key in contents.listing or needed:
            contents.expect(key, FileRecord(sha256=commit.sha256, size=commit.size), remedy, passing=True)


def _check_openings(contents: Survey, folder: str, manifest: Manifest) -> None:
    """Hold an artefact against the ledgers that it names; an older one names none, but must be in one."""
    ledgers = {series: records for series, records in contents.events.items() if series.startswith("ledgers/")}
    for entry in manifest.openings:
        where = f"ledgers/{entry.ledger}"
        record = ledgers.get(where, {}).get(entry.number)
        if not isinstance(record, Opening):
            contents.broken.append(Finding(where, f"has lost its record {entry.number}, which {folder} names", None))
        elif digest_of(record) != entry.sha256:
            contents.broken.append(
                Finding(where, f"its record {entry.number} is not the one that {folder} names", None)
            )
    if manifest.kind in OPENING_KINDS and not manifest.openings:
        run = manifest.inputs[0].digest if manifest.inputs else None
        records = [record for series in ledgers.values() for record in series.values() if isinstance(record, Opening)]
        if not any((record.evaluation_spec_digest, record.run) == (manifest.spec_digest, run) for record in records):
            contents.broken.append(Finding(folder, "opened a test set, but its opening is in no ledger", None))


def _check_events(contents: Survey, series: str) -> None:
    """Check that a series has all its numbers, and that its records belong to it and follow from each other."""
    records = contents.events[series]
    lost = next((number for number in range(1, max(records)) if number not in records), None)
    if lost is not None:
        contents.broken.append(Finding(series, f"has lost its record {lost} of {max(records)}", None))
    openings = [record for _, record in sorted(records.items()) if isinstance(record, Opening)]
    number = None if lost is not None else broken_link(openings)
    if number is not None:
        contents.broken.append(
            Finding(series, f"its record {number} was changed: the next one names another digest", None)
        )
    images = f"{series}/{IMAGES}"
    if images in contents.listing and sha256_hex(contents.store.get(images)) != series.removeprefix("ledgers/"):
        contents.broken.append(Finding(images, "is not the list whose digest names its folder", None))
    for number, record in records.items():
        if isinstance(record, Opening) and record.test_set != series.removeprefix("ledgers/"):
            contents.broken.append(Finding(series, f"its record {number} is of the test set {record.test_set}", None))


def _spec(model: type[JobSpec], spec: dict[str, Any]) -> JobSpec | str:
    """Return the spec, or a description of its mistakes."""
    try:
        return model.parse(spec)
    except ValidationError as error:
        return f"one with {error.error_count()} mistakes"
