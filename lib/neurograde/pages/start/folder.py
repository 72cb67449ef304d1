"""The folder that a study starts from: its images, the tables beside them, the rules that they propose."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from neurograde.errors import DataError
from neurograde.imaging.listed import others_in_words, sort_files
from neurograde.imaging.pixels.open_image import ImageFile
from neurograde.imaging.pixels.slide import Resolution, Slide
from neurograde.maths.accuracy_width import folds_instead, what_it_decides
from neurograde.maths.partition import Targets
from neurograde.pages.start.rules import Labels, by_columns, by_pattern, proposed_columns, proposed_patterns
from neurograde.pages.start.study import Choices, Role
from neurograde.specs.patch import SLIDE_SUFFIXES
from neurograde.storage.raw import RawFolder, read_url
from neurograde.storage.tables import Table, read_table

TABLE_SUFFIXES = (".csv", ".tsv", ".txt")
THUMBNAIL_PX = 240
MAX_PIXELS = 400_000_000
SAMPLE = 5
"""Images that are opened to learn how many squares there will be."""
SUBSETS = 3
"""Subsets that each need a family of every class: train, valid and test."""


@dataclass(frozen=True)
class Rule:
    """A way to give images their class and family: a pattern over paths, or a table."""

    words: str
    """Description for the page."""
    pattern: str | None = None
    """Regular expression, where it is one."""
    table: Table | None = None
    """Table, where it is one."""


class ImageFolder:
    """The images of a folder, and the rules that fit them."""

    def __init__(self, url: str, tables: Sequence[str] = ()) -> None:
        """Look at the folder, and at tables in it or named beside it.

        Raises:
            DataError: the folder has no image, or a named table cannot be read.
        """
        self.url, self.files = url, RawFolder(url)
        listed = sort_files(file.path for file in self.files.list())
        self.images, self.bad = listed.images, list(listed.bad.values())
        tabular = [path for path in listed.others if path.lower().endswith(TABLE_SUFFIXES)]
        rest = [path for path in listed.others if path not in tabular]
        self.left_out = others_in_words(rest) if rest else ""
        if not self.images:
            raise DataError(f"{url}: there is no image here. {self.left_out}".strip())
        self.rules = [Rule(words, pattern=pattern) for words, pattern in proposed_patterns(self.images)]
        beside = [Rule(f"the table {path}", table=table) for path in tabular if (table := self._table_here(path))]
        named = [Rule(f"the table {Path(url).name}", table=_table(read_url(url), url)) for url in tables]
        self.rules = [*named, *beside, *self.rules]

    def labels(self, rule: int, columns: Mapping[Role, str] | None = None) -> Labels:
        """Return class and family of every image by one of the rules.

        Raises:
            DataError: the folder has fewer rules, or its table lacks a column.
        """
        if rule >= len(self.rules):
            raise DataError(f"rule {rule}; accepted: 0 to {len(self.rules) - 1}")
        chosen = self.rules[rule]
        if chosen.table is not None:
            return by_columns(chosen.table, columns or proposed_columns(chosen.table, self.images), self.images)
        labels = by_pattern(str(chosen.pattern), self.images)
        if labels is None:
            raise DataError(f"{chosen.pattern!r} does not match every image")
        return labels

    def describe(self, rule: int, columns: Mapping[Role, str] | None = None) -> dict[str, Any]:
        """Return what the page shows of a rule: classes, families, examples, what a partition of them can decide."""
        labels = self.labels(rule, columns)
        chosen, classes = self.rules[rule], labels.by_class()
        position = {path: index for index, path in enumerate(self.images)}
        few = [name for name, families in classes.items() if len(families) < SUBSETS]
        problems = [*labels.problems]
        slides = [path for path in self.images if path.lower().endswith(SLIDE_SUFFIXES)]
        if slides:
            problems.append(
                f"{len(slides)} images are whole slides, such as {slides[0]}: they need a spec with their µm/px, see "
                "specs/slides"
            )
        if len(classes) < 2:
            problems.append("there are not two classes to tell apart")
        problems += [
            f"class {name!r} has {len(classes[name])} families: train, valid and test need one each" for name in few
        ]
        return {
            "rule": rule,
            "words": chosen.words,
            "columns": None if chosen.table is None else list(chosen.table.columns),
            "chosen": None if chosen.table is None else columns or proposed_columns(chosen.table, self.images),
            "classes": [
                {
                    "class": name,
                    "families": len(families),
                    "images": sum(families.values()),
                    "examples": list(families)[:3],
                    "thumbnails": [position[label.image] for label in labels.labels if label.label == name][:3],
                }
                for name, families in classes.items()
            ],
            "problems": problems,
            "notes": [*labels.notes, *self.notes(classes)],
        }

    def notes(self, classes: dict[str, dict[str, int]]) -> list[str]:
        """Return what is good to know of these families before anything is trained."""
        families = {name for of_class in classes.values() for name in of_class}
        notes = [what_it_decides(max(1, round(float(Targets().p[2]) * len(families))))]
        if suggestion := folds_instead({name: len(of_class) for name, of_class in classes.items()}):
            notes.append(suggestion)
        both = {name for name in families if sum(name in of_class for of_class in classes.values()) > 1}
        if both:
            notes.append(f"{len(both)} families have images of several classes, such as {min(both)}")
        return notes

    def thumbnail(self, index: int) -> bytes:
        """Return a small JPEG of an image.

        Raises:
            DataError: the folder has fewer images, or it cannot be read.
        """
        if index >= len(self.images):
            raise DataError(f"image {index}; accepted: 0 to {len(self.images) - 1}")
        image = ImageFile.of(self.files, self.images[index]).open(MAX_PIXELS, Resolution(level=0))
        if isinstance(image, Slide):
            scale = max(1, max(image.width, image.height) // THUMBNAIL_PX)
            size = (max(1, image.width // scale), max(1, image.height // scale))
            pixels = image.region(0, 0, image.width, image.height, size)
        else:
            pixels = image.pixels
        picture = Image.fromarray(pixels)
        picture.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
        data = io.BytesIO()
        picture.save(data, "JPEG", quality=85)
        return data.getvalue()

    def squares(self, patch_size_px: int) -> int:
        """Return the squares of all images' grids, from a few of them: the rest is taken to be as large."""
        some = self.images[:: max(1, len(self.images) // SAMPLE)][:SAMPLE]
        counts = []
        for path in some:
            image = ImageFile.of(self.files, path).open(MAX_PIXELS, Resolution(level=0))
            counts.append((image.width // patch_size_px) * (image.height // patch_size_px))
        return round(sum(counts) / len(counts) * len(self.images))

    def source(self, choices: Choices, folder: Path) -> dict[str, Any]:
        """Return the `source` of the patch spec; a table is written into `folder` in the form that specs read."""
        rule = self.rules[choices.rule]
        if rule.pattern is not None:
            return {"url": self.url, "pattern": rule.pattern}
        labels = self.labels(choices.rule, choices.columns)
        path = folder / "labels.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("image", "class", "family"))
            writer.writerows((label.image, label.label, label.family) for label in labels.labels)
        return {"url": self.url, "table": str(path)}

    def _table_here(self, path: str) -> Table | None:
        """Return a table of the folder; None if it is no table of images."""
        try:
            table = _table(self.files.read(path), path)
            labels = by_columns(table, proposed_columns(table, self.images), self.images)
        except DataError:
            return None
        return table if labels.labels else None


def _table(data: bytes, source: str) -> Table:
    return read_table(data, source, ())
