"""A table of images: rows found however their path is written, and those that name none, named themselves."""

from __future__ import annotations

import unicodedata

import pytest

from neurograde.errors import DataError
from neurograde.imaging.listed import sort_files
from neurograde.imaging.sources import LabelledImage, label_images, read_rejected
from neurograde.maths.patch_grid import Margins
from neurograde.specs.patch import Source

FILES = ["sub/i1.png", "sub/Fälle.png", "old.jp2", "notes.md"]


def label(*rows: str, files: list[str] = FILES, url: str = "/data/images") -> list[LabelledImage]:
    source = Source(url=url, table="t.csv")
    table = "\n".join(["image,class,family,left", *rows]).encode()
    return label_images(sort_files(files), source, table, Margins()).images


@pytest.mark.parametrize(
    "name",
    ["sub/i1.png", "./sub/i1.png", "sub\\i1.png", ".\\sub\\i1.png", " sub/i1.png", "/data/images/sub/i1.png",
     "sub//i1.png"],
)  # fmt: skip
def test_a_path_names_the_image_that_it_would_open(name: str):
    images = label(f"{name},PD,1,", unicodedata.normalize("NFD", "sub/Fälle.png") + ",D,2,7")
    assert [(image.path, image.label, image.family) for image in images] == [
        ("sub/i1.png", "PD", "1"),
        ("sub/Fälle.png", "D", "2"),
    ]
    assert images[1].margins == Margins(left=7)
    assert read_rejected(f"image,row,col\n{name},0,1.0\n".encode(), "r.csv", FILES[:2], "/data/images") == {
        "sub/i1.png": {(0, 1)}
    }


def test_two_images_that_differ_in_form_only_are_named_exactly():
    files = [unicodedata.normalize(form, "ä.png") for form in ("NFC", "NFD")]
    assert [image.family for image in label(f"{files[0]},D,c,", f"{files[1]},D,d,", files=files)] == ["c", "d"]


GOOD = ("sub/Fälle.png,D,2,",)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (("sub/i1.png,PD,1,", "", "old.jp2,D,2,", *GOOD), "line 4: image 'old.jp2' is there, and its suffix '.jp2' is"),
        (("sub/i1.png,PD,1,", *GOOD, "", "sub/i2.png,D,2,"), "line 5: image 'sub/i2.png' is not among the 2 images"),
        (("i1.png,PD,1,", *GOOD), "has no row for the image 'sub/i1.png'; line 2 has 'i1.png'"),
        (("sub/I1.PNG,PD,1,", *GOOD), "has no row for the image 'sub/i1.png'; line 2 has 'sub/I1.PNG'"),
        (("sub/i1.png,PD,1,", "./sub/i1.png,D,1,", *GOOD), "line 3: the image './sub/i1.png' has a row already"),
        (("sub/i1.png,nan,1,", *GOOD), "line 2: 'nan' is what pandas or a spreadsheet writes for a missing value"),
        (("sub/i1.png,PD,#REF!,", *GOOD), "line 2: '#REF!' is what pandas"),
        (("sub/i1.png,PD,,", *GOOD), "line 2: '' cannot name a class or family: a part of it is empty"),
        (("sub/i1.png,P/D,1,", *GOOD), "line 2: 'P/D' cannot name a class or family: it holds the character /"),
        (("sub/i1.png,PD,1,-3", *GOOD), "line 2: '-3' is not a whole number from 0; margins are"),
        (("sub/i1.png,PD,1,1e3", *GOOD), "margins are whole numbers of pixels"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_used_is_named_with_its_line(rows: tuple[str, ...], message: str):
    with pytest.raises(DataError, match=r"^t\.csv: ") as caught:
        label(*rows)
    assert message in str(caught.value)


def test_a_person_called_nan_is_a_family():
    assert label("sub/i1.png,PD,Nan,", *GOOD)[0].family == "Nan"


def test_a_folder_without_images_names_the_suffixes_that_it_has():
    source = Source(url="/data/images", pattern="(?P<class>x)(?P<family>y)")
    with pytest.raises(DataError, match=r"/data/images: there is no image: 2 files \(1 of \.jp2, 1 of \.md\)"):
        label_images(sort_files(FILES[2:]), source, None, Margins())
