"""Everything that needs a GPU, prepared for one board and at most eight minutes: prints one JSON on stdout.

    make gpu-check                                    on the GPU of this machine
    python -m tests.bench.gpu_check --device cpu      a rehearsal: the same code, small sizes, no claim about any GPU

Each part runs in a process of its own (what one does to its process must not help the next), and one that fails or
comes too late is recorded beside the others. Figures belong into tests/bench/README.md and runtime/tables/rates.csv,
with the board's name and n.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from neurograde.runtime.cuda import driver_facts
from neurograde.runtime.machine import machine_facts
from tests.bench import gpu_bits, gpu_rows
from tests.bench.gpu_size import DRY, FULL, Size

ROOT = Path(__file__).parents[2]
CUBLAS = {
    "4096:8": {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"},
    "16:8": {"CUBLAS_WORKSPACE_CONFIG": ":16:8", "CUBLASLT_WORKSPACE_SIZE": "1"},
}
"""The two settings under which cuBLAS is deterministic; only tests tell whether results depend on company."""


def gpu_tests(_size: Size) -> dict[str, Any]:
    """Run the tests marked gpu, and return pytest's exit code and last line."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "tests/learning/test_gpu.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    return {"exit_code": done.returncode, "summary": done.stdout.strip().splitlines()[-1]}


def cublas(size: Size) -> dict[str, Any]:
    """Repeat the checks of bits and the deep heads under each setting of cuBLAS."""
    command = [sys.executable, "-m", "tests.bench.gpu_check", "--device", size.device, "--seconds", "100"]
    results = {}
    for name, setting in CUBLAS.items():
        parts = ["--only", "heads_bits", "--only", "gpu_grid_extension"]
        done = subprocess.run(
            [*command, *parts], capture_output=True, text=True, check=True, cwd=ROOT, env=os.environ | setting
        )
        results[name] = json.loads(done.stdout)["parts"]
    return results


PARTS: dict[str, Callable[[Size], Any]] = {
    "tests": gpu_tests,
    "heads_bits": gpu_bits.heads,
    "unfreezing_bits": gpu_bits.unfreezing,
    "convolution_bits": gpu_bits.convolutions,
    "gpu_trunk": gpu_rows.trunk,
    "gpu_grid_straightforward": gpu_rows.grid_straightforward,
    "gpu_grid_extension": gpu_rows.grid_extension,
    "gpu_unfreeze_vgg19_b8": gpu_rows.unfreeze_vgg19_b8,
    "gpu_unfreeze_vgg19_b32": gpu_rows.unfreeze_vgg19_b32,
    "cuda_graph": gpu_rows.cuda_graph,
    "cublas": cublas,
}
"""Every part by its name, the dearest last."""


def main(argv: list[str] | None = None) -> int:
    """Run the parts and print their results; return 1 if one failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gpu_check", description=__doc__)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--seconds", type=float, default=480.0, help="time for all parts (480)")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part alone; may be repeated")
    arguments = parser.parse_args(argv)
    size = FULL if arguments.device == "cuda" else DRY
    deadline = time.monotonic() + arguments.seconds
    parts = {name: run(PARTS[name], size, deadline) for name in arguments.only or PARTS}
    report = {
        "device": arguments.device,
        "rehearsal": size is DRY,
        "facts": str(driver_facts()),
        "machine": machine_facts().model_dump(mode="json"),
        "cublas_workspace": os.environ.get("CUBLAS_WORKSPACE_CONFIG", "as prepare_device sets it"),
        "parts": parts,
    }
    print(json.dumps(report, indent=2))
    return int(any("failed" in part for part in parts.values()))


def run(part: Callable[[Size], Any], size: Size, deadline: float) -> dict[str, Any]:
    """Return the result and the seconds of a part, or why there is none."""
    start = time.monotonic()
    if start >= deadline:
        return {"skipped": "the time for all parts was over"}
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        try:
            result = pool.submit(part, size).result(timeout=deadline - start)
        except TooLate:
            for process in (pool._processes or {}).values():
                process.kill()
            return {"skipped": "it took longer than the time for all parts"}
        except Exception as error:
            return {"failed": f"{type(error).__name__}: {error}"}
    return {"seconds": round(time.monotonic() - start, 1), "result": result}


if __name__ == "__main__":
    sys.exit(main())
