"""The features that new images are held against: of train patches, and of patches of valid images, by one session.

They are an array of the store like other features (`learning.features`), found by its recipe: the first prediction of a
session makes it, later ones read it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurograde.evaluation.units import Unit, originals
from neurograde.learning.data.inputs import Inputs
from neurograde.learning.data.samples import Planned, gather
from neurograde.learning.features import artefact
from neurograde.learning.features.recipe import recipe, weights_digest
from neurograde.learning.inference.grader import Grader
from neurograde.learning.inference.session_outputs import outputs_of
from neurograde.maths.digest import canonical_json, sha256_hex
from neurograde.maths.dihedral import IDENTITY
from neurograde.maths.novelty import Reference
from neurograde.runtime.cache import Cache
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.runtime.progress import progress
from neurograde.specs.records import InputRecord
from neurograde.storage.artefact import Artefact

TRAIN_PATCHES = 512
VALID_IMAGES, PATCHES_PER_IMAGE = 64, 8
"""Enough for a quantile of 95 %, and no more than a CPU passes through a network in about a minute."""


def reference_of(
    job: Job[Any], grader: Grader, patches: Artefact, subsets: Mapping[str, Sequence[Unit]]
) -> tuple[Reference, InputRecord]:
    """Return the reference of a session, with the record of its features; they are computed if the store lacks them.

    Args:
        job: Its store is read and written.
        grader: The session.
        patches: The patches that it learnt from.
        subsets: Its samples.
    """
    train, valid = train_patches(subsets["train"]), valid_patches(subsets["valid"])
    units = [*train, *valid]
    plan, cache = _recipe(grader, units, patches), Cache(grader.run.spec.cache_gib)
    stored = artefact.read(job.store, plan, cache)
    if stored is None:
        log.info(f"features of {len(units):,} patches of train and valid, once for all predictions of this session")
        started = time.monotonic()
        values = _features(grader, units, patches, cache)
        artefact.publish(
            Job(grader.run.spec, job.store),
            plan,
            values,
            device=grader.device,
            wall_seconds=time.monotonic() - started,
            carbon=None,  # in the record of the prediction that needed them
        )
        stored = artefact.read(job.store, plan, cache)
    assert stored is not None
    array, record = stored
    return Reference(array[: len(train)], array[len(train) :], [unit.image for unit in valid]), record


def train_patches(units: Sequence[Unit]) -> list[Unit]:
    """Return a part of the train patches, the same every time: those of the least digests."""
    return sorted(originals(units), key=_digest)[:TRAIN_PATCHES]


def valid_patches(units: Sequence[Unit]) -> list[Unit]:
    """Return patches of a part of the valid images, the same every time; those of an image follow each other."""
    by_image = groupby(sorted(originals(units), key=lambda unit: (unit.image, _digest(unit))), lambda unit: unit.image)
    images = [list(group)[:PATCHES_PER_IMAGE] for _, group in by_image]
    chosen = sorted(images, key=lambda group: _digest(group[0]))[:VALID_IMAGES]
    return [unit for group in chosen for unit in group]


def _digest(unit: Unit) -> str:
    return unit.pixel_sha256


def _recipe(grader: Grader, units: Sequence[Unit], patches: Artefact) -> dict[str, Any]:
    spec, side = grader.run.spec, int(patches.manifest.spec["patch_size_px"])
    return recipe(
        backbone=grader.chosen.backbone,
        weights=weights_digest(grader.ready_network.trunk),
        inputs=Inputs.of(spec, grader.chosen.backbone, side),
        samples=sha256_hex(canonical_json([unit.pixel_sha256 for unit in units])),
        statistics=grader.statistics,
        crop_slice=None,
        precision=spec.precision,
    ) | {"boundary": "before the head, as a session grades"}


def _features(grader: Grader, units: Sequence[Unit], patches: Artefact, cache: Cache) -> NDArray[np.float32]:
    samples = gather({"units": [Planned(unit.patch, IDENTITY, 0) for unit in units]}, patches, cache)["units"]
    parts = []
    with progress("features", len(units), "patches") as advance:
        for [(probabilities, features)] in outputs_of(
            [grader.ready_network],
            grader.run.spec,
            grader.chosen.backbone,
            samples,
            grader.statistics,
            device=grader.device,
        ):
            parts.append(features.float().cpu().numpy())
            advance(len(probabilities))
    return np.concatenate(parts)
