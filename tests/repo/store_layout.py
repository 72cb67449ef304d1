"""What lies where in a store, from the cards of the jobs: the generated part of lib/neurograde/storage/README.md."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from neurograde.specs.catalogue import JOBS, JobEntry

ROOT = Path(__file__).parents[2]
CARD = re.compile(r"^Writes  (.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


def layout() -> str:
    """Return a part per job, in the order of the chain: what its card says that it writes."""
    parts = []
    for entry in JOBS:
        parts += [f"\n**`{entry.name}`**\n", "```text", written_by(entry), "```"]
    return "\n".join(parts).strip("\n")


def written_by(entry: JobEntry) -> str:
    """Return the lines of the card below `Writes`; ValueError if it has none."""
    card = ast.get_docstring(ast.parse((ROOT / "jobs" / f"{entry.name}.py").read_text())) or ""
    match = CARD.search(card)
    if match is None:
        raise ValueError(f"jobs/{entry.name}.py: its card does not say what it writes")
    lines = match[1].strip("\n").splitlines()
    return "\n".join(line.removeprefix(" " * 8).rstrip() for line in lines).rstrip()
