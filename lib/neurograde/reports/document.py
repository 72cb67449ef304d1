"""One HTML file from blocks: styles and figures inside, nothing asked of the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from neurograde.reports.blocks import Banner, Commands, Figures, Section, Table, Tables
from neurograde.reports.figure_index import Entry


@dataclass(frozen=True)
class Page:
    """The content of one page."""

    title: str
    banners: tuple[Banner, ...]
    sections: tuple[Section, ...]
    beside: str = "Figures, tables and specs lie beside this page, in figures/, tables/ and specs/."
    """The other files in its folder, in words."""
    index: tuple[Entry, ...] = ()
    """The figures and tables of the report, each with its place on the page; none on a page that is not of a study."""
    links: bool = False
    """True where the files of its figures, tables and specs lie beside it, so that it may link to them."""

    def html(self) -> bytes:
        """Render the page: styles and figures inside, the same bytes for the same content."""
        return _environment().get_template("page.html.j2").render(page=self).encode()

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield the page, and its figures, tables and specs as files beside it."""
        yield "index.html", self.html()
        for section in self.sections:
            for block in section.blocks:
                if isinstance(block, Figures):
                    yield from ((f"figures/{figure.slug}.svg", figure.svg.encode()) for figure in block.figures)
                if isinstance(block, Commands):
                    yield from block.files
                tables = block.tables if isinstance(block, Tables) else [block] if isinstance(block, Table) else []
                yield from ((f"tables/{table.slug}.csv", table.csv()) for table in tables)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("neurograde.reports", "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
