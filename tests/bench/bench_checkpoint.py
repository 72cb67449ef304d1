"""An epoch's time without checkpoints over that with them, on the HTTP server of Google's API that the tests use.

Both are driven by an attempt in rounds by turns, with the plain engine on noise at 96 px; epoch 0, which only
measures, is left out. The server runs in a process of its own on the same cores and takes part of them.
"""

from __future__ import annotations

import os
import statistics
import urllib.request
from collections.abc import Mapping
from functools import partial
from typing import Any
from unittest.mock import patch

from torch import Tensor

from neurograde.learning.engines.protocol import Engine
from neurograde.learning.run.attempt import Attempt
from neurograde.runtime.carbon import CarbonMeter
from neurograde.specs.records import Metrics
from neurograde.storage.journal import Journal
from neurograde.storage.store import Store
from tests.bench.bench_pack import timed
from tests.bench.bench_patch import entry
from tests.servers.fixtures import serve
from tests.support.material import engine, sessions_of, subsets, train_spec

ROUNDS = 3
EPOCHS = 4


class Quiet:
    """A journal that keeps nothing."""

    heartbeat_due = False
    folder = "quiet"

    def commit(self, *_arguments: object, **_facts: object) -> bool:
        return True

    def prune(self, keep_last: int) -> None:
        pass


class Stateless:
    """An engine without a state to encode."""

    def __init__(self, inner: Engine) -> None:
        self.inner = inner

    @property
    def diverged(self) -> Mapping[str, int]:
        return self.inner.diverged

    def run_epoch(self, epoch: int) -> dict[str, Metrics]:
        return self.inner.run_epoch(epoch)

    def state(self) -> dict[str, Tensor]:
        return {}


def checkpoint_overhead(
    name: str, backbone: str, strategy: dict[str, Any], size_px: int, **grid: Any
) -> dict[str, Any]:
    """Seconds of an epoch without checkpoints over those with them."""
    spec = train_spec(backbone, strategy, epochs=EPOCHS, input_size_px=size_px, **grid)
    data = subsets(each=40, size_px=size_px)
    ratios, seconds, size = [], [], 0
    with serve("gcs") as address, patch.dict(os.environ, {"STORAGE_EMULATOR_HOST": address}):
        urllib.request.urlopen(f"{address}/_buckets/bench", data=b"", timeout=10).close()
        for number in range(ROUNDS):
            without = _epochs(Stateless(engine(spec, data=data)), spec, Quiet())
            journal = Journal(Store(f"gs://bench/{number}"), "runs/grid/shard")
            journal.claim()
            with_them = _epochs(engine(spec, data=data), spec, journal)
            size = journal.commits()[-1].size
            ratios.append(without / with_them)
            seconds.append(with_them)
    epoch = statistics.median(seconds)
    return entry(name, ratios, 0.8, "of the speed", f"without checkpoints, {epoch:.2f} s an epoch with them") | {
        "checkpoint_mb": round(size / 1e6, 2),
        "seconds": round(epoch, 3),
    }


def _epochs(trained: Any, spec: Any, journal: Any) -> float:
    """Seconds of an epoch from 1 on."""
    attempt = Attempt(journal, sessions_of(spec), CarbonMeter("FRA"))
    attempt.epoch = attempt._begun = 1
    trained.run_epoch(0)
    took, _ = timed(lambda: attempt.train(trained, 2, 1))
    return took / EPOCHS


BENCHES = {
    "checkpoint_overhead_linear": partial(
        checkpoint_overhead,
        "checkpoint_overhead_linear",
        "squeezenet1_1",
        {"kind": "straightforward"},
        96,
        repeats=5,
    ),
    "checkpoint_overhead_unfreezing": partial(
        checkpoint_overhead,
        "checkpoint_overhead_unfreezing",
        "mobilenet_v2",
        {"kind": "unfreezing", "layers": 6},
        96,
    ),
}
"""By the name that `make bench ONLY=` takes."""
