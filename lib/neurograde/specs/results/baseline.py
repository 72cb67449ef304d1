"""metrics.json of baselines: the settings of a method of the literature, and its success on each subset."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from neurograde.specs.base import is_none
from neurograde.specs.results.assessment import SubsetResult, Threshold
from neurograde.specs.results.base import Result


class BaselineResult(Result):
    """A baseline."""

    method: str
    """Kind of the method."""
    classes: tuple[str, ...]
    """The classes, in the order of the probabilities."""
    positive: str
    """The class that sensitivity and specificity are of."""
    chosen: dict[str, Any]
    """The settings that were compared on valid, and the one chosen; their keys are the method's."""
    threshold: Threshold
    """Probability from which a unit counts as positive."""
    subsets: dict[str, SubsetResult]
    """Result on each subset."""
    test_set: str
    """Digest of the test set."""
    openings: int
    """Times that the test set was opened, this one included."""
    elsewhere: Annotated[int | None, Field(exclude_if=is_none)] = None
    """Openings by then in the other stores that the spec names; None where it names none."""
