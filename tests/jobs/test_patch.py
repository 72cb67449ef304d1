"""patch: every pixel accounted for, nothing dropped silently, bad input refused by name."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neurograde.maths.digest import sha256_hex
from neurograde.patches.png import decode_png
from neurograde.specs.patch import Margins as MarginsSpec
from neurograde.specs.records import Cell
from neurograde.storage.decisions import Decisions
from neurograde.storage.store import Store
from tests.support.decisions import decision
from tests.support.images import paint
from tests.support.patches import opened, refused


def test_patches_are_an_image_folder_and_the_account_closes_to_the_pixel(patch, images: Path, memory_url: str):
    code, _ = patch(margins_px={"left": 1, "top": 2, "right": 3, "bottom": 0})
    assert code == 0
    patches = opened(memory_url)
    account = patches.read_json("accounting.json")
    assert account["total_px"] == 8 * 100 * 70
    assert account["patches"] == 8 * 3 * 2
    parts = ("kept_px", "labels_px", "background_px", "borders_px", "precrop_px")
    assert sum(account[part] for part in parts) == account["total_px"]
    assert account["precrop_px"] == 8 * (100 * 70 - 96 * 68)
    row = patches.read_csv("index.csv")[0]
    assert row["patch"] == "D/case D0/case D0_1_r00_c00.png"
    pixels = decode_png(patches.read(row["patch"]))
    image = np.asarray(Image.open(images / "D" / "case D0_1.png"))
    x, y = int(row["x_px"]), int(row["y_px"])
    assert (x, y) == (1, 2)
    assert (pixels == image[y : y + 32, x : x + 32]).all()


def test_images_too_small_for_a_patch_are_counted_not_refused(patch, images: Path, memory_url: str):
    paint(images / "D" / "small_1.png", 3, width=31, height=200)
    code, lines = patch()
    assert code == 0
    assert opened(memory_url).read_json("accounting.json")["images_without_patches"] == 1
    assert any("small_1.png: 31 x 200 px gave no patch" in line["event"] for line in lines)


def test_files_that_are_no_images_and_other_classes_are_counted(patch, images: Path):
    (images / "README.md").write_text("notes")
    source = {"url": str(images), "pattern": r"(?P<class>[^/]+)/(?P<family>.+)_\d+\.png", "classes": ["D"]}
    code, lines = patch(source=source)
    events = [line["event"] for line in lines]
    assert code == 0
    assert "files left out because their class was not asked for: 4" in events
    assert any(event.startswith("1 files (1 of .md) are left out for their suffix; accepted") for event in events)


BAD_NAMES = [
    b"caf\xe9.png",
    b"x" * 245 + b".png",
    b"a\\b.png",
    b"a\nb.png",
    "a\x85b.png".encode(),
    "a\u2028b.png".encode(),
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_an_image_whose_name_no_store_can_hold_is_refused_by_name_or_skipped(
    patch, images: Path, memory_url: str, name: bytes
):
    (images / "D" / "case D0_1.png").rename(images / "D" / os.fsdecode(name))
    source = {"url": str(images), "pattern": r"(?P<class>[^/]+)/(?:case )?(?P<family>.).*"}
    refused(patch(source=source), memory_url, "cannot be used under this name")
    assert patch(source=source, on_bad_image="skip")[0] == 0
    [reason] = opened(memory_url).read_json("accounting.json")["skipped"].values()
    assert reason.endswith("; rename it")


def test_a_fifo_among_the_images_is_refused_by_name(patch, images: Path, memory_url: str):
    os.mkfifo(images / "D" / "case D9_1.png")
    refused(patch(), memory_url, "D/case D9_1.png is a FIFO, and is not opened")


def test_a_table_gives_class_family_and_margins(patch, images: Path, tmp_path: Path, memory_url: str):
    rows = ["image,class,family,left"]
    rows += [
        f"{path.relative_to(images)},{path.parent.name},{path.stem},{40 if 'PD0' in path.stem else ''}"
        for path in sorted(images.rglob("*.png"))
    ]
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    source = {"url": str(images), "table": str(tmp_path / "labels.csv")}
    assert patch(source=source)[0] == 0
    by_image = {row["image"]: int(row["patches"]) for row in opened(memory_url).read_csv("images.csv")}
    assert by_image["PD/case PD0_1.png"] == 2
    assert by_image["PD/case PD1_1.png"] == 6

    (tmp_path / "labels.csv").write_text("\n".join(rows[:-1]))
    code, lines = patch("--replace", source=source)
    assert code == 65
    assert "has no row for the image 'PD/case PD3_1.png'" in lines[-1]["event"]


def test_a_table_row_without_an_image_is_refused(patch, images: Path, tmp_path: Path, memory_url: str):
    rows = [f"{path.relative_to(images)},D,{path.stem}" for path in images.rglob("*.png")]
    (tmp_path / "labels.csv").write_text("\n".join(["image,class,family", *rows, "D/ghost.png,D,x"]))
    refused(patch(source={"url": str(images), "table": str(tmp_path / "labels.csv")}), memory_url, "D/ghost.png")


def test_rejected_cells_are_lost_to_labels(patch, images: Path, tmp_path: Path, memory_url: str):
    (tmp_path / "rejected.csv").write_text("image,row,col\nD/case D0_1.png,0,1\nD/case D0_1.png,1,2\n")
    assert patch(rejected=str(tmp_path / "rejected.csv"))[0] == 0
    account = opened(memory_url).read_json("accounting.json")
    assert (account["labels_px"], account["patches"]) == (2 * 32 * 32, 46)


@pytest.mark.parametrize(
    ("table", "word"),
    [
        (b"image,row,col\nD/case D0_1.png,0\n", "line 2"),
        (b"image,row,col\nD/case D0_1.png,0,x\n", "line 2"),
        (b"image,row\nD/case D0_1.png,0\n", "'col'"),
        (b"image,row,col\nghost.png,0,0\n", "ghost.png"),
        (b"image,row,col\nD/case D0_1.png,9,9\n", "(9, 9)"),
        (b"image,row,col\nD\xff,0,0\n", "UTF-8"),
    ],
)
def test_a_bad_table_of_rejected_cells_is_refused_by_line(
    patch, tmp_path: Path, memory_url: str, table: bytes, word: str
):
    (tmp_path / "rejected.csv").write_bytes(table)
    refused(patch(rejected=str(tmp_path / "rejected.csv")), memory_url, word)


def test_non_ascii_and_spaced_names_work(patch, images: Path, memory_url: str):
    paint(images / "D" / "Fall Ärztin 7_1.png", 99)
    assert patch()[0] == 0
    assert "D/Fall Ärztin 7/Fall Ärztin 7_1_r00_c00.png" in opened(memory_url).manifest.files


def test_pseudonyms_replace_every_name_and_the_key_stays_with_the_user(
    patch, images: Path, tmp_path: Path, memory_url: str
):
    key = tmp_path / "private" / "key"
    assert patch(pseudonymise=True, pseudonym_key=str(key))[0] == 0
    store = Store(memory_url)
    everything = b"\n".join([key_.encode() + store.get(key_) for key_ in store.list("patches")])
    assert b"case D" not in everything
    assert b"case PD" not in everything
    assert "case D0" in (tmp_path / "private" / "key.codes.csv").read_text()
    assert key.stat().st_mode & 0o077 == 0
    first = opened(memory_url).manifest.digest
    moved = key.rename(tmp_path / "moved")
    code, lines = patch(pseudonymise=True, pseudonym_key=str(moved))
    assert (code, "up to date" in lines[-1]["event"]) == (0, True)
    store.clear("patches")
    assert patch(pseudonymise=True, pseudonym_key=str(moved))[0] == 0
    assert opened(memory_url).manifest.digest == first
    code, lines = patch(pseudonymise=True, pseudonym_key=str(tmp_path / "other"))
    assert code == 73


def test_no_exif_reaches_the_store(patch, images: Path, memory_url: str):
    exif = Image.Exif()
    exif[0x010E] = "Jane Doe, 2019"
    path = images / "D" / "case D0_1.png"
    Image.open(path).save(path, exif=exif)
    assert b"Jane Doe" in path.read_bytes()
    assert patch()[0] == 0
    store = Store(memory_url)
    assert not any(b"Jane Doe" in store.get(key) for key in store.list("patches"))


def test_an_unchanged_folder_is_up_to_date_and_a_changed_image_is_73(patch, images: Path):
    assert patch()[0] == 0
    code, lines = patch()
    assert (code, "up to date" in lines[-1]["event"]) == (0, True)
    paint(images / "D" / "case D0_1.png", 12345)
    code, lines = patch()
    assert code == 73
    assert "D/case D0_1.png of digest" in lines[-1]["event"]


def test_a_truncated_jpeg_is_refused_by_name(patch, images: Path, memory_url: str):
    path = images / "D" / "case D9_1.jpg"
    paint(path, 1)
    path.write_bytes(path.read_bytes()[:-200])
    source = {"url": str(images), "pattern": r"(?P<class>[^/]+)/(?P<family>.+)_\d+\.(png|jpg)"}
    refused(patch(source=source), memory_url, "D/case D9_1.jpg")


def test_a_decompression_bomb_is_refused_before_it_is_decoded(patch, images: Path, memory_url: str):
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )
    (images / "D" / "bomb_1.png").write_bytes(bomb)
    refused(patch(), memory_url, "D/bomb_1.png", "3,600,000,000", "400,000,000")


def test_a_family_pattern_that_does_not_match_is_refused_with_pattern_and_file(patch, images: Path, memory_url: str):
    paint(images / "D" / "odd.png", 1)
    refused(patch(), memory_url, "source.pattern", "D/odd.png")


def test_two_images_of_one_name_are_refused(patch, images: Path, memory_url: str):
    paint(images / "D" / "case D0_1.jpg", 1)
    source = {"url": str(images), "pattern": r"(?P<class>[^/]+)/(?P<family>.+)_\d+\.(png|jpg)"}
    refused(patch(source=source), memory_url, "case D0_1.jpg", "case D0_1.png", "one name")


def test_no_patch_at_all_is_refused_with_the_account(patch, memory_url: str):
    refused(patch(patch_size_px=128), memory_url, "no patch came out of 8 images", "patch_size_px (128)")


def test_a_folder_without_images_is_refused(patch, tmp_path: Path, memory_url: str):
    source = {"url": str(tmp_path / "nowhere"), "pattern": "(?P<class>.)(?P<family>.)"}
    refused(patch(source=source), memory_url, "nowhere")


@pytest.mark.parametrize("label", ["..", ".hidden", "a\\b"])
def test_no_class_or_family_escapes_the_store(patch, images: Path, tmp_path: Path, memory_url: str, label: str):
    rows = [f"{path.relative_to(images)},{label},{path.stem}" for path in images.rglob("*.png")]
    (tmp_path / "labels.csv").write_text("\n".join(["image,class,family", *rows]))
    refused(patch(source={"url": str(images), "table": str(tmp_path / "labels.csv")}), memory_url, repr(label))


def test_sixteen_bit_images_never_come_out_in_wrong_colours(patch, images: Path, memory_url: str):
    data = io.BytesIO()
    Image.fromarray(np.full((70, 100), 40_000, np.uint16)).save(data, "PNG")
    (images / "D" / "deep_1.png").write_bytes(data.getvalue())
    refused(patch(), memory_url, "D/deep_1.png", "more than 8 bits")


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"source": {"url": "x"}}, "pattern"),
        ({"source": {"url": "x", "pattern": "(?P<class>."}}, "regular expression"),
        ({"source": {"url": "x", "pattern": "(?P<class>.)"}}, "family"),
        ({"pseudonymise": True}, "pseudonym_key"),
        ({"patch_size_px": 0}, "patch_size_px"),
    ],
)
def test_a_bad_spec_is_78(patch, fields: dict[str, object], word: str):
    code, lines = patch(**fields)
    assert code == 78
    assert word in lines[-1]["event"]


def reviewed(url: str, image: Path, **changes: Any) -> None:
    """Leave a decision of ada's on an image in the review `first`."""
    fields = {"image": f"D/{image.name}", "image_sha256": sha256_hex(image.read_bytes()), "width_px": 100}
    Decisions(Store(url), "first").add(decision(**(fields | changes)))


