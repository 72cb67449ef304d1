"""The blocks that a page is built from; each names the template that shows it."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import ClassVar

from neurograde.storage.spreadsheets import encode_for_people


@dataclass(frozen=True)
class Figure:
    """A figure, twice: as a file, and as an element that takes its colours from the page."""

    slug: str
    """Name of the file, and prefix of its ids."""
    svg: str
    """The file."""
    inline: str
    """The element."""
    alt: str
    """The content in words, for those who do not see it."""


@dataclass(frozen=True)
class Figures:
    """Figures side by side, as many as fit."""

    figures: tuple[Figure, ...]
    caption: str
    """Text below them."""
    template: ClassVar[str] = "figures.html.j2"


@dataclass(frozen=True)
class Picture:
    """A photograph, inside the page."""

    jpeg: bytes
    alt: str
    """The content in words, for those who do not see it."""
    caption: str = ""
    """Text below it."""

    @property
    def base64(self) -> str:
        """Return the file as the page holds it."""
        return b64encode(self.jpeg).decode()


@dataclass(frozen=True)
class Pictures:
    """Photographs side by side, as many as fit."""

    pictures: tuple[Picture, ...]
    caption: str
    """Text below them all."""
    template: ClassVar[str] = "pictures.html.j2"


@dataclass(frozen=True)
class Cell:
    """A cell as it is read: the value, and in smaller type what qualifies it."""

    text: str
    note: str = ""
    kind: str = "number"
    """`number`, `text` or `digest`: how it is set."""

    @property
    def attributes(self) -> dict[str, str | None]:
        """Return HTML attributes; pointing at a text that is cut off shows all of it."""
        return {"class": self.kind, "title": self.text if self.kind == "digest" else None}

    @property
    def pieces(self) -> list[str]:
        """Return the text, split where a line may break: names and paths after a slash or an underscore.

        >>> Cell("weights/vgg19_v1.pth", kind="text").pieces
        ['weights/', 'vgg19_', 'v1.pth']
        """
        return re.split(r"(?<=[/_])(?=\w)", self.text) if self.kind == "text" else [self.text]


@dataclass(frozen=True)
class Table:
    """A table, twice: as it is read, and as the numbers behind it."""

    slug: str
    """Name of its CSV file."""
    caption: str
    """Text above it."""
    titles: tuple[Cell, ...]
    """Head of each column."""
    rows: tuple[tuple[Cell, ...], ...]
    """The rows as they are read; the first cell names the row."""
    columns: tuple[str, ...]
    """Columns of the CSV file."""
    values: tuple[tuple[object, ...], ...]
    """Rows of the CSV file, unrounded."""
    total: tuple[Cell, ...] = ()
    """A last row that adds up the others, or nothing."""
    template: ClassVar[str] = "table.html.j2"

    def csv(self) -> bytes:
        """Return the numbers, unrounded; an unknown value is an empty field."""
        return encode_for_people(self.columns, self.values)


@dataclass(frozen=True)
class Tables:
    """Tables side by side, as many as fit."""

    tables: tuple[Table, ...]
    template: ClassVar[str] = "tables.html.j2"


@dataclass(frozen=True)
class Statistic:
    """A number to look at first."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class Statistics:
    """The numbers to look at first, side by side."""

    statistics: tuple[Statistic, ...]
    template: ClassVar[str] = "statistics.html.j2"


@dataclass(frozen=True)
class Paragraph:
    """A sentence or two."""

    text: str
    template: ClassVar[str] = "paragraph.html.j2"


@dataclass(frozen=True)
class Notes:
    """Small print, a line each."""

    lines: tuple[str, ...]
    template: ClassVar[str] = "notes.html.j2"


@dataclass(frozen=True)
class Heading:
    """The subject of the blocks after it."""

    text: str
    template: ClassVar[str] = "heading.html.j2"


@dataclass(frozen=True)
class Commands:
    """Lines to type."""

    lines: tuple[str, ...]
    files: tuple[tuple[str, bytes], ...] = ()
    """Files that they name: path beside the page, and content."""
    template: ClassVar[str] = "commands.html.j2"


Block = Figures | Pictures | Table | Tables | Statistics | Paragraph | Notes | Heading | Commands


@dataclass(frozen=True)
class Banner:
    """A warning above everything that it concerns."""

    title: str
    text: str


@dataclass(frozen=True)
class Section:
    """A chapter of the page."""

    slug: str
    """Anchor in the page."""
    title: str
    """Heading, and entry in the contents."""
    lead: str
    """Answer of the section, in a sentence."""
    blocks: tuple[Block, ...]
    """Blocks below the lead."""
