"""An array of features as an artefact of the store, mapped from the local disk once it was read.

    <store>/features/<digest of the recipe>/<sha256>.safetensors
                                           /recipe.json
                                           /manifest.json         create-only, last: no manifest, no features

Processes that compute an array at once write the same bytes; on machines whose last bits differ each writes a file of
its own, and the first manifest says which one holds. The manifest's spec is that of the grid that wanted the features
first, and its digest with it; what decides whether features fit is the recipe alone.
"""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray

from neurograde.errors import DataError, DigestMismatch
from neurograde.learning.features.recipe import digest_of
from neurograde.learning.run.checkpoint import decode, encode
from neurograde.maths.digest import canonical_json, sha256_hex
from neurograde.runtime.cache import Cache
from neurograde.runtime.carbon_record import CarbonRecord
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.runtime.manifests import describe, publish_once, write_files
from neurograde.specs.records import InputRecord
from neurograde.specs.train import TrainSpec
from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.store import Store

KIND, RECIPE = "features", "recipe.json"
Recipe = dict[str, Any]
"""See `recipe.recipe`."""


def stands(store: Store, recipe: Recipe, *, whole: bool = False) -> bool:
    """Return True where the array of `recipe` is in the store; `whole`: check every byte, delete a damaged array."""
    published = _artefact(store, recipe)
    if published is None or not whole:
        return published is not None
    try:
        published.verify()
    except DigestMismatch as error:
        _clear_away(published, error)
        return False
    return True


def read(store: Store, recipe: Recipe, cache: Cache) -> tuple[NDArray[Any], InputRecord] | None:
    """Return the array of `recipe`, (sample, width), read-only, with its input record; None where it does not exist.

    A damaged array is logged and deleted.
    """
    published = _artefact(store, recipe)
    if published is None:
        return None
    path = next((name for name in published.manifest.files if name != RECIPE), RECIPE)
    key = published.manifest.files[path].sha256 if path in published.manifest.files else ""
    array = cache.find(key) if key else None
    if array is None:
        try:
            values = _values(published, path)
        except DataError as error:
            _clear_away(published, error)
            return None
        with cache.make(key, values.shape, values.dtype) as array:
            array[:] = values
    return array, published.as_input()


def publish(
    job: Job[TrainSpec],
    recipe: Recipe,
    values: NDArray[Any],
    *,
    device: torch.device,
    wall_seconds: float,
    carbon: CarbonRecord | None,
) -> None:
    """Write the array of `recipe`, unless another process just has: then that one holds.

    Args:
        job: Its spec and store.
        recipe: What the array follows from.
        values: The array, (sample, width).
        device: What computed it.
        wall_seconds: Time that it took.
        carbon: What it cost, where no other record counts it.
    """
    data = encode({KIND: torch.from_numpy(values)})
    name = f"{sha256_hex(data)}.safetensors"
    files = {name: data, RECIPE: canonical_json(recipe)}
    manifest = describe(
        job.spec,
        KIND,
        digest_of(recipe),
        write_files(job.store, _folder(recipe), files),
        job="features",
        machine={"device": device.type, "threads": torch.get_num_threads()},
        wall_seconds=round(wall_seconds, 3),
        carbon=None if carbon is None else carbon.model_dump(mode="json"),
    )
    published = publish_once(job.store, manifest)
    if published is not None and name not in published.files:
        job.store.delete(f"{_folder(recipe)}/{name}")


def _folder(recipe: Recipe) -> str:
    return f"{KIND}/{digest_of(recipe)}"


def _artefact(store: Store, recipe: Recipe) -> Artefact | None:
    manifest = read_manifest(store, _folder(recipe))
    return None if manifest is None else Artefact(store, _folder(recipe), manifest)


def _values(published: Artefact, path: str) -> NDArray[Any]:
    """Return the array; DataError where its file is damaged, gone or no array of features."""
    where = f"{published.url}/{path}"
    if path not in published.manifest.files:
        raise DataError(f"{published.url}: its manifest names no features")
    tensors = decode(published.read(path), where)
    if KIND not in tensors or tensors[KIND].ndim != 2:
        raise DataError(f"{where}: it lacks the matrix {KIND!r}")
    values: NDArray[Any] = tensors[KIND].numpy()
    return values


def _clear_away(damaged: Artefact, error: DataError) -> None:
    log.warning(f"{damaged.url} is damaged and made again: {error}")
    damaged.store.clear(damaged.folder)
