"""Opening a test set: written into its ledger before anything of it is predicted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from neurograde.evaluation.units import Unit
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.specs.baseline import BaselineSpec
from neurograde.specs.evaluate import EvaluateSpec
from neurograde.specs.records import Opening
from neurograde.storage.artefact import Artefact
from neurograde.storage.ledger import digest_of_test_set, record_opening


class Opened(NamedTuple):
    """A test set that is open."""

    test_set: str
    """Digest of the set."""
    openings: int
    """Times that it was opened, this one included."""


def open_test_set(
    job: Job[EvaluateSpec] | Job[BaselineSpec], learnt: Artefact, session: str, units: Sequence[Unit]
) -> Opened:
    """Write this opening into the ledger of the test set.

    Args:
        job: The job that opens it.
        learnt: The run that is tested; of a baseline, the data set that it learnt from.
        session: The session, or the method.
        units: The test set.
    """
    test_set = digest_of_test_set((unit.pixel_sha256, unit.label) for unit in units)
    openings = record_opening(
        job.store,
        Opening(
            test_set=test_set,
            evaluation=job.spec.name,
            evaluation_spec_digest=job.spec.digest(),
            run=learnt.manifest.digest,
            session=session,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
        ),
    )
    log.info(f"opening number {openings} of the test set {test_set[:12]}", extra={"fields": {"test_set": test_set}})
    return Opened(test_set, openings)
