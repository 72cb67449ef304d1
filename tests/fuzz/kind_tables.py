"""Tables: labels, rejected squares and lists of a split, damaged as bytes, read as `patch` and audits do."""

from __future__ import annotations

import io
import json
from functools import cache
from pathlib import Path
from random import Random

import numpy as np

from neurograde.audit.lists import Columns, read_list
from neurograde.imaging.listed import sort_files
from neurograde.imaging.sources import label_images, read_rejected
from neurograde.maths.patch_grid import Margins
from neurograde.specs.patch import Source
from neurograde.storage.artefact import encode_csv
from neurograde.storage.tables import read_table
from tests.fuzz.bytes_of import damaged
from tests.fuzz.frame import Kind

IMAGES = [f"{label}/Fall {number} é.png" for label in ("PD", "D") for number in range(4)]
HEADER = ("image", "class", "family", "left")
LABELS = [HEADER, *((path, path.partition("/")[0], f"case {path[-7]}", 3) for path in IMAGES)]
SQUARES = [("image", "row", "col"), *((path, number, 2) for number, path in enumerate(IMAGES))]
SPLIT = [("split", "image", "patient"), *(("train", path, path[-7]) for path in IMAGES), ("test", "x.png", "9")]
CELLS = (
    "nan",
    "#REF!",
    "",
    " ",
    "-1",
    "1e9",
    "９",
    "12.0",
    "a/b",
    "..",
    "\\",
    "x" * 300,
    "a\nb",
    '"',
    "=1+1",
    "\u2028",
    "\x9b",
)


def attempt(random: Random, folder: Path) -> None:
    """Read a mutant of one of the tables."""
    if random.random() < 0.2:
        suffix, data = random.choice(lists())
        (folder / f"split.{suffix}").write_bytes(damaged(data, random))
        read_list(folder / f"split.{suffix}", Columns())
        return
    rows, read = random.choice(((LABELS, _labels), (SQUARES, _squares), (SPLIT, _split)))
    read(mutant(rows, random), folder)


@cache
def lists() -> tuple[tuple[str, bytes], ...]:
    """Return lists of a split that are no tables, each with its suffix."""
    archive = io.BytesIO()
    np.savez(archive, train_ids=np.array(IMAGES), test_ids=np.array(["x.png"]))
    names = {"fold 0": {"train": IMAGES, "test": ["x.png", 1, None]}}
    objects = [{"image": path, "split": "train"} for path in IMAGES] + [{"image": "x.png", "split": "test"}]
    return ("json", json.dumps(names).encode()), ("json", json.dumps(objects).encode()), ("npz", archive.getvalue())


def mutant(rows: list[tuple[object, ...]], random: Random) -> bytes:
    """Return the table in an encoding, with an odd cell or damaged bytes."""
    cells = [list(row) for row in rows]
    if random.random() < 0.5:
        at = random.randrange(len(cells))
        cells[at][random.randrange(len(cells[at]))] = random.choice(CELLS)
    data = encode_csv(cells[0], cells[1:])
    data = data.replace(b",", random.choice((b",", b",", b";", b"\t")))
    data = data.decode().encode(random.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le")), "replace")
    return damaged(data, random) if random.random() < 0.8 else data


def _labels(data: bytes, _folder: Path) -> None:
    images = label_images(sort_files(IMAGES), Source(url="/x", table="t.csv"), data, Margins()).images
    assert {image.path for image in images} <= set(IMAGES)


def _squares(data: bytes, _folder: Path) -> None:
    assert read_rejected(data, "t.csv", IMAGES).keys() <= set(IMAGES)


def _split(data: bytes, folder: Path) -> None:
    (folder / "split.csv").write_bytes(data)
    read_list(folder / "split.csv", Columns(None, None, subsets={}))
    read_table(data, "split.csv", ("image",))


KIND = Kind("tables", 500, attempt)
