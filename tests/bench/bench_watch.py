"""Watching a large grid: a refresh against reading every history again.

The report's size, on made-up records: 12,500 sessions in 50 shards, 936,000 session-epochs; half of the shards done,
the others half way. `watch_refresh`: time of reading and parsing every commit over that of a refresh. The store is a
folder; opening the grid, once, is timed beside it.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from typing import Any

from neurograde.pages.watch.reading import Watcher
from neurograde.specs.records import Commit
from neurograde.storage.artefact import parse_record
from neurograde.storage.store import Store
from tests.bench.bench_patch import entry
from tests.support.grids import commit_of, finish, grid_of, train

ROUNDS = 3
BACKBONES = [
    *("vgg11", "vgg13", "vgg16", "vgg19", "resnet18"),
    *("resnet34", "resnet50", "resnet101", "resnet152", "inception_v3"),
]
EPOCHS = 75


def watch_refresh() -> dict[str, Any]:
    """Seconds of every history over seconds of a refresh, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"file://{folder}")
        grid = _grid(store)
        start = time.perf_counter()
        watcher = Watcher(store, grid)
        view = watcher.refresh()
        opening = time.perf_counter() - start
        assert view.epochs_all == 50 * 250 * EPOCHS
        ratios, refreshes = [], []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            watcher.refresh()
            refreshes.append(time.perf_counter() - start)
            ratios.append(_every_history(store, grid.name) / refreshes[-1])
    refresh = statistics.median(refreshes)
    every = refresh * statistics.median(ratios)
    reference = f"reading every commit, {every:.1f} s; a refresh {refresh:.2f} s, opening {opening:.2f} s"
    return entry("watch_refresh", ratios, 20, "times quicker", reference)


def _grid(store: Store) -> Any:
    """50 shards of 250 sessions; of five commits one is made, the others are copies of it."""
    strategies = [{"kind": "straightforward"}, *({"kind": "extension", "non_linearities": k} for k in range(1, 5))]
    grid = grid_of(
        store,
        backbones=[{"name": name, "weights": "none"} for name in BACKBONES],
        strategies=strategies,
        learning_rates=[1e-5, 3e-5, 1e-4, 3e-4, 1e-3],
        batch_sizes=[8, 16, 32, 64, 128],
        repeats=10,
        epochs=EPOCHS,
    )
    for place, shard in enumerate(grid.shards):
        last = EPOCHS if place % 2 else EPOCHS // 2
        train(store, grid, place, 0)
        for epoch in range(last + 1):
            if epoch % 5 == 0 or epoch == last:
                data = commit_of(shard, epoch)
            copy = data.model_copy(update={"epoch": epoch})
            store.put(f"runs/{grid.name}/{shard.name}/commits/e{epoch:04d}.json", copy.encode())
        if place % 2:
            finish(store, grid, place)
    return grid


def _every_history(store: Store, name: str) -> float:
    start = time.perf_counter()
    keys = [key for key in store.list(f"runs/{name}") if "/commits/" in key]
    for key, data in zip(keys, store.get_many(keys), strict=True):
        parse_record(Commit, data, key)
    return time.perf_counter() - start


BENCHES = {"watch_refresh": watch_refresh}
