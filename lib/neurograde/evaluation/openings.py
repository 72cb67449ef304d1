"""Opening a test set: written into its ledger before anything of it is predicted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from neurograde.errors import OpeningsSpent
from neurograde.evaluation.older_ledgers import older_ledgers
from neurograde.evaluation.units import Unit, held_out
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.specs.baseline import BaselineSpec
from neurograde.specs.evaluate import EvaluateSpec
from neurograde.specs.predict import PredictSpec
from neurograde.specs.records import LedgerEntry, Opening
from neurograde.storage.artefact import Artefact
from neurograde.storage.draft import Draft
from neurograde.storage.ledger import (
    HeldOut,
    Overlap,
    entry_of,
    is_same_question,
    list_images,
    listed_images,
    overlaps,
    read_entries,
    read_ledger,
    record_opening,
)
from neurograde.storage.store import Store


class Opened(NamedTuple):
    """A test set that is open."""

    test_set: str
    """Digest of the set."""
    openings: int
    """Times that it was opened, this one included."""
    overlaps: tuple[Overlap, ...] = ()
    """Other test sets with families of this one."""
    elsewhere: int | None = None
    """Openings in the other stores that the spec names; None where it names none."""

    def result(self) -> dict[str, Any]:
        """Return the fields of a result file."""
        return {"test_set": self.test_set, "openings": self.openings, "elsewhere": self.elsewhere}

    def notes(self, subset: str) -> tuple[str, ...]:
        """Return what a reader of the figures must know of other stores and test sets."""
        others = () if not self.elsewhere else (f"{subset} was opened {self.elsewhere} times in other stores",)
        return others + tuple(
            f"{subset} shares {overlap.families} families with the test set {overlap.ledger[:12]}, which was opened "
            f"{overlap.openings} times under that name"
            for overlap in self.overlaps
        )


def open_test_set(  # noqa: PLR0917 - the job, then what is tested, then on what
    job: Job[EvaluateSpec] | Job[BaselineSpec],
    draft: Draft,
    learnt: Artefact,
    session: str,
    patches: Artefact,
    units: Sequence[Unit],
) -> Opened:
    """Write this opening into the ledger of the test set.

    Args:
        job: The job that opens it.
        draft: The artefact that comes of it, and names the record.
        learnt: The run that is tested; of a baseline, the data set that it learnt from.
        session: The session, or the method.
        patches: The patches of the test set, and others.
        units: The test set.

    Raises:
        OpeningsSpent: It was opened as often as the spec plans, and this evaluation is none of those.
    """
    test_set = held_out(patches, units)
    list_images(job.store, test_set)
    opening = Opening(
        test_set=test_set.name,
        patches=test_set.patches if test_set.images else None,
        evaluation=job.spec.name,
        evaluation_spec_digest=job.spec.digest(),
        run=learnt.manifest.digest,
        session=session,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    older = older_ledgers(job.store, test_set) if test_set.images else ()
    _refuse_unplanned(job, opening, older)
    number = record_opening(job.store, opening, older)
    draft.openings.append(entry_of(job.store, opening, older))
    elsewhere = sum(_openings_in(Store(url), test_set) for url in job.spec.other_stores)
    opened = Opened(
        test_set.name, number, tuple(overlaps(job.store, test_set)), elsewhere if job.spec.other_stores else None
    )
    fields = {"fields": {"test_set": test_set.name}}
    log.info(f"opening number {number} of the test set {test_set.name[:12]}", extra=fields)
    for note in opened.notes("this test set"):
        log.warning(note, extra=fields)
    return opened


def _refuse_unplanned(job: Job[EvaluateSpec] | Job[BaselineSpec], opening: Opening, older: Iterable[str]) -> None:
    planned = job.spec.planned_openings
    if planned is None:
        return
    records = [entry.opening for entry in read_entries(job.store, opening, older) if entry.opening.looked_at is None]
    if len(records) >= planned and not any(is_same_question(record, opening) for record in records):
        earlier = ", ".join(f"{record.evaluation} ({record.at})" for record in records)
        raise OpeningsSpent(
            f"{job.source}: planned_openings: {planned}: the test set {opening.test_set[:12]} was opened by {earlier}; "
            "one more makes it a little more of a second valid set: raise the number if that is meant"
        )


def _openings_in(store: Store, test_set: HeldOut) -> int:
    """Return how often the test set was opened in another store, by its images or by the same patches."""
    names = {test_set.name, test_set.patches}
    return sum(record.looked_at is None for name in names for record in read_ledger(store, name))


def log_looks(
    job: Job[PredictSpec], run: Artefact, test_set: HeldOut, images: Iterable[str]
) -> dict[str, tuple[LedgerEntry, ...]]:
    """Write a look into the ledger of every test set that holds images to be graded; return each image's records.

    Args:
        job: The job that grades them.
        run: The run whose network grades them.
        test_set: The test set of that run; others are known from their ledgers.
        images: SHA-256 of the images.
    """
    graded = set(images)
    records: dict[str, tuple[LedgerEntry, ...]] = {}
    for ledger, listed in sorted((listed_images(job.store) | {test_set.name: test_set.images}).items()):
        seen = graded & {sha256 for sha256, _, _ in listed}
        if not seen:
            continue
        if ledger == test_set.name:
            list_images(job.store, test_set)
        look = Opening(
            test_set=ledger,
            patches=test_set.patches if ledger == test_set.name else None,
            evaluation=job.spec.name,
            evaluation_spec_digest=job.spec.digest(),
            run=run.manifest.digest,
            session=job.spec.evaluation,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            looked_at=len(seen),
        )
        number = record_opening(job.store, look)
        entry = entry_of(job.store, look)
        records |= {sha256: (*records.get(sha256, ()), entry) for sha256 in seen}
        log.warning(
            f"{len(seen)} of the images are of the test set {ledger[:12]}: look number {number} is in its ledger",
            extra={"fields": {"test_set": ledger}},
        )
    return records
