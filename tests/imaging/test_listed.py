"""Files of a folder sorted into images and others, and folders that only look like images."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurograde.errors import DataError
from neurograde.imaging.listed import others_in_words, sort_files
from neurograde.imaging.new_images import new_images
from neurograde.storage.store import Store
from tests.support.http_folder import serve_folder


def test_files_are_sorted_by_suffix_and_by_name():
    listed = sort_files(["b.jp2", "a.PNG", "x\ny.png", "notes", "c/d.svs", "caf\udce9.png"])
    assert (listed.images, listed.others) == (["a.PNG", "c/d.svs"], ["b.jp2", "notes"])
    assert list(listed.bad) == ["x\\ny.png", "caf\\udce9.png"]
    assert listed.bad["x\\ny.png"].startswith(
        "x\\ny.png: cannot be used under this name: it holds the character U+000A"
    )


def test_others_are_counted_by_their_suffixes_beside_those_that_are_accepted():
    words = others_in_words([f"a.{suffix}" for suffix in ["jp2", "jp2", "dcm", "txt", "md", "csv", "yaml"]])
    assert words.startswith("7 files (2 of .jp2, 1 of .dcm, 1 of .txt, 1 of .md, 1 of .csv, ...) are left out")
    assert ".svs" in words


def test_a_folder_called_like_a_slide_is_a_folder(tmp_path: Path, memory_url: str):
    (tmp_path / "case.svs").mkdir()
    (tmp_path / "case.svs" / "a.png").write_bytes(b"x")
    assert list(new_images(str(tmp_path / "case.svs")).files) == ["a.png"]
    Store(memory_url).put("case.svs/a.png", b"x")
    assert list(new_images(f"{memory_url}/case.svs").files) == ["a.png"]


def test_an_image_that_is_not_there_and_a_folder_without_images_are_refused_by_name(tmp_path: Path):
    with pytest.raises(DataError, match=r"ghost\.svs: no such image: .*/ghost\.svs holds no files"):
        new_images(str(tmp_path / "ghost.svs"))
    (tmp_path / "a.jp2").write_bytes(b"x")
    with pytest.raises(DataError, match=r"no image: 1 files \(1 of \.jp2\) are left out for their suffix; accepted"):
        new_images(str(tmp_path))


def test_an_image_alone_whose_name_no_store_can_hold_is_bad(tmp_path: Path):
    (tmp_path / "a\nb.png").write_bytes(b"x")
    images = new_images(str(tmp_path / "a\nb.png"))
    assert (images.files, list(images.bad)) == ({}, ["a\\nb.png"])


def test_a_folder_over_http_is_refused_and_an_image_there_is_read(tmp_path: Path):
    (tmp_path / "a.png").write_bytes(b"pixels")
    with serve_folder(tmp_path) as url:
        with pytest.raises(DataError, match=r"http://.*: its server lists files without their sizes; accepted are"):
            new_images(f"{url}/")
        images = new_images(f"{url}/a.png")
        assert images.folder.read("a.png") == b"pixels"
