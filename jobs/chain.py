"""chain: run a folder's specs in the order of the chain, skipping what is up to date.

    python -m jobs.chain specs/demo [--store URL] [--replace]

Reads   every *.yaml of the folder that names a job; a job runs after the jobs whose artefacts it reads
Writes  what the jobs write
Exits   0, or with the exit code of the first job that fails
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from neurograde.errors import UsageError
from neurograde.runtime import invocation
from neurograde.runtime.command import Parser, command
from neurograde.runtime.log import log
from neurograde.runtime.specfile import job_of, read_yaml, spec_files
from neurograde.specs.catalogue import BY_NAME, chain_order


def declare(parser: Parser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("folder", metavar="FOLDER", help="folder of YAML specs")
    parser.add_argument("--store", metavar="URL", help="use this store instead of the specs'")
    parser.add_argument("--replace", action="store_true", help="replace artefacts of the same names")


@command(declare)
def chain(arguments: argparse.Namespace) -> int:
    """Run the jobs of the folder, one after the other."""
    steps = specs_in_order(Path(arguments.folder))
    store = ["--store", arguments.store] if arguments.store else []
    for number, (job, path) in enumerate(steps, start=1):
        log.info(f"{number} of {len(steps)}: {job} {path}")
        # In this process: torch is imported once, and a memory:// store lives on from job to job.
        replace = ["--replace"] if arguments.replace and not BY_NAME[job].is_ahead else []  # train checks its features
        code: int = invocation.load(job).main([str(path), *store, *replace])
        if code:
            return code
    return 0


def specs_in_order(folder: Path) -> list[tuple[str, Path]]:
    """Return the job and path of every step in `folder`, upstream first; files without `job` are bases to extend.

    A train spec is two steps: its frozen features, then its sessions.
    """
    order = chain_order()
    specs = [(job_of(read_yaml(str(path)), path), path) for path in spec_files(folder)]
    for job, path in specs:
        if job is not None and (job not in BY_NAME or BY_NAME[job].is_ahead):
            raise UsageError(f"{path}: job: {job!r} is not in the chain; accepted: {', '.join(order)}")
    steps = [(job, path) for job, path in specs if job in order]
    if not steps:
        raise UsageError(f"{folder}: no specs (*.yaml files with a job) in this folder")
    ordered = sorted(steps, key=lambda step: order.index(step[0]))
    return [(job, path) for step, path in ordered for job in (("features", step) if step == "train" else (step,))]


if __name__ == "__main__":
    sys.exit(chain.main())
