"""An array of features as an artefact of the store, mapped from the local disk once it was read.

    <store>/features/<digest of the recipe>/<sha256>.safetensors
                                           /manifest.json         create-only, last: no manifest, no features

Processes that compute an array at once write the same bytes; on machines whose last bits differ each writes a file of
its own, and the first manifest says which one holds.
"""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray

from neurograde.errors import DigestMismatch
from neurograde.learning.checkpoint import decode, encode
from neurograde.learning.features.recipe import digest_of
from neurograde.maths.digest import sha256_hex
from neurograde.runtime.cache import Cache
from neurograde.runtime.carbon_record import CarbonRecord
from neurograde.runtime.log import log
from neurograde.runtime.machine import machine_facts, software_versions
from neurograde.specs.records import FileRecord, InputRecord, Manifest
from neurograde.storage.artefact import MANIFEST, Artefact, read_manifest
from neurograde.storage.store import Store

KIND = "features"


def stands(store: Store, recipe: dict[str, Any]) -> bool:
    """Whether the array of `recipe` is in the store."""
    return read_manifest(store, _folder(recipe)) is not None


def read(store: Store, recipe: dict[str, Any], cache: Cache) -> tuple[NDArray[Any], InputRecord] | None:
    """The array of `recipe`, (sample, width), read-only, and how a manifest names it; None where it does not stand.

    A damaged one is said, cleared away, and does not stand any more.
    """
    manifest = read_manifest(store, _folder(recipe))
    if manifest is None:
        return None
    artefact = Artefact(store, _folder(recipe), manifest)
    ((path, file),) = manifest.files.items()
    array = cache.find(file.sha256)
    if array is None:
        try:
            values = decode(artefact.read(path), f"{artefact.url}/{path}")[KIND].numpy()
        except DigestMismatch:
            log.warning(f"{artefact.url}/{path} is damaged or gone: it is made again")
            store.clear(artefact.folder)
            return None
        with cache.make(file.sha256, values.shape, values.dtype) as array:
            array[:] = values
    return array, artefact.as_input()


def publish(
    store: Store, recipe: dict[str, Any], values: NDArray[Any], wall_seconds: float, carbon: CarbonRecord | None
) -> None:
    """Write the array of `recipe`, unless another process just has: then that one holds.

    Args:
        store: Where to.
        recipe: What it follows from.
        values: The array, (sample, width).
        wall_seconds: Time that it took.
        carbon: What it cost, where no other record counts it.
    """
    data = encode({KIND: torch.from_numpy(values)})
    name = f"{sha256_hex(data)}.safetensors"
    store.put(f"{_folder(recipe)}/{name}", data)
    manifest = Manifest(
        kind=KIND,
        name=digest_of(recipe),
        job=KIND,
        spec=recipe,
        spec_digest=digest_of(recipe),
        files={name: FileRecord(sha256=sha256_hex(data), size=len(data))},
        software=software_versions(),
        machine=machine_facts().model_dump(mode="json") | {"threads": torch.get_num_threads()},
        wall_seconds=round(wall_seconds, 3),
        carbon=None if carbon is None else carbon.model_dump(mode="json"),
    )
    try:
        store.create(f"{_folder(recipe)}/{MANIFEST}", manifest.encode())
    except FileExistsError:
        standing = read_manifest(store, _folder(recipe))
        if standing is not None and name not in standing.files:
            store.delete(f"{_folder(recipe)}/{name}")


def _folder(recipe: dict[str, Any]) -> str:
    return f"{KIND}/{digest_of(recipe)}"