def test_the_decisions_of_a_review_are_followed_and_named_by_digest(patch, images: Path, memory_url: str):
    image = sorted((images / "D").iterdir())[0]
    rejected = (Cell(row=0, col=0, reason="blood"), Cell(row=1, col=1, reason="blood"))
    margins = MarginsSpec(left=4)
    reviewed(memory_url, image, margins_px=margins, rejected=rejected, finished=True)
    code, lines = patch(review="first")
    assert code == 0
    patches = opened(memory_url)
    mine = [row for row in patches.read_csv("index.csv") if row["image"] == f"D/{image.name}"]
    assert [(row["row"], row["col"]) for row in mine] == [("0", "1"), ("0", "2"), ("1", "0"), ("1", "2")]
    assert mine[0]["x_px"] == "36"
    account = patches.read_json("accounting.json")
    assert account["labels_px"] == 2 * 32**2
    assert account["precrop_px"] == 4 * 70
    assert account["review"]["images"] == 1
    assert len(account["review"]["undecided"]) == 7
    assert any("7 images have no decision" in line["event"] for line in lines)
    assert patches.manifest.inputs[-1].kind == "reviews"

    assert patch(review="first")[0] == 0
    reviewed(memory_url, image, number=2, margins_px=margins, finished=True)
    code, lines = patch(review="first")
    assert code == 73
    assert "made from reviews of digest" in lines[-1]["event"]


