"""Spec of `partition` (§2.3): families to train, valid and test, each family whole."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, model_validator

from neurograde.specs.base import JobSpec, Model, Name, Share


class Correlate(Model):
    """The experiments of §2.6: a leak between train and valid, on purpose; test stays independent."""

    mode: Literal["exchange", "shuffle"]
    """`exchange`: one patch of each family changes places between train and valid (experiment 1); `shuffle`: train
    and valid are dealt anew at random (experiment 2)."""
    level: Literal["patch", "sample"] = "patch"
    """Deal patches, or samples after augmentation."""
    seed: Annotated[int, Field(ge=0)]
    """Seed of the deal."""

    @model_validator(mode="after")
    def _exchange_is_of_patches(self) -> Correlate:
        if self.mode == "exchange" and self.level == "sample":
            raise ValueError("level 'sample' goes with mode 'shuffle': an exchange is of patches")
        return self


class PartitionSpec(JobSpec):
    """Assign families to three subsets so that pixel shares and family counts come close to their targets."""

    job: Literal["partition"]
    """The job this spec is for."""
    patches: Name
    """The patches to partition."""
    strategy: Literal["psp", "ifp", "ifpo", "exact"]
    """Proportional and sequential, iterative filling, with overfill (all §2.3), or the proven optimum."""
    proportions: tuple[Share, Share, Share] = (Fraction(7, 10), Fraction(3, 20), Fraction(3, 20))
    """Target shares of the pixels in train, valid and test: p of eq. 2.1."""
    diversity: tuple[Share, Share, Share] = (Fraction(1, 3), Fraction(1, 3), Fraction(1, 3))
    """Target shares of the families: d of eq. 2.1."""
    proportion_weight: Share = Fraction(1)
    """Weight of the pixel shares in D, against that of the family counts (last remark of §2.3.5)."""
    diversity_weight: Share = Fraction(1)
    """Weight of the family counts in D."""
    min_train_share: Share | None = Fraction(1, 2)
    """Train holds at least this share of each class (§2.3.1); null lifts it, and p1 > 1/2 with it."""
    search_nodes: Annotated[int, Field(ge=1)] = 20_000
    """Nodes that the search for the best possible D may visit; every machine counts them alike."""
    search_seconds: Annotated[float, Field(gt=0)] = 60.0
    """Seconds after which that search stops on a slow machine; the summary says when it did."""
    correlate: Correlate | None = None
    """Leak between train and valid on purpose; the artefact is marked `leaking`."""
