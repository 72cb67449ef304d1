"""Rules that give each image of a folder its class and family, proposed from paths or from a table beside them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from neurograde.pages.start.study import Role
from neurograde.storage.tables import Table

MOST_CLASSES = 10
"""Groups beyond which what a rule calls classes are none."""
PATTERNS = (
    (
        "folder = class; name up to its last two numbers = family",
        r"(?:.*/)?(?P<class>[^/]+)/(?P<family>[^/]+)[-_ ]\d+[-_ ]\d+\.[^./]+",
    ),
    (
        "folder = class; name up to its last number = family",
        r"(?:.*/)?(?P<class>[^/]+)/(?P<family>[^/]+)[-_ ]\d+\.[^./]+",
    ),
    ("folder = class; name up to the first _ = family", r"(?:.*/)?(?P<class>[^/]+)/(?P<family>[^/_]+)_[^/]*"),
    ("folder = class; folder in it = family", r"(?:.*/)?(?P<class>[^/]+)/(?P<family>[^/]+)/[^/]+"),
    ("folder = family; folder in it = class", r"(?:.*/)?(?P<family>[^/]+)/(?P<class>[^/]+)/[^/]+"),
    ("name = class_family_...", r"(?:.*/)?(?P<class>[^/_]+)_(?P<family>[^/_]+)_[^/]*"),
    ("name = family_class...", r"(?:.*/)?(?P<family>[^/_]+)_(?P<class>[^/_.]+)(?:_[^/]*)?\.[^./]+"),
    ("folder = class; every image its own family", r"(?:.*/)?(?P<class>[^/]+)/(?P<family>[^/]+)\.[^./]+"),
)
"""Words and regular expressions of the rules over paths, the likeliest first."""
ROLES: tuple[Role, ...] = ("image", "class", "family")
IMAGE_WORDS = ("image", "file", "filename", "name", "bild", "datei", "path")
CLASS_WORDS = ("class", "label", "grade", "diagnosis", "klasse", "diagnose", "grad", "classe", "diagnostic", "group")
FAMILY_WORDS = ("family", "patient", "case", "fall", "patient_id", "case_id", "pat", "subject", "slide", "cas", "id")


@dataclass(frozen=True)
class Label:
    """The class and family of one image."""

    image: str
    """Path of the image in its folder."""
    label: str
    """Class."""
    family: str
    """Family."""


@dataclass(frozen=True)
class Labels:
    """The images under one rule, and what it leaves open."""

    labels: tuple[Label, ...]
    """Images that have class and family, in the order of their paths."""
    problems: tuple[str, ...] = ()
    """Sentences that must come to nothing before anything can be cut."""
    notes: tuple[str, ...] = ()
    """Sentences to know, which keep nothing from going on."""

    def by_class(self) -> dict[str, dict[str, int]]:
        """Return the number of images by class and family."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for label in self.labels:
            counts[label.label][label.family] += 1
        return {name: dict(sorted(counts[name].items())) for name in sorted(counts)}


def by_pattern(pattern: str, images: Sequence[str]) -> Labels | None:
    """Return the labels that a regular expression over paths gives; None where it does not match every image."""
    labels = []
    for path in images:
        match = re.fullmatch(pattern, path)
        if match is None:
            return None
        labels.append(Label(path, match["class"], match["family"]))
    return Labels(tuple(labels))


def is_plausible(labels: Labels) -> bool:
    """Return True if there are two classes or more, not too many, and each has more than one family."""
    classes = labels.by_class()
    return 2 <= len(classes) <= MOST_CLASSES and all(len(families) > 1 for families in classes.values())


def proposed_patterns(images: Sequence[str]) -> list[tuple[str, str]]:
    """Return words and pattern of the rules that fit the paths, the likeliest first.

    Rules by which there are more classes than families come last, before them those by which most families have several
    classes, and before them those by which each image is a family.

    >>> proposed_patterns(["D/p1_a.png", "D/p2_a.png", "PD/p3_a.png", "PD/p4_b.png"])[0][0]
    'folder = class; name up to the first _ = family'
    """
    fitting = []
    for words, pattern in PATTERNS:
        labels = by_pattern(pattern, images)
        if labels is not None and is_plausible(labels):
            pairs = {(label.label, label.family) for label in labels.labels}
            families = {family for _label, family in pairs}
            several = len(pairs) > 1.5 * len(families)  # most families would have more than one class
            order = (len(labels.by_class()) > len(families), several, len(families) == len(images))
            fitting.append((order, words, pattern))
    return [(words, pattern) for _order, words, pattern in sorted(fitting, key=lambda rule: rule[0])]


