"""The census of published splits: `make census` audits every list and writes the table into specs/census/README.md.

    python -m tests.repo.census [--splits out/data/splits]

Reads   specs/splits/sets.csv, a row for each set: its files, the table beside them, the options of the audit
        specs/splits/data.csv and reduced.csv, which name every file with its sha256
Writes  the table between the markers of specs/census/README.md; the same table for the same files
Exits   66 if a file is not there, 65 if one has other bytes or belongs to no set
"""

from __future__ import annotations

import argparse
import csv
import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jobs.audit import audit, audited
from neurograde.errors import DataError, DigestMismatch, MissingUpstream, NeurogradeError
from neurograde.maths.both_sides import LEVELS
from neurograde.maths.digest import sha256_hex
from neurograde.runtime.log import log, set_up

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "specs"
SPLITS = Path("out/data/splits")
"""Where `make data SET=splits` puts the lists; the commands of the table name it."""
HEAD = (
    "| repository | set | names are | folds | items | listed twice | patients | train and test | train and valid | "
    "valid and test | test items touched | width |"
)
PAIRS = ("train and test", "train and valid", "valid and test")
UNKNOWN = "?"
Row = Mapping[str, str]


def main(argv: Sequence[str] | None = None) -> int:
    """Write the table; return the exit code."""
    line = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_argument("--splits", type=Path, default=SPLITS, help=f"folder of the lists ({SPLITS})")
    line.add_argument("--specs", type=Path, default=FOLDER, help="folder of splits/ and census/")
    set_up("census")
    arguments = line.parse_args(argv)
    try:
        check_files(arguments.specs, arguments.splits)
        rows = read_csv(arguments.specs / "splits" / "sets.csv")
        check_every_file_is_audited(arguments.specs, rows, arguments.splits)
        lines = [HEAD, re.sub(r"[^|]+", "---", HEAD), *(table_row(row, arguments.splits) for row in rows)]
        commands = ["```sh", *(command(row, SPLITS) for row in rows), "```"]
        readme = arguments.specs / "census" / "README.md"
        text = between(readme.read_text(), "census", "\n".join(lines))
        readme.write_text(between(text, "commands", "\n".join(commands)))
    except NeurogradeError as error:
        log.error(str(error))
        return error.exit_code
    return 0


