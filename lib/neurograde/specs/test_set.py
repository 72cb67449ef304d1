"""Fields of the specs that open a test set: `evaluate` and `baseline`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from neurograde.errors import SpecError
from neurograde.specs.base import JobSpec, check_store_url

NO_CHOICE = 0.5
"""The threshold of a spec that chooses none."""


class OpensTestSet(JobSpec):
    """The planned openings of a test set, and the stores that record others; neither changes the result."""

    planned_openings: Annotated[int, Field(ge=1)] | None = None
    """Number of times that the test set is to be opened in this store, by whatever evaluations and baselines; one more
    ends with 73 and names the earlier ones. Any number when not given."""
    other_stores: tuple[Annotated[str, Field(min_length=1), AfterValidator(check_store_url)], ...] = ()
    """Other stores whose openings of the same test set are counted too, and stated beside those of this store."""
    PLACEMENT: ClassVar[frozenset[str]] = JobSpec.PLACEMENT | {"planned_openings", "other_stores"}


def check_threshold(threshold: float | Literal["valid"], n_classes: int) -> None:
    """Raise SpecError if a threshold is chosen where there are more than two classes."""
    if n_classes > 2 and threshold != NO_CHOICE:
        raise SpecError(f"threshold: {threshold!r}: of {n_classes} classes the most probable is named; leave it out")