def test_a_restored_background_cell_is_kept(patch, images: Path, memory_url: str):
    image = images / "D" / "case D0_1.png"
    glass = np.full((70, 100, 3), 240, np.uint8)
    Image.fromarray(glass).save(image)
    reviewed(memory_url, image, restored=(Cell(row=1, col=2),), background=5)
    assert patch(review="first")[0] == 0
    mine = [row for row in opened(memory_url).read_csv("index.csv") if row["image"] == "D/case D0_1.png"]
    assert [(row["row"], row["col"], row["tissue_share"]) for row in mine] == [("1", "2", "0.0")]


def test_decisions_on_an_image_that_has_changed_since_are_void_and_say_so(patch, images: Path, memory_url: str):
    image = images / "D" / "case D0_1.png"
    reviewed(memory_url, image, rejected=(Cell(row=0, col=0, reason="blood"),))
    paint(image, 99)
    code, lines = patch(review="first")
    assert code == 0
    said = "D/case D0_1.png: the decisions of the review are void: the image has changed since"
    assert any(line["level"] == "warning" and line["event"] == said for line in lines)
    account = opened(memory_url).read_json("accounting.json")
    assert account["labels_px"] == 0
    assert account["review"]["void"] == {"D/case D0_1.png": "the image has changed since"}


