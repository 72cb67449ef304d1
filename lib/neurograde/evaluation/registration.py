"""The head digest: what a third party holds before a test set is opened.

One SHA-256 over the digests of the partition, of the trained grid, of the evaluation's spec, and of every ledger record
so far. Whoever deposits it elsewhere before the opening can show later that nothing of these was chosen afterwards.
"""

from __future__ import annotations

import json
import re

from neurograde.maths.digest import canonical_json, sha256_hex
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.specs.evaluate import EvaluateSpec
from neurograde.storage.artefact import Artefact
from neurograde.storage.ledger import RECORD


def register(job: Job[EvaluateSpec], run: Artefact, dataset: Artefact) -> str:
    """Return the head digest of an evaluation, and print it.

    The same evaluation asked again has the same head, although its own opening is in the ledger by then.

    Args:
        job: the evaluation.
        run: the trained grid.
        dataset: the data set that it learnt from.
    """
    head = sha256_hex(
        canonical_json(
            {
                "partition": next(
                    (record.digest for record in dataset.manifest.inputs if record.kind == "partitions"), None
                ),
                "grid": run.manifest.digest,
                "evaluation": job.spec.digest(),
                "ledger": _ledger(job, run),
            }
        )
    )
    log.info(f"head digest, before the test set is opened: {head}", extra={"fields": {"head": head}})
    print(f"head {head}")
    return head


def _ledger(job: Job[EvaluateSpec], run: Artefact) -> list[str]:
    """Return the digest of every ledger record that this evaluation did not write."""
    keys = [key for key in job.store.list("ledgers") if re.fullmatch(RECORD, key)]
    own = (job.spec.digest(), run.manifest.digest)
    return [sha256_hex(data) for data in job.store.get_many(keys) if _question(data) != own]


def _question(data: bytes) -> tuple[str | None, str | None] | None:
    try:
        record = json.loads(data)
        return record.get("evaluation_spec_digest"), record.get("run")
    except (ValueError, AttributeError):
        return None
