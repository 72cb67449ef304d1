"""chain: run a folder's specs in the order of the chain, skipping what is up to date.

    python -m jobs.chain specs/demo [--store URL] [--replace]

Reads   every *.yaml of the folder that names a job; a job runs after the jobs whose artefacts it reads
Writes  what the jobs write
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from neurograde.errors import NeurogradeError, UsageError
from neurograde.runtime.job import Parser
from neurograde.runtime.log import log, set_up
from neurograde.runtime.specfile import read_yaml
from neurograde.specs.catalogue import BY_NAME, chain_order


def main(argv: Sequence[str] | None = None) -> int:
    """Run the chain; returns the exit code of the first job that fails, or 0."""
    parser = Parser(prog="python -m jobs.chain", description="Run a folder's specs in order.")
    parser.add_argument("folder", metavar="FOLDER", help="folder of YAML specs")
    parser.add_argument("--store", metavar="URL", help="use this store instead of the specs'")
    parser.add_argument("--replace", action="store_true", help="replace artefacts of the same names")
    set_up("chain")
    try:
        arguments = parser.parse_args(argv)
        steps = specs_in_order(Path(arguments.folder))
    except NeurogradeError as error:
        log.error(str(error))
        return error.exit_code
    options = [*(["--store", arguments.store] if arguments.store else []), *(["--replace"] * arguments.replace)]
    for number, (job, path) in enumerate(steps, start=1):
        log.info(f"{number} of {len(steps)}: {job} {path}")
        # In this process: torch is imported once, and a memory:// store lives on from job to job.
        entry = getattr(importlib.import_module(f"jobs.{job}"), job)
        code: int = entry.main([str(path), *options])
        if code:
            return code
    return 0


def specs_in_order(folder: Path) -> list[tuple[str, Path]]:
    """The job and path of every spec in `folder`, upstream first; files without `job` are bases to extend."""
    found = [(read_yaml(str(path)).get("job"), path) for path in sorted(folder.glob("*.yaml"))]
    order = chain_order()
    for job, path in found:
        if job is not None and (job not in BY_NAME or BY_NAME[job].is_ahead):
            raise UsageError(f"{path}: job: {job!r} is not in the chain; accepted: {', '.join(order)}")
    steps = [(job, path) for job, path in found if job in order]
    if not steps:
        raise UsageError(f"{folder}: no specs (*.yaml files with a job) in this folder")
    return sorted(steps, key=lambda step: order.index(step[0]))


if __name__ == "__main__":
    sys.exit(main())
