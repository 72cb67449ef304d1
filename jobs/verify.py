"""verify: check a store: every file against its digest, every artefact against what it was made from.

    python -m jobs.verify STORE_URL [--specs specs/demo] [--json]

Reads   every record and every file that a record names
Prints  what is broken, unfinished, named by nothing or made by an earlier revision, and the commands that mend it
Exits   65 if anything is broken, else 0
"""

from __future__ import annotations

import json
import sys
from argparse import Namespace

from neurograde.errors import DataError
from neurograde.runtime.command import Parser, command
from neurograde.runtime.findings import as_json, lines, show
from neurograde.runtime.verification import open_store, spec_sources, verify_store


def declare(parser: Parser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("store", metavar="STORE_URL", help="any fsspec URL, or a local path")
    parser.add_argument("--specs", metavar="FOLDER", help="folder of specs, to be named in the commands")
    parser.add_argument("--json", action="store_true", help="print one JSON object, with every key")


@command(declare)
def verify(arguments: Namespace) -> int:
    """Check every record and every byte of the store, and print what is wrong with it."""
    specs = spec_sources(arguments.specs) if arguments.specs else {}
    survey = verify_store(open_store(arguments.store))
    result = as_json(survey, specs)
    if arguments.json:
        print(json.dumps(result, indent=2))
    elif sys.stdout.isatty():
        show(result)
    else:
        print("\n".join(lines(result)))
    return DataError.exit_code if survey.broken else 0


if __name__ == "__main__":
    sys.exit(verify.main())
