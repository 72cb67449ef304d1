"""Spec of `review` (§2.2.2): which squares of the grid cannot inherit their image's class."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from neurograde.specs.base import Name
from neurograde.specs.names import Label
from neurograde.specs.patch import GridSpec


class ReviewSpec(GridSpec):
    """Look at every image with its grid and grey the squares that do not show what the image is labelled as."""

    job: Literal["review"]
    """The job this spec is for."""
    reviewer: Name
    """Name of the reviewer: letters, digits, dot, dash, underscore. Decisions are kept per reviewer."""
    reasons: Annotated[tuple[Label, ...], Field(min_length=1, max_length=9)] = (
        "other tissue",
        "blood",
        "necrosis",
        "fold or tear",
        "out of focus",
        "mark or writing",
    )
    """Reasons to reject a square, at most nine, each with its number as a key."""
    least_certain_first: Name | None = None
    """An evaluation whose model is asked about the images of its train families: those that it is least certain of come
    first. Valid and test keep their order."""
    device: Literal["auto", "cpu", "cuda"] = "cpu"
    """Device on which that model runs."""
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Port on this machine; 0 takes any that is free."""

    PLACEMENT: ClassVar[frozenset[str]] = GridSpec.PLACEMENT | {"port", "reviewer", "least_certain_first"}
