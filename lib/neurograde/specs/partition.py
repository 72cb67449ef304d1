"""Spec of `partition` (§2.3): families to train, valid and test, each family whole."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, model_validator

from neurograde.maths.readings import DEFAULT_READINGS, Reading
from neurograde.specs.base import JobSpec, Model, Name, Share
from neurograde.specs.names import Label


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


class Folds(Model):
    """One fold of a cross-validation: k specs that differ in `test` alone make k partitions."""

    k: Annotated[int, Field(ge=3, le=100)] | Literal["families"]
    """Number of folds, 3 to 100; each class needs as many families. `families`: as many folds as families, one left
    out in each, for sets of a few; train has every class, valid and test may lack one."""
    test: Annotated[int, Field(ge=0)] | Label
    """The fold that is the test subset, from 0; the next one is valid, the others are train. With `k: families` the
    name of the family that is left out; valid is another one that leaves every class in train."""

    @property
    def left_out(self) -> str | None:
        """The family that is tested; None of numbered folds."""
        return self.test if isinstance(self.test, str) else None

    @property
    def numbered(self) -> tuple[int, int] | None:
        """Number of folds, and the one that is tested; None where each family is one."""
        return None if isinstance(self.k, str) or isinstance(self.test, str) else (self.k, self.test)

    @model_validator(mode="after")
    def _test_is_a_fold(self) -> Folds:
        if isinstance(self.k, str) != isinstance(self.test, str):
            raise ValueError(
                f"k = {self.k!r} with test = {self.test!r}: k = 'families' goes with the name of a family, in quotes "
                "where it is a number, and a number of folds with the number of one"
            )
        if self.numbered is not None:
            k, test = self.numbered
            if test >= k:
                raise ValueError(f"test = {test}; {k} folds are numbered 0 to {k - 1}")
        return self


class ForeignSplit(Model):
    """A split that somebody made: a list of names with their subsets, or folders."""

    url: str
    """URL or path of a list (CSV, TSV, TXT, JSON, NPZ: the forms that `audit` reads), or of a folder with folders
    train, valid and test of images. Its names are patches, images or families."""
    item: str | None = None
    """Column of the names; found by its header when not given."""
    subset: str | None = None
    """Column of the subsets; found by its header or its values when not given."""
    subsets: dict[str, Literal["train", "valid", "test"]] = Field(default={})
    """Subsets under other names: `{tuning: valid}`."""


class PartitionSpec(JobSpec):
    """Assign families to three subsets so that pixel shares and family counts come close to their targets."""

    job: Literal["partition"]
    """The job this spec is for."""
    patches: Name
    """The patches to partition."""
    strategy: Literal["psp", "ifp", "ifpo", "exact", "kfold", "given"]
    """Proportional and sequential, iterative filling, with overfill (all §2.3), the proven optimum, `folds`, or the
    split of somebody else that `split` names."""
    split: ForeignSplit | None = None
    """With strategy `given`: the split. One with families or pixels in two subsets is marked `leaking`."""
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
    readings: Annotated[tuple[Reading, ...], Field(min_length=1)] = DEFAULT_READINGS
    """Meanings of "large" that IFP and IFPO search (§2.3.4): `each` family above μ·p3, the fewest that hold μ·p3
    `together`, the fewest that leave a `reserve` of μ·p3 in train (figure 2.5), or `any` number of families."""
    search_turns: Annotated[int, Field(ge=1)] = 10_000_000
    """Turns of filling that IFPO may take to try every piece of D; beyond them it tries a coarser grid of ε and μ, and
    the summary says so. Every machine counts them alike."""
    search_nodes: Annotated[int, Field(ge=1)] = 20_000
    """Nodes that the search for the best possible D may visit; every machine counts them alike."""
    search_seconds: Annotated[float, Field(gt=0)] = 60.0
    """Seconds after which that search stops on a slow machine; the summary says when it did."""
    compare: bool = False
    """Solve with every strategy, `ifpo` once per reading, and write them side by side: strategies.csv and a figure per
    class. The assignment stays that of `strategy`."""
    folds: Folds | None = None
    """With strategy `kfold`: how many folds, and which is tested. Their targets are (1 - 2/k, 1/k, 1/k), for pixels and
    families alike, so that `proportions`, `diversity` and `min_train_share` do not apply."""
    correlate: Correlate | None = None
    """Leak between train and valid on purpose; the artefact is marked `leaking`."""

    @model_validator(mode="after")
    def _readings_differ(self) -> PartitionSpec:
        if len(set(self.readings)) < len(self.readings):
            raise ValueError(f"readings {list(self.readings)} must differ")
        return self

    @model_validator(mode="after")
    def _given_goes_with_its_strategy(self) -> PartitionSpec:
        if (self.strategy == "given") != (self.split is not None):
            raise ValueError("split and strategy 'given' go together")
        if self.split is not None and self.correlate is not None:
            raise ValueError("correlate does not go with split: it is somebody else's")
        return self

    @model_validator(mode="after")
    def _compare_goes_with_a_plain_partition(self) -> PartitionSpec:
        others = [name for name in ("folds", "correlate", "split") if getattr(self, name) is not None]
        if self.compare and others:
            raise ValueError(f"compare does not go with {others[0]}: use it in a plain partition of the same families")
        return self

    @model_validator(mode="after")
    def _folds_go_with_kfold(self) -> PartitionSpec:
        if (self.strategy == "kfold") != (self.folds is not None):
            raise ValueError("folds and strategy 'kfold' go together")
        fixed = ("proportions", "diversity", "min_train_share")
        told = [name for name in fixed if getattr(self, name) != type(self).model_fields[name].default]
        if self.folds is not None and told:
            raise ValueError(f"{told[0]} does not go with folds, whose targets follow from k")
        if self.folds is not None and self.folds.left_out is not None and self.correlate is not None:
            raise ValueError("correlate does not go with k = 'families': one family cannot leak class by class")
        return self
