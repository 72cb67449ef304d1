"""Samples: patches packed in one array, the plan of samples over them, transforms on the fly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurograde.errors import SpecError
from neurograde.maths.dihedral import apply
from neurograde.patches.packed import pack
from neurograde.runtime.cache import Cache
from neurograde.specs.results.standardisation import Standardisation
from neurograde.specs.train import TrainSpec
from neurograde.storage.artefact import Artefact


class Statistics(NamedTuple):
    """Mean and standard deviation of each channel, on the scale 0 to 1."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


class Planned(NamedTuple):
    """One sample of a plan."""

    patch: str
    """The patch's path in its artefact."""
    transform: str
    """`identity`, or one of the 7 transforms."""
    label: int
    """Number of its class; see `labels`."""


@dataclass(frozen=True)
class Samples:
    """A plan and the pixels behind it."""

    plan: tuple[Planned, ...]
    """The samples, in order."""
    patches: NDArray[np.uint8]
    """The patches, (patch, height, width, 3); read-only where they are mapped from the local cache."""
    places: NDArray[np.intp]
    """Index of each sample's patch in `patches`, (sample,)."""

    def __len__(self) -> int:
        return len(self.plan)

    @property
    def labels(self) -> NDArray[np.int64]:
        """Number of each sample's class, (sample,)."""
        return np.array([planned.label for planned in self.plan], np.int64)

    @property
    def patch_size_px(self) -> int:
        """Side of the patches."""
        return int(self.patches.shape[1])

    def taken(self, numbers: NDArray[np.intp]) -> Samples:
        """Return the samples of these indices, in their order."""
        return Samples(tuple(self.plan[number] for number in numbers), self.patches, self.places[numbers])

    def pixels(self, samples: Sequence[int] | NDArray[np.intp]) -> NDArray[np.uint8]:
        """Pixels of the samples of these numbers, transformed, (batch, height, width, 3)."""
        batch = np.empty((len(samples), *self.patches.shape[1:]), np.uint8)
        for row, number in zip(batch, samples, strict=True):
            row[:] = apply(self.patches[self.places[number]], self.plan[number].transform)
        return batch


def labels(spec: TrainSpec) -> dict[str, int]:
    """Return the label of each class: of two, 1 is the positive one; of more, the index in `classes`."""
    if len(spec.classes) == 2:
        return {name: int(name == spec.positive) for name in spec.classes}
    return {name: number for number, name in enumerate(spec.classes)}


def read_samples(
    spec: TrainSpec, dataset: Artefact, patches: Artefact, subsets: Iterable[str] = ("train", "valid")
) -> dict[str, Samples]:
    """Return the samples of each subset, in the order of samples.csv; the subsets share one array of patches.

    Raises:
        SpecError: the classes of spec and data set differ.
        DataError: a patch cannot be decoded, or the patches are not squares of one size.
        DigestMismatch: a file contradicts the manifest.
    """
    rows = dataset.read_csv("samples.csv")
    numbers = labels(spec)
    labelled = {row["label"] for row in rows}
    if labelled != set(numbers):
        raise SpecError(f"classes: the spec lists {sorted(numbers)}, {dataset.url} has {sorted(labelled)}")
    plans = {
        subset: [
            Planned(row["patch"], row["transform"], numbers[row["label"]]) for row in rows if row["subset"] == subset
        ]
        for subset in subsets
    }
    return gather(plans, patches, Cache(spec.cache_gib))


def gather(plans: Mapping[str, Sequence[Planned]], patches: Artefact, cache: Cache) -> dict[str, Samples]:
    """Return the samples of each plan; every patch is read and checked once, and held once.

    Raises:
        DataError: a patch cannot be decoded, or the patches are not squares of one size.
        DigestMismatch: a patch contradicts the manifest.
    """
    names = sorted({planned.patch for plan in plans.values() for planned in plan})
    pixels = pack(patches, names, cache)
    index_of = {name: number for number, name in enumerate(names)}
    return {
        subset: Samples(tuple(plan), pixels, np.array([index_of[planned.patch] for planned in plan], np.intp))
        for subset, plan in plans.items()
    }


def read_statistics(dataset: Artefact) -> dict[str, Statistics]:
    """Return the mean and standard deviation of each subset, from standardisation.json."""
    subsets = dataset.read_result(Standardisation, "standardisation.json").subsets
    return {name: Statistics(subset.mean, subset.std) for name, subset in subsets.items()}
