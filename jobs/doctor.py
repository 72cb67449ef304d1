"""doctor: examine this machine: versions, processor, memory, GPU with its driver, browser, and a store if one is named.

    python -m jobs.doctor [--store gs://your-bucket/study]

Prints  one line per fact
Exits   0, or with the exit code that a job would end with: 78 for a GPU that torch cannot use, 69 or 77 for the store
"""

from __future__ import annotations

import sys
from argparse import Namespace

from neurograde.runtime.command import Parser, command
from neurograde.runtime.doctor import examine
from neurograde.runtime.log import log


def declare(parser: Parser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--store", metavar="URL", help="also write, read and delete an object of this store")


@command(declare)
def doctor(arguments: Namespace) -> int | None:
    """Print the facts, and the problems to stderr."""
    code = None
    for answer in examine(arguments.store):
        print(f"{answer.subject:12}{answer.value}")
        if answer.problem is not None:
            log.error(str(answer.problem))
            code = code or answer.problem.exit_code
    return code


if __name__ == "__main__":
    sys.exit(doctor.main())
