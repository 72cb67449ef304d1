"""Symbolic links to folders are followed; dangling ones are refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurograde.errors import DataError
from neurograde.storage.raw import RawFolder


def write(path: Path, data: bytes = b"x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_files_behind_links_to_folders_are_listed_once_with_their_size(tmp_path: Path):
    write(tmp_path / "in" / "D" / "a.png")
    write(tmp_path / "elsewhere" / "deep" / "b.png", b"xyz")
    (tmp_path / "in" / "PD").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in" / "D" / "c.png").symlink_to(tmp_path / "elsewhere" / "deep" / "b.png")
    folder = RawFolder(str(tmp_path / "in"))
    assert [(file.path, file.size) for file in folder.list()] == [("D/a.png", 1), ("D/c.png", 3), ("PD/deep/b.png", 3)]
    assert folder.read("PD/deep/b.png") == b"xyz"
    assert len({file.stamp for file in folder.list() if file.path.endswith(("b.png", "c.png"))}) == 1


def test_links_that_lead_in_a_circle_end(tmp_path: Path):
    write(tmp_path / "in" / "D" / "a.png")
    (tmp_path / "in" / "D" / "up").symlink_to(tmp_path / "in")
    write(tmp_path / "other" / "b.png")
    (tmp_path / "other" / "self").symlink_to(tmp_path / "other")
    (tmp_path / "in" / "other").symlink_to(tmp_path / "other")
    assert [file.path for file in RawFolder(str(tmp_path / "in")).list()] == ["D/a.png", "other/b.png"]


def test_a_link_that_leads_nowhere_is_refused_by_name(tmp_path: Path):
    write(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "b.png").symlink_to(tmp_path / "gone.png")
    with pytest.raises(DataError, match=r"b\.png: a symbolic link to .*gone\.png, which is not there"):
        RawFolder(str(tmp_path / "in")).list()
    (tmp_path / "in" / "b.png").rename(tmp_path / "in" / ".b.png")
    assert [file.path for file in RawFolder(str(tmp_path / "in")).list()] == ["a.png"]
