"""Revisions of jobs: mended faults that change what a job makes under an unchanged spec.

Artefacts made before keep their digest and stay in use. Those made since carry the number of the revision in their
manifest and in their digest, so that the two are never taken for each other. A job that finds its artefact made by an
earlier revision keeps it and logs a warning; `--replace` makes it again; `verify` lists it.

To mend such a fault, append a line to the job's entry, and never change or remove one:

    "patch": (
        Revision("the tissue share counts transparent pixels as glass"),
        Revision("slides without tiles are read in rows", concerns=lambda spec: spec.level is not None),
    ),
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from neurograde.specs.base import JobSpec


def _every_spec(_spec: Any) -> bool:
    return True


@dataclass(frozen=True)
class Revision:
    """A change of a job's results."""

    change: str
    """The difference in one sentence without a full stop, for the log."""
    concerns: Callable[[Any], bool] = _every_spec
    """Test of a spec. Results of specs that it refuses are as before, so their revision does not go up."""


def _resamples_slides(spec: Any) -> bool:
    return spec.um_per_px is not None or bool(spec.level)


INTERVALS = Revision(
    "a share without a spread over families, or of three families or fewer, has the exact interval over its families, "
    "and no other metric has an interval without a width"
)

REVISIONS: dict[str, tuple[Revision, ...]] = {
    "baseline": (INTERVALS,),
    "evaluate": (INTERVALS,),
    "patch": (
        Revision(
            "the pixels of a slide's patch depend on the slide and the square alone, and are those stored on the level",
            concerns=_resamples_slides,
        ),
    ),
    "predict": (
        Revision("each image has an artefact, with its part in training and its distance from the training images"),
    ),
}
"""Revisions by job, from revision 2 on. Jobs that find their artefacts by a recipe with a version of its contents
(`features`, `stage`, the descriptions of `baseline`) have none: they change the recipe."""


def revision_of(spec: JobSpec) -> int:
    """Return the revision by which today's code makes the artefact of `spec`: 1 if no change concerns it."""
    numbered = enumerate(REVISIONS.get(spec.job, ()), start=2)
    return max((number for number, revision in numbered if revision.concerns(spec)), default=1)


def outdated(revision: int, spec: JobSpec) -> str | None:
    """Return how an artefact made by `revision` differs from today's, or None if it does not.

    Args:
        revision: The revision in the artefact's record.
        spec: Its spec.

    Returns:
        "made by revision 1: <what changed since>", with changes in the order in which they were made.
    """
    later = REVISIONS.get(spec.job, ())[revision - 1 :]
    changes = [entry.change for entry in later if entry.concerns(spec)]
    return f"made by revision {revision}: {'; '.join(changes)}" if changes else None
