"""Packed patches: the pixels of the files, read once on each machine."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neurograde.errors import DataError, DigestMismatch
from neurograde.patches.packed import pack
from neurograde.runtime.cache import Cache
from neurograde.storage.artefact import Artefact
from neurograde.storage.store import Store
from tests.support.artefacts import png, publish
from tests.support.material import paint


class CountingStore(Store):
    reads = 0

    def get(self, key: str) -> bytes:
        self.reads += 1
        return super().get(key)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(1, tmp_path / "packed")


@pytest.fixture
def patches(memory_url: str) -> Artefact:
    return written(memory_url, {name: png(pixels) for name, (_, pixels) in paint(each=40).items()})


def written(url: str, files: dict[str, bytes]) -> Artefact:
    store = CountingStore(url)
    return publish(store, "patches", "set", files)


@pytest.mark.parametrize("gib", [1, 0])
def test_the_packed_pixels_are_those_of_the_files_in_the_order_asked_for(gib: float, patches: Artefact, tmp_path: Path):
    names = list(patches.manifest.files)[::-1]
    packed = pack(patches, names, Cache(gib, tmp_path / "packed"))
    decoded = [np.asarray(Image.open(io.BytesIO(patches.read(name)))) for name in names]
    np.testing.assert_array_equal(packed, np.stack(decoded))
    assert isinstance(packed, np.memmap) == bool(gib)
    with pytest.raises(ValueError, match="read-only"):
        packed[0] = 0


def test_the_second_use_reads_nothing_from_the_store_and_other_names_do(patches: Artefact, cache: Cache):
    names = list(patches.manifest.files)
    first = pack(patches, names, cache)
    patches.store.reads = 0
    np.testing.assert_array_equal(pack(patches, names, cache), first)
    assert patches.store.reads == 0
    np.testing.assert_array_equal(pack(patches, names[:3], cache), first[:3])
    assert patches.store.reads


def test_a_damaged_packed_file_is_packed_again(patches: Artefact, cache: Cache):
    names = list(patches.manifest.files)
    expected = np.array(pack(patches, names, cache))
    (path,) = cache.folder.iterdir()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.unlink()
    path.write_bytes(data)
    np.testing.assert_array_equal(pack(patches, names, cache), expected)


def test_patches_made_anew_are_packed_anew(patches: Artefact, cache: Cache, memory_url: str):
    names = list(patches.manifest.files)
    before = pack(patches, names, cache)
    anew = written(memory_url, {name: png(255 - pixels) for name, (_, pixels) in paint(each=40).items()})
    np.testing.assert_array_equal(pack(anew, names, cache), 255 - before)


def test_a_changed_patch_is_refused_by_name_and_nothing_is_kept(patches: Artefact, cache: Cache):
    names = list(patches.manifest.files)
    patches.store.put(f"patches/set/{names[7]}", patches.read(names[8]))
    with pytest.raises(DigestMismatch, match=names[7]):
        pack(patches, names, cache)
    assert list(cache.folder.iterdir()) == []


def test_a_patch_that_is_no_image_is_refused_by_name(memory_url: str, cache: Cache):
    good = png(np.zeros((8, 8, 3), np.uint8))
    patches = written(memory_url, {"a.png": good, "b.png": good[:-30], "c.png": good})
    with pytest.raises(DataError, match=r"patches/set/b\.png: .*accepted: a whole PNG"):
        pack(patches, list(patches.manifest.files), cache)
