"""Spec of `augment` (§2.4, 2.5): classes balanced by dihedral transforms, then standardised."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from neurograde.specs.base import JobSpec, Name


class AugmentSpec(JobSpec):
    """Plan the samples: which patch, under which transform, in which subset."""

    job: Literal["augment"]
    """The job this spec is for."""
    partition: Name
    """The partition to balance."""
    balance: Literal["ngca", "subsample", "none"]
    """`ngca` adds transforms by eq. 2.6, `subsample` drops patches of the larger classes, `none` leaves both."""
    transforms: Annotated[int, Field(ge=0, le=7)] = 7
    """Number of the 7 transforms that may be used, t of eq. 2.5, in their documented order."""
    standardisation: Literal["train", "per_subset", "imagenet", "none"] = "train"
    """Mean and standard deviation a channel: from the train samples, from each subset's own (the report's §2.5),
    ImageNet's, or none."""
    materialise: bool = False
    """Also write every sample as a file."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the draws of `subsample` and of a shuffle at sample level."""
