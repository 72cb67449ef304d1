"""The benchmarks: `python -m tests.bench [NAME]` prints a table and writes bench.json.

Each file bench_*.py has `BENCHES`: by name, a function that measures one figure against its reference in the same
call and returns name, ratio, target, reference, n, median, min, max and unit. Machine and versions are added here.
"""

from __future__ import annotations

import importlib
import json
import sys
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from neurograde.runtime.machine import machine_facts
from tests.bench.images import NotMeasured

FOLDER = Path(__file__).parent
RESULT = Path("bench.json")


def benchmarks() -> dict[str, Callable[[], dict[str, Any]]]:
    """Return the function of each benchmark by its name."""
    modules = [importlib.import_module(f"tests.bench.{path.stem}") for path in sorted(FOLDER.glob("bench_*.py"))]
    return {name: measure for module in modules for name, measure in module.BENCHES.items()}


def main(only: str | None) -> int:
    """Run every benchmark, or the one named `only`; return the exit code."""
    benches = benchmarks()
    if only is not None and only not in benches:
        sys.stderr.write(f"no benchmark is called {only!r}; there are {', '.join(benches)}\n")
        return 64
    return run({name: measure for name, measure in benches.items() if only in (None, name)}, RESULT)


def run(benches: Mapping[str, Callable[[], dict[str, Any]]], result: Path) -> int:
    """Run the benchmarks, each in a fresh process, and keep their entries in `result` beside those of others.

    One that fails, or lacks its images, does not keep the next from running. Returns 1 if one has failed, else 0.
    """
    machine = machine_facts().model_dump(mode="json")
    versions = machine.pop("software")
    failed, entries = [], []
    for name, measure in benches.items():
        # What a benchmark does to its process must not help the reference of the next.
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            try:
                entry = pool.submit(measure).result()
            except NotMeasured as reason:
                sys.stderr.write(f"{name}: not measured: {reason}\n")
                continue
            except Exception:
                traceback.print_exc()
                failed.append(name)
                continue
        entries.append(entry | {"machine": machine, "versions": versions})
        kept = json.loads(result.read_text()) if result.exists() else []
        kept = [row for row in kept if row["name"] != entry["name"]]
        result.write_text(json.dumps([*kept, entries[-1]], indent=2) + "\n")
    Console().print(table(entries))
    if failed:
        sys.stderr.write(f"failed: {', '.join(failed)}\n")
    return 1 if failed else 0


def table(entries: list[dict[str, Any]]) -> Table:
    """The entries as people read them."""
    shown = Table(Column("figure", no_wrap=True), "ratio", "target", "against", "n", "median", "range")
    for each in entries:
        ratio = f"[{'green' if each['ratio'] >= each['target'] else 'red'}]{each['ratio']:.2f}[/]"
        values = (f"{each['median']:.4g} {each['unit']}", f"{each['min']:.4g} to {each['max']:.4g}")
        shown.add_row(each["name"], ratio, f"{each['target']:g}", each["reference"], str(each["n"]), *values)
    return shown


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else None))
