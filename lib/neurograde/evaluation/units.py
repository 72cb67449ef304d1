"""Units that a network is tested on: samples of a data set, and patches of another labelled set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from neurograde.errors import DataError
from neurograde.maths.dihedral import IDENTITY
from neurograde.storage.artefact import Artefact
from neurograde.storage.ledger import HeldOut, digest_of_test_set


@dataclass(frozen=True)
class Unit:
    """One labelled input of the network: a patch under a transform, and where it comes from."""

    patch: str
    """The patch's file in its artefact."""
    transform: str
    """`identity`, or one of the 7 transforms."""
    label: str
    """Class of the unit."""
    image: str
    """The image that it was cut from."""
    family: str
    """The case that the image belongs to."""
    pixel_sha256: str
    """Digest of the patch's pixels."""


def samples_by_subset(dataset: Artefact, patches: Artefact) -> dict[str, list[Unit]]:
    """Return the samples of each subset, in the data set's order.

    Raises:
        DataError: the test or valid subset is empty.
    """
    index = {row["patch"]: row for row in patches.read_csv("index.csv")}
    subsets: dict[str, list[Unit]] = {"train": [], "valid": [], "test": []}
    for row in dataset.read_csv("samples.csv"):
        subsets[row["subset"]].append(_unit(index[row["patch"]], row["transform"]))
    for subset, units in subsets.items():
        if not originals(units):
            raise DataError(f"{dataset.url}: the {subset} subset has no original patch, so there is nothing to assess")
    return subsets


def external_patches(patches: Artefact, classes: Sequence[str], subsets: Mapping[str, Sequence[Unit]]) -> list[Unit]:
    """Return the patches of an external test set, untransformed.

    Raises:
        DataError: it is empty, has a class that the network does not know, or shares a patch with train or valid.
    """
    units = units_of(patches)
    if not units:
        raise DataError(f"{patches.url} has no patches to test on")
    strange = sorted({unit.label for unit in units} - set(classes))
    if strange:
        raise DataError(f"{patches.url} has patches of class {strange[0]!r}; the run knows {', '.join(classes)}")
    learnt = {unit.pixel_sha256: unit.patch for name in ("train", "valid") for unit in subsets[name]}
    shared = [unit for unit in units if unit.pixel_sha256 in learnt]
    if shared:
        first = shared[0]
        raise DataError(
            f"{patches.url} shares {len(shared)} of its {len(units)} patches with train and valid, so it is no "
            f"independent test: the first is {first.patch}, the pixels of {learnt[first.pixel_sha256]}"
        )
    return units


def held_out(patches: Artefact, units: Sequence[Unit]) -> HeldOut:
    """Return the test set of `units`: every image of their families, also one that gave no patch this time."""
    families = {(unit.label, unit.family) for unit in units}
    rows = patches.read_csv("images.csv") if "images.csv" in patches.manifest.files else []
    images = {(row["sha256"], row["class"], row["family"]) for row in rows if (row["class"], row["family"]) in families}
    return HeldOut(frozenset(images), digest_of_test_set((unit.pixel_sha256, unit.label) for unit in units))


def units_of(patches: Artefact) -> list[Unit]:
    """Return all patches of an artefact, each as it is."""
    return [_unit(row, IDENTITY) for row in patches.read_csv("index.csv")]


def originals(units: Iterable[Unit]) -> list[Unit]:
    """Return the units that are untransformed patches."""
    return [unit for unit in units if unit.transform == IDENTITY]


def _unit(row: Mapping[str, str], transform: str) -> Unit:
    return Unit(row["patch"], transform, row["class"], row["image"], row["family"], row["pixel_sha256"])