def test_a_review_that_nobody_began_stops_the_job_with_the_command_that_begins_it(patch, memory_url: str):
    code, lines = patch(review="first")
    assert code == 66
    assert "reviews/first is not in" in lines[-1]["event"]
    assert "python -m jobs.review" in lines[-1]["event"]


def test_a_review_of_the_images_that_is_not_followed_is_named_with_the_line_that_follows_it(
    patch, images: Path, memory_url: str, tmp_path: Path
):
    def warned(lines: list[dict[str, Any]]) -> bool:
        said = f"write review: first into {tmp_path}/patch.yaml"
        return any(line["level"] == "warning" and said in line["event"] for line in lines)

    Decisions(Store(memory_url), "of-other-images").add(decision(image="D/unknown.png"))
    assert not warned(patch()[1])
    reviewed(memory_url, sorted((images / "D").iterdir())[0], finished=True)
    code, lines = patch()  # up to date, and warned of all the same
    assert (code, warned(lines)) == (0, True)
    code, lines = patch("--replace", review="first")
    assert (code, warned(lines)) == (0, False)
    code, lines = patch("--replace")
    assert (code, warned(lines)) == (0, True)


SPELT = (("Fall-ä", "Fall-a\u0308"), ("Case-9", "case-9"), ("001", "1.0"), ("K7", "K7\u200b"), ("a  b", "a b"))
"""Two spellings of one family each; the first in code-point order is not always the first here."""


def spelt(images: Path, tmp_path: Path, names: tuple[str, ...], label: str = "D") -> dict[str, str]:
    """Write a table in which images of D belong to `names`; return the source."""
    rows = ["image,class,family"]
    for number, path in enumerate(sorted((images / "D").iterdir())):
        family = names[number] if number < len(names) else path.stem
        rows.append(f"D/{path.name},{label if number == 0 else 'D'},{family}")
    rows += [f"PD/{path.name},PD,{path.stem}" for path in sorted((images / "PD").iterdir())]
    (tmp_path / "labels.csv").write_text("\n".join(rows), encoding="utf-8")
    return {"url": str(images), "table": str(tmp_path / "labels.csv")}


