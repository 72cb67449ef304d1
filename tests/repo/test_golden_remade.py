"""Today's code makes the golden chain again, from images to data set, and gets the artefacts of version 0.1.0.

Reading old artefacts is not enough: a change that alters a pixel, a subset or a digest would make every store that
exists a mixture of two versions. Each job is run on the golden artefact that it reads, so that a difference shows at
the job that makes it; then the whole chain is run from nothing.

Two things on a machine may change bytes although the code is the same, and neither may hide a change of ours:

- zlib. A PNG's digest covers the compressed bytes, and zlib-ng compresses otherwise than zlib. So files are compared
  after decompression everywhere, and digests of artefacts where Python has plain zlib.
- Vector instructions. Without AVX2, numpy rounds exponentials otherwise in the last bit, and single pixels of a
  synthesised image differ by one. So images are equal to the bit with AVX2 (every x86 processor since 2015), within
  one level of brightness elsewhere. All that follows from the images is whole numbers or double precision sums in a
  fixed order, the same on every machine.
"""

from __future__ import annotations

import importlib
import json
import shutil
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy._core._multiarray_umath import __cpu_features__

from neurograde.patches.png import decode_png
from neurograde.specs.records import Manifest
from neurograde.storage.artefact import decode_csv, read_manifest
from neurograde.storage.store import Store

GOLDEN = Path(__file__).parents[1] / "golden"
CHAIN = {"synthesise": "images", "patch": "patches", "partition": "partitions", "augment": "datasets"}
PLAIN_ZLIB = "ng" not in zlib.ZLIB_RUNTIME_VERSION
SAME_ROUNDING = bool(__cpu_features__.get("X86_V3"))  # AVX2 and FMA, and numpy uses them


@pytest.fixture(scope="module")
def then() -> Store:
    return Store(f"file://{GOLDEN}/store")


def run(job: str, store: Store) -> None:
    entry = getattr(importlib.import_module(f"jobs.{job}"), job)
    assert entry.main([str(GOLDEN / f"{job}.yaml"), "--store", store.url]) == 0


def manifest_of(store: Store, kind: str) -> Manifest:
    manifest = read_manifest(store, f"{kind}/golden")
    assert manifest is not None
    return manifest


def identity(manifest: Manifest) -> dict[str, object]:
    """Return all that makes the digest of an artefact but its files."""
    return manifest.model_dump(include={"kind", "spec_digest", "marks"}) | {
        "inputs": [(record.kind, record.digest) for record in manifest.inputs],
        "raw": [(record.path, record.size, record.sha256) for record in manifest.raw],
    }


def content(data: bytes) -> object:
    """Return a file's bytes, those of a PNG decompressed: its chunks, and its filtered rows of pixels."""
    return dict(decompressed(data)) if data.startswith(b"\x89PNG") else data


