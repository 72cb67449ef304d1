"""fetch: fetch the public files that a study reads, each checked against its digest: `make data SET=osteosarcoma`.

    python -m jobs.fetch specs/osteosarcoma/data.csv [--into out/data]

Reads   a CSV table with the columns path, url, sha256, licence
Writes  the files, each under its path; one that already lies there is checked and left alone
Exits   65 if any file, fetched or already there, has other bytes than the table names, or is gone from its server
"""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from neurograde.errors import Stopped
from neurograde.runtime.command import Parser, command
from neurograde.runtime.fetch import fetch as fetch_files
from neurograde.runtime.log import log


def declare(parser: Parser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("table", metavar="TABLE", help="CSV table: path, url, sha256, licence")
    parser.add_argument("--into", metavar="FOLDER", default="out/data", help="where the files go (out/data)")


@command(declare)
def fetch(arguments: Namespace) -> int | None:
    """Fetch the files of a table."""
    try:
        fetch_files(arguments.table, Path(arguments.into))
    except KeyboardInterrupt:
        log.info("interrupted: the same command fetches the rest")
        return Stopped.exit_code
    return None


if __name__ == "__main__":
    sys.exit(fetch.main())
