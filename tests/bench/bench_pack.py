"""Packing the patches of real images, against reading them one by one and decoding them again in every epoch.

`pack_transfer` reads from the HTTP server of Google's API that the tests use, in a process of its own, each answer
50 ms late as those of a real store are; without that delay client and server only wait for the same two cores, and
nothing is gained. The reference reads a fifth of the patches, and its time is taken five times. `packed_epoch` is the
uint8 batches of one epoch from the mapped array, over decoding PNG files that are in memory already. Pixels are equal.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from neurograde.imaging.cut import cut_many
from neurograde.patches.packed import pack
from neurograde.runtime.cache import Cache
from neurograde.storage.artefact import Artefact
from neurograde.storage.store import Store
from tests.bench.bench_patch import cut_job, entry
from tests.bench.images import tiles
from tests.support.artefacts import publish

ROUNDS = 3
FIFTH = 5
BATCH = 32
LATENCY_SECONDS = 0.05


def pack_transfer() -> dict[str, Any]:
    """Seconds of reading and decoding the patches one by one over those from the store to a ready array."""
    files = real_patches()
    names = sorted(files)
    ratios, seconds = [], []
    with late_server() as url, tempfile.TemporaryDirectory() as folder:
        artefact = stored(url, files)
        for number in range(ROUNDS):
            took, some = timed(lambda: np.stack([decoded(artefact.read(name)) for name in names[::FIFTH]]))
            ours, packed = timed(partial(pack, artefact, names, Cache(2, Path(folder, str(number)))))
            assert np.array_equal(packed[::FIFTH], some)
            ratios.append(took * len(names) / len(some) / ours)
            seconds.append(ours)
    reference = f"{len(names):,} patches one by one, {statistics.median(ratios) * statistics.median(seconds):.0f} s"
    return entry("pack_transfer", ratios, 5.0, "times as fast", reference) | {
        "patches": len(names),
        "seconds": round(statistics.median(seconds), 2),
        "latency_s": LATENCY_SECONDS,
    }


def packed_epoch() -> dict[str, Any]:
    """Seconds of decoding every patch, batch by batch in a shuffled order, over those of taking them as packed."""
    files = real_patches()
    names = sorted(files)
    ratios, seconds = [], []

    def decode(batch: NDArray[np.intp]) -> NDArray[np.uint8]:
        return np.stack([decoded(files[names[each]]) for each in batch])

    with tempfile.TemporaryDirectory() as folder:
        artefact, cache = stored(f"file://{folder}/store", files), Cache(2, Path(folder, "cache"))
        pack(artefact, names, cache)
        packed = pack(artefact, names, cache)
        for number in range(ROUNDS):
            order = np.random.default_rng(number).permutation(len(names))
            batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
            took, expected = timed(lambda batches=batches: [decode(batch) for batch in batches])
            ours, found = timed(lambda batches=batches: [packed[batch] for batch in batches])
            assert all(map(np.array_equal, found, expected))
            ratios.append(took / ours)
            seconds.append(ours)
    reference = f"decoding, {statistics.median(ratios) * statistics.median(seconds):.2f} s an epoch"
    return entry("packed_epoch", ratios, 10.0, "times as fast", reference) | {
        "patches": len(names),
        "seconds": round(statistics.median(seconds), 3),
    }


def real_patches() -> dict[str, bytes]:
    """Return the patches of the real images, as the patch job writes them."""
    images = cut_many((cut_job(path.stem, path.read_bytes) for path in tiles()), 2)
    return {f"{image.name}_{patch.x}_{patch.y}.png": patch.png for image in images for patch in image.patches}


def stored(url: str, files: Mapping[str, bytes]) -> Artefact:
    """The patches as an artefact."""
    return publish(Store(url), "patches", "set", files, job="patch")


@contextmanager
def late_server() -> Iterator[str]:
    """A store on a server whose answers take as long as those of a real one; its URL."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(theirs,), daemon=True)
    server.start()
    try:
        address = f"http://127.0.0.1:{ours.recv()}"
        with patch.dict(os.environ, {"STORAGE_EMULATOR_HOST": address}):
            urllib.request.urlopen(f"{address}/_buckets/bench", data=b"", timeout=10).close()
            yield "gs://bench/store"
    finally:
        server.kill()
        server.join()


def _serve(port: Connection) -> None:
    from tests.servers.front import Answer, Front
    from tests.servers.gcs import Google

    class LateGoogle(Google):
        def carry_out(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
            time.sleep(LATENCY_SECONDS)
            return super().carry_out(method, target, headers, body)

    front = Front(LateGoogle())
    port.send(front.server_port)
    front.serve_forever()


def decoded(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


BENCHES = {"pack_transfer": pack_transfer, "packed_epoch": packed_epoch}
"""By the name that `make bench ONLY=` takes."""
