"""chain: run a folder's specs in the order of the chain, skipping what is up to date.

    python -m jobs.chain specs/demo [--store URL] [--replace] [--dry-run]
    python -m jobs.chain specs/leak --expand [--into FOLDER]     print the specs that its study.yaml makes

First all specs are checked, with the names, classes, files, weights and stores that they name: every mistake is listed
before the first job runs. A predict spec is left out while its images do not exist.

Reads   every spec of the folder: *.yaml files that name a job, and those of its study.yaml; a job runs after the jobs
        whose artefacts it reads
Writes  what the jobs write; with --expand --into, a file per spec
Prints  at the end the results, the address of each page, and what to do next
Exits   0, or with the exit code of the first mistake, or of the first job that fails
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from neurograde.errors import UsageError
from neurograde.runtime import invocation
from neurograde.runtime.chain_check import check_chain
from neurograde.runtime.command import Parser, command
from neurograde.runtime.dry_run import results_only
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.runtime.spec_folder import print_specs, write_specs
from neurograde.runtime.specfile import load, validate
from neurograde.specs.catalogue import BY_NAME
from neurograde.specs.report import ReportSpec
from neurograde.specs.train import Backbone
from neurograde.storage.store import Store


def declare(parser: Parser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("folder", metavar="FOLDER", help="folder of YAML specs, or a study.yaml")
    parser.add_argument("--store", metavar="URL", help="use this store instead of the specs'")
    parser.add_argument("--replace", action="store_true", help="replace artefacts of the same names")
    parser.add_argument("--dry-run", action="store_true", help="check all, print what would be made, and run nothing")
    parser.add_argument("--expand", action="store_true", help="print the specs, and run nothing")
    parser.add_argument("--into", metavar="FOLDER", type=Path, help="with --expand: write them here, a file each")


@command(declare)
def chain(arguments: argparse.Namespace) -> int:
    """Run the jobs of the folder, one after the other."""
    if arguments.into and not arguments.expand:
        raise UsageError("--into: only with --expand")
    if arguments.expand:
        write_specs(arguments.folder, arguments.into) if arguments.into else print_specs(arguments.folder)
        return 0
    checked = check_chain(arguments.folder, arguments.store, check_backbone, replace=arguments.replace)
    for note in checked.notes:
        log.info(note)
    store = ["--store", arguments.store] if arguments.store else []
    began = time.monotonic()
    for number, (job, source) in enumerate(checked.steps, start=1):
        log.info(f"{number} of {len(checked.steps)}: {job} {source}")
        if arguments.dry_run:
            print_outline(job, source, arguments.store)
            continue
        # In this process: torch is imported once, and a memory:// store lives on from job to job.
        replace = ["--replace"] if arguments.replace and not BY_NAME[job].is_ahead else []  # train checks its features
        code: int = invocation.load(job).main([source, *store, *replace])
        if code:
            return code
    from neurograde.reports.summary import summary

    sources = [source for job, source in checked.steps if job == "report"]
    reports = [validate(ReportSpec, load(source, store=arguments.store), source) for source in sources]
    print(*summary(arguments.folder, len(checked.steps), time.monotonic() - began, reports), sep="\n")
    return 0


def print_outline(job: str, source: str, store: str | None) -> None:
    """Print what a step would make and skip."""
    spec = validate(BY_NAME[job].spec, load(source, store=store), source)
    for line in results_only(job, Job(spec, Store(spec.store), source)):
        print(f"  {line}")


def check_backbone(backbone: Backbone) -> None:
    """Raise SpecError if the network has no weights of the name; only torch knows them."""
    from neurograde.learning.networks.weights import check_source

    check_source(backbone)


if __name__ == "__main__":
    sys.exit(chain.main())
