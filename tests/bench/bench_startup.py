"""A pod that finds its work done, against the import alone of what it would have worked with.

`startup_done`: time of `python -c 'import torch, torchvision'` over that of `python -m jobs.train SPEC` where the grid
is finished; both in processes of their own, in turns.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from neurograde.storage.store import Store
from tests.bench.bench_patch import entry
from tests.support.material import train_spec, write_dataset

ROUNDS = 7


def startup_done() -> dict[str, Any]:
    """Seconds of the imports over seconds of a finished train job run again, as a pod runs it."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"file://{folder}/store")
        write_dataset(store)
        spec = train_spec("leaknet", epochs=1).model_dump(mode="json") | {"store": store.url}
        path = Path(folder, "train.yaml")
        path.write_text(json.dumps(spec))
        job, imports = (
            [sys.executable, "-m", "jobs.train", str(path)],
            [sys.executable, "-c", "import torch, torchvision"],
        )
        _seconds(job)
        rounds = [(_seconds(imports), _seconds(job)) for _ in range(ROUNDS)]
    ratios = [imported / done for imported, done in rounds]
    imported, done = (statistics.median(each) for each in zip(*rounds, strict=True))
    reference = f"importing torch and torchvision, {imported:.2f} s; the finished job {done:.2f} s"
    return entry("startup_done", ratios, 3.0, "times faster", reference)


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "JOB_COMPLETION_INDEX": "0"})
    return time.perf_counter() - start


BENCHES = {"startup_done": startup_done}