def read_csv(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def listed(specs: Path, splits: Path) -> dict[Path, str]:
    """Return the sha256 of every list, by its path."""
    rows = [*read_csv(specs / "splits" / "data.csv"), *read_csv(specs / "splits" / "reduced.csv")]
    return {splits / row["path"].removeprefix("splits/"): row["sha256"] for row in rows}


def check_files(specs: Path, splits: Path) -> None:
    """Hold every list against its sha256.

    Raises:
        MissingUpstream: lists are not there.
        DigestMismatch: a list has other bytes.
    """
    missing = []
    for path, sha256 in listed(specs, splits).items():
        if not path.is_file():
            missing.append(str(path))
        elif (found := sha256_hex(path.read_bytes())) != sha256:
            raise DigestMismatch(f"{path}: sha256 {found}; the census names {sha256}")
    if missing:
        raise MissingUpstream(
            f"{len(missing)} lists are not there, first {missing[0]}: make data SET=splits fetches those that can be "
            "fetched; specs/census/README.md says where the others are from"
        )


def check_every_file_is_audited(specs: Path, rows: Sequence[Row], splits: Path) -> None:
    """Raise DataError if a list belongs to no set, and is the table beside none."""
    audited_files = {file for row in rows for path in sources(row, splits) for file in files_of(path)}
    audited_files |= {splits / row["beside"] for row in rows if row["beside"]}
    if left := sorted(map(str, listed(specs, splits).keys() - audited_files)):
        raise DataError(f"{len(left)} lists belong to no set of specs/splits/sets.csv, first {left[0]}")


def sources(row: Row, splits: Path) -> list[Path]:
    """Return the files or folders of a set, in order."""
    found = sorted(splits.glob(row["sources"]))
    if not found:
        raise MissingUpstream(f"{splits / row['sources']}: there is no such list")
    return found


def files_of(path: Path) -> Iterator[Path]:
    """Yield a file, or every file below a folder."""
    yield from (inner for inner in path.rglob("*") if inner.is_file()) if path.is_dir() else [path]


def command(row: Row, splits: Path) -> str:
    """Return the command that repeats a row."""
    pattern = f"{splits}/{row['sources']}"
    beside = f" --beside {splits}/{row['beside']}" if row["beside"] else ""
    options = f" {row['options']}" if row["options"] else ""
    return f".venv/bin/python -m jobs.audit {pattern}{beside}{options}"


def table_row(row: Row, splits: Path) -> str:
    """Audit a set and return its row of the table."""
    beside = ["--beside", str(splits / row["beside"])] if row["beside"] else []
    arguments = [*map(str, sources(row, splits)), *beside, *shlex.split(row["options"])]
    result = audited(audit.parser().parse_args(arguments))
    folds: list[Mapping[str, Any]] = result["folds"]  # type: ignore[assignment]
    log.info(f"{row['repository']}, {row['set']}: {len(folds)} folds")
    link = f"[{row['repository']}](https://github.com/{row['repository']}/tree/{row['commit']})"
    width = sorted({"a fold" if fold["last"].isdigit() else fold["last"] for fold in folds})
    halves = [100 * fold["width"]["half_width"] for fold in folds]
    cells = [
        link,
        row["set"],
        row["identifier"],
        f"{len(folds)}",
        span([fold["items"] for fold in folds]),
        span([sum(fold["levels"]["item"]["twice"].values()) for fold in folds]),
        patients(folds),
        *(shared(folds, pair) for pair in PAIRS),
        span([fold["last_items_touched"] for fold in folds if fold["last"] == "test"]),
        f"± {span([round(half) for half in halves])} ({', '.join(width)})",
    ]
    return f"| {' | '.join(cells)} |"


def span(numbers: Sequence[int]) -> str:
    """Return the least and the greatest number, or the one that they all are; a dash for none."""
    if not numbers:
        return "–"
    return f"{min(numbers)}" if min(numbers) == max(numbers) else f"{min(numbers)}–{max(numbers)}"


def patients(folds: Sequence[Mapping[str, Any]]) -> str:
    """Return the distinct patients over the folds' subsets, and of how many items none is known."""
    levels = [fold["levels"]["patient"] for fold in folds]
    unknown = [level["unknown"] for level in levels]
    if all(level["names"] == 0 for level in levels):
        return "unknown"
    known = span([level["names"] for level in levels])
    return f"{known}; unknown for {span(unknown)} items" if any(unknown) else known


def shared(folds: Sequence[Mapping[str, Any]], pair: str) -> str:
    """Return what two subsets share at each level: item / slide / patient, the span over the folds.

    The numbered folds of a cross-validation test each other: any two of them count as train and test.
    """
    parts = []
    for level in LEVELS:
        counts = []
        for fold in folds:
            found = fold["levels"][level]
            if pair in found["pairs"]:
                counts.append((found["pairs"][pair]["count"], found["names"]))
            elif pair == PAIRS[0] and all(subset.isdigit() for subset in fold["subsets"]):
                counts += [(both["count"], found["names"]) for both in found["pairs"].values()]
        known = [count for count, names in counts if names]
        parts.append(span(known) if known else UNKNOWN if counts else "–")
    return " / ".join(parts) if set(parts) != {"–"} else "–"


def between(text: str, name: str, content: str) -> str:
    """Return the text with other content between the markers of a part."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise DataError(f"the README has {text.count(begin)} parts {name!r}; accepted: one, between {begin} and {end}")
    return f"{text.partition(begin)[0]}{begin}\n{content}\n{end}{text.partition(end)[2]}"


if __name__ == "__main__":
    sys.exit(main())