def proposed_columns(table: Table, images: Sequence[str]) -> dict[Role, str]:
    """Return the columns of image, class and family that a table seems to have, judged by its cells, then by names.

    >>> rows = ({"Datei": "1", "Diagnose": "D", "Patient": "a"}, {"Datei": "2", "Diagnose": "PD", "Patient": "b"})
    >>> proposed_columns(Table("t.csv", ("Datei", "Diagnose", "Patient"), rows, (2, 3)), ["1.png", "2.png"])
    {'image': 'Datei', 'class': 'Diagnose', 'family': 'Patient'}
    """
    known = _by_name(images)
    cells = {column: table.column(column) for column in table.columns}
    hits = {column: sum(_key(cell) in known for cell in cells[column]) for column in table.columns}
    image = max(table.columns, key=lambda column: (hits[column], _rank(column, IMAGE_WORDS)))
    rest = [column for column in table.columns if column != image] or [image]
    few = {column: 2 <= len({*cells[column]} - {""}) <= MOST_CLASSES for column in rest}
    label = max(rest, key=lambda column: (_rank(column, CLASS_WORDS), few[column]))
    others = [column for column in rest if column != label] or [image]
    family = max(others, key=lambda column: (_rank(column, FAMILY_WORDS), len({*cells[column]})))
    return {"image": image, "class": label, "family": family}


def by_columns(table: Table, columns: Mapping[Role, str], images: Sequence[str]) -> Labels:
    """Return the labels that three columns of a table give: a row names an image by its path, its name or its stem.

    Args:
        table: The table.
        columns: Its columns of `image`, `class` and `family`.
        images: Paths of the images.

    Raises:
        DataError: the table lacks one of the columns.
    """
    known = _by_name(images)
    named, label_cells, family_cells = (table.column(columns[role]) for role in ROLES)
    rows: dict[str, tuple[int, str, str]] = {}
    problems, notes, repeated = [], [], 0
    for line, name, label, family in zip(table.lines, named, label_cells, family_cells, strict=True):
        paths = known.get(_key(name), [])
        cells = (label.strip(), family.strip())
        if len(paths) != 1:
            problems.append(
                f"line {line}: {name!r} could be {paths[0]} or {paths[1]}"
                if paths
                else f"line {line}: there is no image {name!r} in the folder"
            )
        elif not all(cells):
            problems.append(f"line {line}: {name!r} has no {'class' if not cells[0] else 'family'}")
        elif paths[0] not in rows:
            rows[paths[0]] = (line, *cells)
        elif rows[paths[0]][1:] == cells:
            repeated += 1
        else:
            problems.append(f"lines {rows[paths[0]][0]} and {line} disagree on {name!r}")
    if repeated:
        notes.append(f"{repeated} rows repeat another to the letter; they count once")
    if missing := [path for path in images if path not in rows]:
        problems.append(f"{len(missing)} images have no row, the first is {missing[0]}")
    labels = tuple(Label(path, *rows[path][1:]) for path in images if path in rows)
    return Labels(labels, tuple(problems), tuple(notes))


def _by_name(images: Sequence[str]) -> dict[str, list[str]]:
    """Return the paths of the images by every name that a row may call them."""
    names: dict[str, list[str]] = defaultdict(list)
    for path in images:
        pure = PurePosixPath(path)
        for name in dict.fromkeys((_key(path), _key(pure.name), _key(pure.stem))):
            names[name].append(path)
    return names


def _key(name: str) -> str:
    """Return a name as rows and files are compared: small letters, slashes forward, numbers as spreadsheets leave them.

    >>> _key(" Images/A7.PNG "), _key("7.0"), _key("007")
    ('images/a7.png', '7', '7')
    """
    text = name.strip().replace("\\", "/").casefold()
    return str(int(float(text))) if re.fullmatch(r"\d+(\.0+)?", text) else text


def _rank(column: str, words: Sequence[str]) -> int:
    """Return how surely a column's name is one of `words`: 2 if it is one, 1 if it holds one."""
    name = column.strip().casefold()
    return 2 if name in words else int(any(word in name for word in words))
