"""The page of a report: its sections in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neurograde.reports.chain import Chain, of_study
from neurograde.reports.conclusion import concluded
from neurograde.reports.document import Page
from neurograde.reports.figure_index import figure_index
from neurograde.reports.sections.answer import answer, banners
from neurograde.reports.sections.augmentation import augmentation
from neurograde.reports.sections.carbon import carbon
from neurograde.reports.sections.claims import claims
from neurograde.reports.sections.data import data
from neurograde.reports.sections.experiments import experiments
from neurograde.reports.sections.folds import folds
from neurograde.reports.sections.limited import limited
from neurograde.reports.sections.method import method
from neurograde.reports.sections.methods import methods
from neurograde.reports.sections.mistakes import mistakes
from neurograde.reports.sections.networks import networks
from neurograde.reports.sections.partition import partition
from neurograde.reports.sections.provenance import provenance
from neurograde.reports.sections.results import results
from neurograde.reports.sections.search import search
from neurograde.reports.sections.training import training
from neurograde.reports.sections.worth import leak_worth
from neurograde.reports.wording import family_of, page_in_words
from neurograde.storage.artefact import Artefact

SECTIONS = (
    answer, method, data, partition, augmentation, experiments, leak_worth, networks, training, search, results, folds,
    claims, limited, carbon,
)  # fmt: skip
"""The page's contents before its provenance; a section that has nothing to show is left out."""


def compose(
    title: str,
    chains: Sequence[Chain],
    worst: int = 0,
    baselines: Sequence[Artefact] = (),
    spec: Mapping[str, Any] | None = None,
) -> Page:
    """Return the page of some evaluations.

    Args:
        title: Headline of the page.
        chains: The evaluations; the first of them leads.
        worst: Number of mistakes of each to show.
        baselines: Methods of the literature to compare them with.
        spec: The report's own, for the command that makes the page again.
    """
    study = of_study(chains)
    wanted = [section for section in SECTIONS if study or section is not claims]
    sections = [composed for section in wanted if (composed := section(chains)).blocks]
    after = next(number for number, section in enumerate(sections, start=1) if section.slug == "results")
    further = [mistakes(chains, worst)] if worst else []
    further += [methods(chains, baselines)] if baselines else []
    sections[after:after] = further
    sections.append(provenance(chains, baselines, spec))
    sections = [concluded(section, sections) if section.slug == "answer" else section for section in sections]
    index = figure_index(sections) if study else ()
    page = Page(title, banners(chains), tuple(sections), index=index, links=True)
    return page_in_words(page, family_of(chains), study=study)
