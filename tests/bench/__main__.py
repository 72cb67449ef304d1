"""The benchmarks: `python -m tests.bench [NAME]` prints a table and writes bench.json.

Each file bench_*.py has `entries() -> list[dict]`, one dict a figure: name, ratio, target, reference, n, median, min,
max and unit, the reference measured in the same call. Machine and versions are added here.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from neurograde.runtime.machine import machine_facts

FOLDER = Path(__file__).parent
RESULT = Path("bench.json")


def main(only: str | None) -> int:
    """Run every benchmark, or those of the file or entry named `only`."""
    found: list[dict[str, Any]] = []
    for path in sorted(FOLDER.glob("bench_*.py")):
        module = importlib.import_module(f"tests.bench.{path.stem}")
        if only is None or only == path.stem.removeprefix("bench_") or only in getattr(module, "NAMES", ()):
            found += (
                module.entries() if only is None else [each for each in module.entries() if matches(each, path, only)]
            )
    if not found:
        sys.stderr.write(f"no benchmark is called {only!r}\n")
        return 64
    machine = machine_facts().model_dump(mode="json")
    versions = machine.pop("software")
    for entry in found:
        entry |= {"machine": machine, "versions": versions}
    RESULT.write_text(json.dumps(found, indent=2) + "\n")
    Console().print(table(found))
    return 0


def matches(entry: dict[str, Any], path: Path, only: str) -> bool:
    """Whether the entry was asked for, by its own name or its file's."""
    return only in (entry["name"], path.stem.removeprefix("bench_"))


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