def decompressed(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 8
    while position < len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        body = data[position + 8 : position + 8 + size]
        yield kind, zlib.decompress(body) if kind == b"IDAT" else body
        position += size + 12


@pytest.mark.parametrize("job", ["patch", "partition", "augment"])
def test_a_job_makes_the_golden_artefact_again_from_the_golden_one_that_it_reads(job: str, then: Store, tmp_path: Path):
    shutil.copytree(GOLDEN / "store", tmp_path / "store")
    now, kind = Store(f"file://{tmp_path}/store"), CHAIN[job]
    now.clear(f"{kind}/golden")
    run(job, now)
    made, golden = manifest_of(now, kind), manifest_of(then, kind)
    assert identity(made) == identity(golden)
    assert list(made.files) == list(golden.files)
    changed = [
        path
        for path in golden.files
        if content(now.get(f"{kind}/golden/{path}")) != content(then.get(f"{kind}/golden/{path}"))
    ]
    assert changed == [], f"{job} writes other content than version 0.1.0 under the same spec: see REVISION of a job"


def moved(old: object, new: object, where: str = "") -> list[str]:
    """Return the places in JSON where keys of `old` are gone or in another order in `new`, which may have more."""
    if isinstance(old, list) and isinstance(new, list):
        return [path for pair in zip(old, new, strict=True) for path in moved(*pair, f"{where}[]")]
    if not isinstance(old, dict) or not isinstance(new, dict):
        return [] if isinstance(old, dict) == isinstance(new, dict) else [where]
    kept = [key for key in new if key in old]
    inner = [path for key in kept for path in moved(old[key], new[key], f"{where}.{key}")]
    return inner if kept == list(old) else [where, *inner]


def test_the_golden_run_is_evaluated_again_into_files_with_the_keys_and_columns_of_then(then: Store, tmp_path: Path):
    shutil.copytree(GOLDEN / "store", tmp_path / "store")
    now = Store(f"file://{tmp_path}/store")
    for folder in ("evaluations", "ledgers"):
        now.clear(folder)
    run("evaluate", now)
    made, golden = manifest_of(now, "evaluations"), manifest_of(then, "evaluations")
    assert identity(made) == identity(golden)
    assert list(made.files) == list(golden.files)
    new, old = (store.get("evaluations/golden/metrics.json") for store in (now, then))
    assert moved(json.loads(old), json.loads(new)) == []
    new, old = (store.get("evaluations/golden/predictions.csv") for store in (now, then))
    assert new.splitlines()[0] == old.splitlines()[0]
    rows, old_rows = decode_csv(new), decode_csv(old)
    numbers = ("p_PD", "p_D")
    for row, old_row in zip(rows, old_rows, strict=True):
        np.testing.assert_allclose(
            *([float(table.pop(name)) for name in numbers] for table in (row, old_row)), atol=1e-5
        )
    assert rows == old_rows


def test_a_key_that_is_lost_or_moved_is_seen_and_a_new_one_may_be_there():
    assert moved({"a": 1, "b": [{"c": 1, "d": 2}]}, {"a": 3, "n": 1, "b": [{"c": 1, "d": 2, "n": 2}]}) == []
    assert moved({"a": 1, "b": 2}, {"b": 2, "a": 1}) == [""]
    assert moved({"a": {"b": [{"c": 1}]}}, {"a": {"b": [{}]}}) == [".a.b[]"]


def test_the_golden_images_are_painted_again(then: Store, memory_url: str):
    now = Store(memory_url)
    run("synthesise", now)
    made, golden = manifest_of(now, "images"), manifest_of(then, "images")
    assert identity(made) == identity(golden)
    assert list(made.files) == list(golden.files)
    for path in golden.files:
        new, old = now.get(f"images/golden/{path}"), then.get(f"images/golden/{path}")
        if path.endswith(".png"):
            difference = decode_png(new).astype(int) - decode_png(old)
            assert np.abs(difference).max() <= (0 if SAME_ROUNDING else 1), path
        else:
            assert new == old, path


@pytest.mark.skipif(not PLAIN_ZLIB, reason="zlib-ng compresses the same pixels to other bytes, and so to other digests")
@pytest.mark.skipif(not SAME_ROUNDING, reason="without AVX2 single pixels of a synthesised image are rounded otherwise")
def test_the_golden_chain_made_from_nothing_has_the_digests_of_then(then: Store, memory_url: str):
    now = Store(memory_url)
    for job, kind in CHAIN.items():
        run(job, now)
        made, golden = manifest_of(now, kind), manifest_of(then, kind)
        assert {path: record.sha256 for path, record in made.files.items()} == {
            path: record.sha256 for path, record in golden.files.items()
        }
        assert made.digest == golden.digest


def test_the_comparison_sees_a_pixel_that_changed():
    from neurograde.patches.png import encode_png

    pixels = np.full((16, 16, 3), 7, np.uint8)
    other = pixels.copy()
    other[3, 5, 1] = 8
    assert content(encode_png(pixels)) == content(encode_png(pixels.copy()))
    assert content(encode_png(pixels)) != content(encode_png(other))
