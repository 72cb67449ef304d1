"""The census of published splits: every list belongs to a set, and a stranger can repeat every row."""

from __future__ import annotations

import csv
import shlex
import threading
from fnmatch import fnmatchcase
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath

import pytest

from jobs.audit import audit
from jobs.fetch import fetch
from neurograde.maths.digest import sha256_hex
from neurograde.runtime.fetch import read_table
from tests.repo.census import FOLDER, main, read_csv

CLAM = {f"a__b/splits/splits_{n}.csv": f",train,val,test\n0,s{n},s3,s{n + 4}\n1,s2,,s5\n" for n in (0, 1)}
BESIDE = {"a__b/slides.csv": "case_id,slide_id\nP1,s0\nP1,s5\nP2,s3\nP2,s2\n"}
README = (
    "text\n<!-- begin census -->\nearlier\n<!-- end census -->\n<!-- begin commands -->\n<!-- end commands -->\nmore\n"
)


class Quiet(SimpleHTTPRequestHandler):
    """A server of files that writes no log."""

    def log_message(self, *_: object) -> None:
        """Write nothing."""


def table(path: Path, header: str, *rows: tuple[str, ...]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])


@pytest.fixture
def census(tmp_path: Path) -> Path:
    """The README of a small census whose lists a server holds, fetched into tmp_path/data/splits."""
    folder = tmp_path / "specs" / "splits"
    folder.mkdir(parents=True)
    readme = tmp_path / "specs" / "census" / "README.md"
    readme.parent.mkdir()
    readme.write_text(README)
    for path, text in (CLAM | BESIDE).items():
        (tmp_path / "served" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "served" / path).write_text(text)
    table(
        folder / "sets.csv",
        "repository,commit,set,identifier,sources,beside,options",
        ("a/b", "c0ffee", "CLAM", "slide", "a__b/splits/*.csv", "a__b/slides.csv", "--items-are slide"),
    )
    table(folder / "reduced.csv", "path,repository,commit,source,sha256")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "served"))) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{http.server_port}"
        table(
            folder / "data.csv",
            "path,url,sha256,licence",
            *(
                (f"splits/{path}", f"{address}/{path}", sha256_hex(text.encode()), "MIT: github.com/a/b")
                for path, text in (CLAM | BESIDE).items()
            ),
        )
        assert fetch.main([str(folder / "data.csv"), "--into", str(tmp_path / "data")]) == 0
        http.shutdown()
        thread.join()
    return readme


def run(census: Path) -> int:
    return main(["--splits", str(census.parents[2] / "data" / "splits"), "--specs", str(census.parents[1])])


def test_the_table_is_written_from_the_fetched_lists_twice_with_equal_results(census: Path):
    assert run(census) == 0
    first = census.read_text()
    assert run(census) == 0
    assert census.read_text() == first
    assert (
        "| CLAM | slide | 2 | 5 | 0–1 | 2; unknown for 1 items | 0 / 0 / 0–1 | 0 / 0 / 1 | 0 / 0 / 0 | 0–1 |" in first
    )
    assert first.startswith("text\n")
    assert first.endswith("more\n")
    assert "earlier" not in first
    command = (
        ".venv/bin/python -m jobs.audit out/data/splits/a__b/splits/*.csv --beside out/data/splits/a__b/slides.csv"
    )
    assert f"{command} --items-are slide" in first


def test_a_list_with_other_bytes_one_that_is_gone_and_one_of_no_set_end_the_census(census: Path):
    path = census.parents[2] / "data" / "splits" / "a__b" / "splits" / "splits_1.csv"
    path.write_text("x")
    assert run(census) == 65
    path.unlink()
    assert run(census) == 66
    path.write_text(CLAM["a__b/splits/splits_1.csv"])
    table(
        census.parents[1] / "splits" / "sets.csv",
        "repository,commit,set,identifier,sources,beside,options",
        ("a/b", "c0ffee", "CLAM", "slide", "a__b/splits/splits_0.csv", "a__b/slides.csv", ""),
    )
    assert run(census) == 65
    assert census.read_text() == README


def test_every_list_is_named_once_with_its_digest_and_belongs_to_a_set():
    fetched = [file.path for file in read_table(str(FOLDER / "splits" / "data.csv"))]
    reduced = [row["path"] for row in read_csv(FOLDER / "splits" / "reduced.csv")]
    paths = [path.removeprefix("splits/") for path in (*fetched, *reduced)]
    assert len(paths) == len(set(paths)) == 338
    rows = read_csv(FOLDER / "splits" / "sets.csv")
    patterns = [row["sources"] for row in rows] + [row["beside"] for row in rows if row["beside"]]
    for path in paths:
        parents = [str(parent) for parent in PurePosixPath(path).parents]
        assert any(fnmatchcase(name, pattern) for pattern in patterns for name in (path, *parents)), path
    assert all(any(path.startswith(row["repository"].replace("/", "__")) for path in paths) for row in rows)


def test_every_row_of_the_census_is_a_command_that_the_audit_takes():
    text = (FOLDER / "census" / "README.md").read_text()
    commands = [line for line in text.splitlines() if line.startswith(".venv/bin/python -m jobs.audit ")]
    assert len(commands) == len(read_csv(FOLDER / "splits" / "sets.csv"))
    for command in commands:
        audit.parser().parse_args(shlex.split(command)[3:])
