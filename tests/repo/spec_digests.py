"""The table of spec digests, `tests/golden/spec_digests.txt`: `python -m tests.repo.spec_digests` adds missing rows.

A row is the first 16 digits of a spec's digest, then what names the spec: folder, job and name of an example, so that
a study may move from many files into one and keep its rows; `variants` and a name for those of
`tests/golden/variants.yaml`. The command adds a row for each new spec. It never changes or removes one.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

from neurograde.runtime.spec_folder import specs_of
from neurograde.runtime.specfile import read_yaml, validate
from neurograde.specs.base import JobSpec

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "tests" / "golden" / "spec_digests.txt"
VARIANTS = ROOT / "tests" / "golden" / "variants.yaml"
DIGITS = 16
COMMON = {"format": 1, "store": "memory://store", "region": "FRA"}


def specs() -> dict[str, JobSpec]:
    """Return every example spec and every variant, by what its row names; ValueError for two of one name."""
    named = {}
    for key, spec in (*examples(), *variants()):
        if key in named:
            raise ValueError(f"two specs are {key!r}: give one of them another name")
        named[key] = spec
    return named


def examples() -> Iterator[tuple[str, JobSpec]]:
    """Yield the specs of `specs/`, with what they extend."""
    for folder in sorted({path.parent for path in ROOT.glob("specs/*/*.yaml")}):
        for source, data in specs_of(folder).items():
            spec = parsed(data, source)
            yield f"{folder.name} {spec.job} {spec.name}", spec


def variants() -> Iterator[tuple[str, JobSpec]]:
    """Yield the specs of `variants.yaml`."""
    data = read_yaml(str(VARIANTS))
    for name, own in data["variants"].items():
        spec = parsed({**COMMON, "name": name, **data["base"][own["job"]], **own}, f"{VARIANTS}: {name}")
        yield f"variants {spec.job} {name}", spec


def parsed(data: dict[str, object], where: str) -> JobSpec:
    """Return the spec in `data`, of the model of its job."""
    entry = getattr(importlib.import_module(f"jobs.{data['job']}"), str(data["job"]))
    spec: JobSpec = validate(entry.model, data, where)
    return spec


def pinned() -> dict[str, str]:
    """Return the table: digest by what the row names."""
    rows = TABLE.read_text().splitlines() if TABLE.exists() else []
    return {key: digest for digest, _, key in (row.partition("  ") for row in rows)}


def add_missing() -> list[str]:
    """Add a row for each spec that has none; return what the new rows name."""
    table = pinned()
    new = {key: spec.digest()[:DIGITS] for key, spec in specs().items() if key not in table}
    TABLE.write_text("".join(f"{digest}  {key}\n" for key, digest in sorted({**table, **new}.items())))
    return list(new)


if __name__ == "__main__":
    sys.stdout.write("".join(f"added {key}\n" for key in add_missing()) or "every spec has its row\n")
