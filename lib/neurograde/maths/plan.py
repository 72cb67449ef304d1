"""The plan of a data set: a patch, a transform and a subset per sample (§2.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from neurograde.maths.balance import ClassBalance, balance, ngca, unrounded_ratio
from neurograde.maths.correlate import shuffle
from neurograde.maths.dihedral import IDENTITY, TRANSFORMS
from neurograde.maths.seeding import generator
from neurograde.maths.standardise import IMAGENET, ChannelCounts
from neurograde.maths.subsets import SUBSETS


class Sample(NamedTuple):
    """One row of samples.csv."""

    patch: str
    """The patch's path in its artefact."""
    transform: str
    """`identity`, or one of the 7 transforms."""
    subset: str
    """`train`, `valid` or `test`."""
    label: str
    """The class."""


@dataclass
class Plan:
    """The samples of all subsets, and the balance of each class in each subset."""

    samples: list[Sample]
    balance: str
    transforms: int
    classes: list[str]
    balances: dict[str, dict[str, ClassBalance]] = field(default_factory=dict)

    def tables(self) -> dict[str, Any]:
        """Return tables 2.1 (samples per class), 2.2 (ratios) and 2.3 (totals) as one JSON value."""
        subsets = {}
        for subset, classes in self.balances.items():
            steps = {
                "start": {label: of.patches for label, of in classes.items()},
                "balanced": {label: of.balanced for label, of in classes.items()},
                "final": {label: of.final for label, of in classes.items()},
            }
            ratio = max(of.ratio for of in classes.values())
            subsets[subset] = {
                "r": ratio,
                "ngca": ngca(self.transforms, ratio) if self.balance != "none" else 0,
                "classes": {
                    label: {
                        "patches": of.patches,
                        "copies_balanced": 1 + of.balancing,
                        "copies_final": 1 + of.transforms,
                        "start": of.patches,
                        "balanced": of.balanced,
                        "final": of.final,
                    }
                    for label, of in classes.items()
                },
                "ratio": {step: unrounded_ratio(counts) for step, counts in steps.items()},
                "total": sum(steps["final"].values()),
            }
        return {
            "format": 1,
            "balance": self.balance,
            "transforms": self.transforms,
            "classes": self.classes,
            "subsets": subsets,
            "total": sum(totals["total"] for totals in subsets.values()),
        }


def plan_samples(
    rows: Sequence[Mapping[str, str]],
    balancing: str,
    transforms: int,
    seed: int,
    deal: int | None = None,
    *,
    may_lack: Collection[str] = (),
) -> Plan:
    """Return the samples of every subset, in the order: subset, class by name, patch, transform.

    Args:
        rows: Patch, class and subset of each patch.
        balancing: `ngca`, `subsample` or `none`.
        transforms: Number of the 7 transforms that may be used.
        seed: Seed of the draws of `subsample`.
        deal: Seed of a shuffle of the samples of train and valid (experiment 2 at sample level), or None.
        may_lack: Subsets that may lack a class, since they are a single family.

    Raises:
        ValueError: A class has no patches in a subset that may not lack it.
    """
    classes = sorted({row["class"] for row in rows})
    plan = Plan([], balancing, transforms if balancing != "none" else 0, classes)
    for subset in SUBSETS:
        members = {
            label: sorted(row["patch"] for row in rows if (row["subset"], row["class"]) == (subset, label))
            for label in classes
        }
        empty = [label for label, patches in members.items() if not patches]
        if empty and subset not in may_lack:
            raise ValueError(f"the class {empty[0]!r} has no patches in {subset}; every subset needs every class")
        members = {label: patches for label, patches in members.items() if patches}
        if balancing == "subsample":
            members = _subsample(members, subset, seed)
        balances = balance({label: len(patches) for label, patches in members.items()}, plan.transforms)
        if balancing == "none":
            balances = {label: ClassBalance(of.patches, of.ratio, 0, 0) for label, of in balances.items()}
        plan.balances[subset] = balances
        plan.samples += [
            Sample(patch, transform, subset, label)
            for label, patches in members.items()
            for patch in patches
            for transform in (IDENTITY, *TRANSFORMS[: balances[label].transforms])
        ]
    if deal is not None:
        dealt = shuffle(
            [sample.subset for sample in plan.samples],
            [sample.label for sample in plan.samples],
            generator(deal, "correlate", "samples"),
        )
        plan.samples = [sample._replace(subset=subset) for sample, subset in zip(plan.samples, dealt, strict=True)]
    return plan


def copies(samples: Sequence[Sample]) -> dict[str, Counter[str]]:
    """Return the number of samples of each patch, by subset."""
    counted: dict[str, Counter[str]] = {subset: Counter() for subset in SUBSETS}
    for sample in samples:
        counted[sample.subset][sample.patch] += 1
    return counted


def statistics(counts: Mapping[str, ChannelCounts], mode: str) -> dict[str, Any]:
    """Return the content of standardisation.json: mean and deviation for each subset, on the scale 0 to 1.

    Args:
        counts: Pixel values counted over each subset's samples.
        mode: `train` (the values of train for every subset), `per_subset` (the report's §2.5), `imagenet`, `none`.
    """
    fixed = {"imagenet": IMAGENET, "none": {"mean": [0.0] * 3, "std": [1.0] * 3}}.get(mode)
    subsets = {}
    for subset, own in counts.items():
        source = own if mode == "per_subset" else counts["train"]
        values = fixed or {"mean": source.mean(), "std": source.std()}
        subsets[subset] = {**values, "samples": own.samples, "pixels": own.pixels}
    return {"format": 1, "mode": mode, "subsets": subsets}


def _subsample(members: dict[str, list[str]], subset: str, seed: int) -> dict[str, list[str]]:
    """Return as many patches of each class as the smallest has, drawn without replacement."""
    smallest = min(len(patches) for patches in members.values())
    return {
        label: sorted(
            patches[index] for index in generator(seed, "subsample", subset, label).permutation(len(patches))[:smallest]
        )
        for label, patches in members.items()
    }