@pytest.mark.parametrize("names", SPELT, ids=lambda names: ascii(names[0]))
def test_one_family_in_two_spellings_is_refused_with_both_and_where_they_are(
    patch, images: Path, tmp_path: Path, names: tuple[str, str]
):
    code, lines = patch(source=spelt(images, tmp_path, names))
    assert code == 65
    message = lines[-1]["event"]
    assert all(ascii(name) in message for name in names)
    assert "D/case D0_1.png" in message
    assert "D/case D1_1.png" in message
    assert "spellings: merge" in message


@pytest.mark.parametrize("names", [("1.10", "1.1"), ("K7", "K 7")])
def test_other_families_are_not_refused(patch, images: Path, tmp_path: Path, names: tuple[str, str]):
    assert patch(source=spelt(images, tmp_path, names))[0] == 0


@pytest.mark.parametrize("names", SPELT, ids=lambda names: ascii(names[0]))
def test_merged_spellings_are_one_family_in_one_subset_and_the_proof_says_so(
    patch, run, images: Path, memory_url: str, names: tuple[str, str]
):
    assert patch(source=spelt(images, images.parent, names), spellings="merge")[0] == 0
    patches = opened(memory_url)
    families = {row["image"]: row["family"] for row in patches.read_csv("index.csv")}
    assert families["D/case D0_1.png"] == families["D/case D1_1.png"] == min(names)
    written = {row["image"]: row["family_written"] for row in patches.read_csv("images.csv")}
    assert (written["D/case D0_1.png"], written["D/case D1_1.png"]) == names
    assert run("partition", patches="demo", strategy="ifpo")[0] == 0
    proof = opened(memory_url, "partitions/demo").read_json("independence.json")
    assert proof["spellings"]["spellings"] == "merge"
    assert proof["spellings"]["families"] == [sorted(names)]


def test_spellings_that_are_kept_apart_are_two_families_and_the_proof_says_so(
    patch, run, images: Path, tmp_path: Path, memory_url: str
):
    assert patch(source=spelt(images, tmp_path, ("001", "1")), spellings="keep_apart")[0] == 0
    assert {"001", "1"} <= {row["family"] for row in opened(memory_url).read_csv("index.csv")}
    assert run("partition", patches="demo", strategy="ifpo")[0] == 0
    proof = opened(memory_url, "partitions/demo").read_json("independence.json")
    assert proof["spellings"]["spellings"] == "keep_apart"


def test_classes_in_two_spellings_are_refused_or_merged_as_well(patch, images: Path, tmp_path: Path, memory_url: str):
    source = spelt(images, tmp_path, (), label="d")
    code, lines = patch(source=source)
    assert (code, "classes 'D'" in lines[-1]["event"]) == (65, True)
    assert patch(source=source, spellings="merge")[0] == 0
    assert {row["class"] for row in opened(memory_url).read_csv("index.csv")} == {"D", "PD"}


def test_without_two_spellings_nothing_of_them_is_written(patch, memory_url: str):
    assert patch(spellings="merge")[0] == 0
    assert "spellings.json" not in opened(memory_url).manifest.files
    assert "family_written" not in opened(memory_url).read_csv("images.csv")[0]


def test_one_image_under_two_labels_is_refused_with_both_names_whatever_the_file(patch, images: Path):
    Image.open(images / "D" / "case D0_1.png").save(images / "PD" / "case X_1.bmp")
    source = {"url": str(images), "pattern": r"(?P<class>[^/]+)/(?P<family>.+)_\d+\.(png|bmp)"}
    code, lines = patch(source=source)
    assert code == 65
    assert "one image under two labels, 1 times" in lines[-1]["event"]
    assert "'D/case D0_1.png' of 'D' and 'PD/case X_1.bmp' of 'PD'" in lines[-1]["event"]


def test_one_image_twice_under_one_label_is_not_the_affair_of_patch(patch, images: Path):
    Image.open(images / "D" / "case D0_1.png").save(images / "D" / "case D0_2.png")
    assert patch()[0] == 0


def test_a_table_with_a_column_twice_is_refused(patch, images: Path, tmp_path: Path):
    source = spelt(images, tmp_path, ())
    path = tmp_path / "labels.csv"
    path.write_text(path.read_text().replace("image,class,family", "image,class,family,class"))
    code, lines = patch(source=source)
    assert (code, "the column 'class' is there 2 times" in lines[-1]["event"]) == (65, True)
