"""Public files come from their servers with the digests of their table, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from jobs.fetch import fetch
from neurograde.maths.digest import sha256_hex
from neurograde.maths.seeding import generator
from neurograde.runtime.fetch import read_table

ROOT = Path(__file__).parents[2]
FILES = {"tiles/a/one.jpg": generator(1, "one").bytes(300_000), "weights/net.pth": generator(2, "net").bytes(70_000)}


class Quiet(SimpleHTTPRequestHandler):
    """A server of files that writes no log."""

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a server of FILES, whose paths there differ from those of the table."""
    (tmp_path / "served").mkdir()
    for path, data in FILES.items():
        (tmp_path / "served" / path.replace("/", "___")).write_bytes(data)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "served"))) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def table_at(table: Path, server: str, **changed: str) -> str:
    """Write the table of FILES, with other fields in the first row if given; return its path."""
    rows = []
    for file, data in FILES.items():
        url = f"{server}/{file.replace('/', '___')}"
        row = {"path": file, "url": url, "sha256": sha256_hex(data), "licence": "CC0"}
        rows.append(",".join((row if rows else row | changed).values()))
    table.write_text("\n".join(["path,url,sha256,licence", *rows]) + "\n")
    return str(table)


def below(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a folder, hidden ones included."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_file_is_fetched_to_its_path_and_its_licence_is_logged(server: str, tmp_path: Path, capsys):
    table = table_at(tmp_path / "data.csv", server)
    assert fetch.main([table, "--into", str(tmp_path / "data")]) == 0
    assert below(tmp_path / "data") == FILES
    said = capsys.readouterr().err
    assert "2 files fetched, 0 were there" in said
    assert "licence of 2 files: CC0" in said


def test_fetched_again_nothing_is_asked_of_the_server(server: str, tmp_path: Path, capsys):
    table = table_at(tmp_path / "data.csv", server)
    assert fetch.main([table, "--into", str(tmp_path / "data")]) == 0
    for path in (tmp_path / "served").iterdir():
        path.unlink()
    assert fetch.main([table, "--into", str(tmp_path / "data")]) == 0
    assert "0 files fetched, 2 were there" in capsys.readouterr().err


def test_a_file_with_one_byte_changed_is_refused_and_the_others_are_fetched(server: str, tmp_path: Path, capsys):
    served = tmp_path / "served" / "tiles___a___one.jpg"
    data = FILES["tiles/a/one.jpg"]
    served.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    table = table_at(tmp_path / "data.csv", server)
    assert fetch.main([table, "--into", str(tmp_path / "data")]) == 65
    assert below(tmp_path / "data") == {"weights/net.pth": FILES["weights/net.pth"]}
    said = capsys.readouterr().err
    assert f"tiles/a/one.jpg: expected SHA-256 {sha256_hex(data)}, found {sha256_hex(served.read_bytes())}" in said
    assert "Traceback" not in said


def test_a_file_of_other_bytes_that_was_there_is_refused_and_kept(server: str, tmp_path: Path, capsys):
    ours = tmp_path / "data" / "weights" / "net.pth"
    ours.parent.mkdir(parents=True)
    ours.write_bytes(b"of another training")
    assert fetch.main([table_at(tmp_path / "data.csv", server), "--into", str(tmp_path / "data")]) == 65
    assert ours.read_bytes() == b"of another training"
    assert f"in {ours}, which is kept: move it away" in capsys.readouterr().err


def test_a_file_that_is_gone_from_its_server_is_named(server: str, tmp_path: Path, capsys):
    table = table_at(tmp_path / "data.csv", server, url=f"{server}/gone.jpg")
    assert fetch.main([table, "--into", str(tmp_path / "data")]) == 65
    assert f"{server}/gone.jpg: the server has no such file; {tmp_path}/data/tiles/a/one.jpg is missing" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("column", "value", "accepted"),
    [
        ("path", "../outside.jpg", "a path below the folder"),
        ("path", "/etc/outside.jpg", "a path below the folder"),
        ("url", "file:///etc/hostname", "http:// or https://"),
        ("sha256", "b0353104", "64 hexadecimal digits"),
        ("licence", "", "the licence, and whom to name"),
        ("licence", "CC0,more", "one value for each column"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_with_its_line(
    column: str, value: str, accepted: str, tmp_path: Path, capsys
):
    table = table_at(tmp_path / "data.csv", "http://127.0.0.1:9", **{column: value})
    assert fetch.main([table, "--into", str(tmp_path / "data")]) == 65
    said = capsys.readouterr().err
    assert f"{table}, line 2: " in said
    assert f"; accepted: {accepted}" in said
    assert not (tmp_path / "data").exists()


def test_a_table_that_does_not_exist_or_has_other_columns_is_refused(tmp_path: Path, capsys):
    assert fetch.main([str(tmp_path / "data.csv")]) == 64
    (tmp_path / "data.csv").write_text("path,url\n")
    assert fetch.main([str(tmp_path / "data.csv")]) == 65
    assert "columns ['path', 'url']; accepted: path, url, sha256, licence" in capsys.readouterr().err


@pytest.mark.parametrize("table", sorted(ROOT.glob("specs/*/data.csv")), ids=lambda path: path.parent.name)
def test_the_tables_of_the_example_specs_can_be_used(table: Path):
    files = read_table(str(table))
    assert len({file.path for file in files}) == len({file.url for file in files}) == len(files) > 0


def test_the_tables_name_the_images_that_the_figures_were_measured_on(shared: Path):
    folders = {"osteosarcoma": shared / "osteosarcoma_tcia", "slides": shared / "slides"}
    for name, folder in folders.items():
        rows = [file for file in read_table(str(ROOT / "specs" / name / "data.csv")) if file.path.startswith(name)]
        named = {file.path.removeprefix(f"{name}/"): file.sha256 for file in rows}
        suffix = "*.jpg" if name == "osteosarcoma" else "*.svs"
        assert named == {str(path.relative_to(folder)): sha256_hex(path.read_bytes()) for path in folder.rglob(suffix)}
