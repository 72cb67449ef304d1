"""The page: its sections in order, rendered into one HTML file that asks the network for nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from neurograde.reports.blocks import Banner, Commands, Figures, Section, Table, Tables
from neurograde.reports.chain import Chain
from neurograde.reports.sections.answer import answer, banners
from neurograde.reports.sections.augmentation import augmentation
from neurograde.reports.sections.carbon import carbon
from neurograde.reports.sections.claims import claims
from neurograde.reports.sections.data import data
from neurograde.reports.sections.experiments import experiments
from neurograde.reports.sections.folds import folds
from neurograde.reports.sections.method import method
from neurograde.reports.sections.methods import methods
from neurograde.reports.sections.mistakes import mistakes
from neurograde.reports.sections.networks import networks
from neurograde.reports.sections.partition import partition
from neurograde.reports.sections.provenance import provenance
from neurograde.reports.sections.results import results
from neurograde.reports.sections.search import search
from neurograde.reports.sections.training import training
from neurograde.storage.artefact import Artefact

SECTIONS = (
    answer, method, data, partition, augmentation, experiments, networks, training, search, results, folds, claims,
    carbon,
)  # fmt: skip
"""The page's contents before its provenance; a section that has nothing to show is left out."""


@dataclass(frozen=True)
class Page:
    """What the page shows."""

    title: str
    banners: tuple[Banner, ...]
    sections: tuple[Section, ...]
    beside: str = "Figures, tables and specs lie beside this page, in figures/, tables/ and specs/."
    """What is in its folder, in words."""

    def html(self) -> bytes:
        """The page: styles and figures inside, the same bytes for the same content."""
        return _environment().get_template("page.html.j2").render(page=self).encode()

    def files(self) -> Iterator[tuple[str, bytes]]:
        """The page, and its figures, tables and specs as files beside it."""
        yield "index.html", self.html()
        for section in self.sections:
            for block in section.blocks:
                if isinstance(block, Figures):
                    yield from ((f"figures/{each.slug}.svg", each.svg.encode()) for each in block.figures)
                if isinstance(block, Commands):
                    yield from block.files
                tables = block.tables if isinstance(block, Tables) else [block] if isinstance(block, Table) else []
                yield from ((f"tables/{each.slug}.csv", each.csv()) for each in tables)


def compose(
    title: str,
    chains: Sequence[Chain],
    worst: int = 0,
    baselines: Sequence[Artefact] = (),
    spec: Mapping[str, Any] | None = None,
) -> Page:
    """The page of some evaluations.

    Args:
        title: Its headline.
        chains: The evaluations; the first of them leads.
        worst: How many mistakes of each to show.
        baselines: Methods of the literature to compare them with.
        spec: The report's own, for the command that makes the page again.
    """
    sections = [found for section in SECTIONS if (found := section(chains)).blocks]
    after = next(number for number, each in enumerate(sections, start=1) if each.slug == "results")
    further = [mistakes(chains, worst)] if worst else []
    further += [methods(chains, baselines)] if baselines else []
    sections[after:after] = further
    sections.append(provenance(chains, baselines, spec))
    return Page(title, banners(chains), tuple(sections))


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
