"""verify: see whether a store is whole, from the digests of its files to the chain of what was made from what.

    python -m jobs.verify STORE_URL [--specs specs/demo] [--json]

Reads   every record and every file that a record names
Prints  what is broken, unfinished, named by nothing or made by an earlier revision, and the commands that mend it
Exits   65 if anything is broken, else 0
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from neurograde.errors import DataError, MissingUpstream, SpecError, UsageError
from neurograde.runtime import invocation
from neurograde.runtime.command import Parser, command
from neurograde.runtime.findings import as_json, lines, show
from neurograde.runtime.progress import progress
from neurograde.runtime.specfile import read_yaml
from neurograde.storage.store import Store
from neurograde.storage.survey import Survey, survey
from neurograde.storage.verify import check_records


def declare(parser: Parser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("store", metavar="STORE_URL", help="any fsspec URL, or a local path")
    parser.add_argument("--specs", metavar="FOLDER", help="folder of specs, to be named in the commands")
    parser.add_argument("--json", action="store_true", help="print one JSON object, with every key")


@command(declare)
def verify(arguments: argparse.Namespace) -> int:
    """Survey the store, check it, and print what is wrong with it."""
    specs = spec_paths(arguments.specs) if arguments.specs else {}
    found = verified(opened(arguments.store))
    result = as_json(found, specs)
    if arguments.json:
        print(json.dumps(result, indent=2, ensure_ascii=False))
    elif sys.stdout.isatty():
        show(result)
    else:
        print("\n".join(lines(result)))
    return DataError.exit_code if found.broken else 0


def opened(url: str) -> Store:
    """The store at `url`; UsageError for a scheme that is not known."""
    try:
        return Store(url)
    except SpecError as error:
        raise UsageError(str(error)) from None


def verified(store: Store) -> Survey:
    """Everything in the store, compared with everything that is said of it; MissingUpstream when nothing is there."""
    found = survey(store)
    if not found.listing:
        raise MissingUpstream(
            f"{store.url}: there is no store, or nothing in it; {invocation.shown('chain', 'FOLDER')} fills one"
        )
    check_records(found)
    with progress("verifying", len(found.files), "files") as advance:
        found.check_files(advance)
    return found


def spec_paths(folder: str) -> dict[tuple[str, str], Path]:
    """The spec of each job and name in `folder`; UsageError when there is none."""
    found = {}
    for path in sorted(Path(folder).glob("*.yaml")):
        data = read_yaml(str(path))
        found[str(data.get("job")), str(data.get("name"))] = path
    if not found:
        raise UsageError(f"--specs {folder}: no *.yaml files in this folder")
    return found


if __name__ == "__main__":
    sys.exit(verify.main())
