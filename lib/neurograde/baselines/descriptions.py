"""Descriptions of patches as an artefact of the store, found again by whatever asks for the same.

    <store>/descriptions/<digest>/descriptions.safetensors     create-only: all rows, and how many each patch has
                                 /manifest.json                create-only, last

The digest is that of the method, its version and settings, and of the patches; never of a split: a description follows
from its patch alone, so that every partition may share it. Its spec is that of the baseline that asked first, and its
carbon record that of describing; a baseline that finds it names it in its own manifest, so that reports can charge it.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from neurograde.baselines.method import Floats, Method, Patch
from neurograde.errors import DataError
from neurograde.maths.digest import canonical_json, sha256_hex
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.runtime.manifests import describe, publish_once, record_of
from neurograde.runtime.progress import progress
from neurograde.specs.baseline import BaselineSpec
from neurograde.specs.records import InputRecord
from neurograde.storage.artefact import Artefact, read_manifest

KIND, FILE = "descriptions", "descriptions.safetensors"
BATCH = 16


def described(
    job: Job[BaselineSpec], method: Method, patches: Artefact, names: list[str], those: Iterable[Patch]
) -> tuple[dict[str, Floats], InputRecord | None]:
    """Return the description of every patch, from the store or computed and published there.

    Args:
        job: The spec and the store.
        method: The method that describes.
        patches: The artefact that holds the patches.
        names: Of the patches, in the order of `those`.
        those: The patches, read only where nothing stands.

    Returns:
        (rows, width) by name; and what was found, None where this job made it and is charged for it.
    """
    recipe = {
        "method": job.spec.method.model_dump(mode="json"),
        "version": method.version,
        "patches": patches.manifest.digest,
        "names": sha256_hex(canonical_json(names)),
    }
    folder = f"{KIND}/{sha256_hex(canonical_json(recipe))}"
    standing = _read(job, folder)
    if standing is not None:
        log.info(f"{folder}: found, {len(standing[0])} patches")
        return standing
    job.meter.lap()  # what came before is not describing
    rows: dict[str, Floats] = {}
    waiting = iter(those)
    with progress("describing patches", len(names), "patches") as advance:
        while batch := list(islice(waiting, BATCH)):
            for patch, description in zip(batch, method.describe(batch), strict=True):
                rows[patch.name] = description.astype(np.float32)
            advance(len(batch))
    _publish(job, folder, rows)
    return rows, None


def _read(job: Job[BaselineSpec], folder: str) -> tuple[dict[str, Floats], InputRecord] | None:
    manifest = read_manifest(job.store, folder)
    if manifest is None:
        return None
    artefact = Artefact(job.store, folder, manifest)
    try:
        return _rows(artefact.read(FILE)), artefact.as_input()
    except (DataError, SafetensorError, KeyError, ValueError, TypeError, IndexError) as error:
        log.warning(f"{folder} is damaged and made again: {error}")
        job.store.clear(folder)
        return None


def _rows(data: bytes) -> dict[str, Floats]:
    """Return the descriptions by patch."""
    tensors = load(data)
    names = bytes(tensors["names"]).decode().split("\n")
    ends = np.cumsum(tensors["counts"])
    return {
        name: tensors["rows"][end - count : end]
        for name, end, count in zip(names, ends, tensors["counts"], strict=True)
    }


def _publish(job: Job[BaselineSpec], folder: str, rows: dict[str, Floats]) -> None:
    tensors: dict[str, Any] = {
        "rows": np.concatenate(list(rows.values())),
        "counts": np.array([len(row) for row in rows.values()], np.int64),
        "names": np.frombuffer("\n".join(rows).encode(), np.uint8),
    }
    data = save(tensors)
    carbon = job.meter.lap()
    try:
        job.store.create(f"{folder}/{FILE}", data)
    except FileExistsError:  # of another baseline, whose last bits may differ: of two, the first file holds
        data = job.store.get(f"{folder}/{FILE}")
    manifest = describe(
        job.spec,
        KIND,
        folder.partition("/")[2],
        {FILE: record_of(data)},
        wall_seconds=round(carbon.wall_seconds, 3),
        carbon=carbon.model_dump(mode="json"),
    )
    if publish_once(job.store, manifest) is not manifest:
        log.info(f"{folder}: another baseline has described the same in the meantime")
