"""Decisions about what is published already: made of the same, by today's revision, and whole?"""

from __future__ import annotations

from dataclasses import dataclass

from neurograde.errors import DigestMismatch
from neurograde.maths.digest import canonical_json, sha256_hex
from neurograde.runtime.log import log
from neurograde.specs.base import JobSpec
from neurograde.specs.changes import changes
from neurograde.specs.records import Grid, InputRecord, Manifest
from neurograde.specs.revisions import outdated
from neurograde.storage.artefact import Artefact
from neurograde.storage.raw import RawInputs

DIGITS = 12
"""Digits of a digest in a message."""


class UpToDate(Exception):
    """The artefact exists, made from this very spec and these very inputs."""


@dataclass(frozen=True)
class Work:
    """The work of a job: what it makes, and from what."""

    spec: JobSpec
    """The spec of the job."""
    inputs: tuple[InputRecord, ...]
    """The upstream artefacts, in the order in which the job names them."""
    raw: RawInputs
    """The files from outside."""

    def digest(self) -> str:
        """Return the digest of the spec, the inputs, and the sizes of files from outside."""
        made_from = [[record.kind, record.digest] for record in self.inputs]
        files = [[name, file.size] for name, file in sorted(self.raw.files.items())]
        return sha256_hex(canonical_json([self.spec.digest(), made_from, files]))

    def difference(self, existing: Manifest | Grid) -> str | None:
        """Return how an existing artefact or grid differs from the one that this work makes, or None if it does not."""
        if existing.spec_digest != self.spec.digest():
            differing = changes(existing.spec, self.spec)
            digests = f"digest {existing.spec_digest[:DIGITS]}…, this spec has {self.spec.digest()[:DIGITS]}…"
            return f"it was made by another spec: {differing or digests}"
        # By position: a job may read several artefacts of one kind, and names do not count.
        for position, now in enumerate(self.inputs):
            was = existing.inputs[position] if position < len(existing.inputs) else None
            if was is None or (was.kind, was.digest) != (now.kind, now.digest):
                made_from = was.digest if was else "none"
                return f"it was made from {now.kind} of digest {made_from}, {now.kind}/{now.name} now has {now.digest}"
        return self.raw.difference(existing.raw)


def keeps_revision(url: str, existing: Manifest | Grid, spec: JobSpec, *, replace: bool) -> bool:
    """Return False if an earlier revision made the artefact or grid and `replace` asks for today's.

    Without `replace`, the result of an earlier revision is kept, with a warning that lists the changes since.

    Args:
        url: URL of the artefact or grid, for the warning.
        existing: Its record.
        spec: The spec of the job.
        replace: Make again what an earlier revision made.
    """
    note = outdated(existing.revision, spec)
    if note is None:
        return True
    what = "is made again" if replace else "is kept; --replace makes it again"
    folder = f"{getattr(existing, 'kind', 'runs')}/{existing.name}"
    log.warning(f"{url} was {note}. It {what}", extra={"fields": {"artefact": folder}})
    return not replace


def keeps_bytes(artefact: Artefact, *, replace: bool) -> bool:
    """Return True if the artefact can be kept. With `replace`, verify its bytes first.

    So `--replace` makes a damaged artefact again, and keeps a whole one. Readers verify what they read in any case.
    """
    if not replace:
        return True
    try:
        artefact.verify()
    except DigestMismatch as error:
        log.warning(str(error))
        return False
    return True
