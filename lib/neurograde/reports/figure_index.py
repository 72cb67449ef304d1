"""The index of a page: each figure and table of the report, with its place on the page, or why it has none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from neurograde.reports.blocks import Figures, Section, Table, Tables


class Original(NamedTuple):
    """A figure or table of the report."""

    number: str
    """`2.4`, or `table 1.2`."""
    title: str
    """The report's title, shortened."""
    slug: str
    """Regular expression of the names of what shows it here; empty where nothing does."""
    absent: str
    """The reason where the page has none."""


@dataclass(frozen=True)
class Entry:
    """A line of the index."""

    original: Original
    places: tuple[tuple[str, str], ...]
    """Id and section of each element that shows it; where there are none, the page gives the reason."""


SEARCHED = "no such strategy among the searches of this page"
ORIGINALS = (
    Original("1.1", "The Shimada classification", "", "a scheme of pathologists, nothing that a run gives"),
    Original("table 1.1", "Activation functions", "", "those that a spec may name are listed in specs/README.md"),
    Original("table 1.2", "Backbones on ImageNet", r"^table-backbones$", "no network was counted"),
    Original("table 1.3", "Loss functions", "", "those that a spec may name are listed in specs/README.md"),
    Original("table 1.4", "Optimisers", "", "those that a spec may name are listed in specs/README.md"),
    Original("table 1.5", "Methods of the literature", r"^table-literature$", "no evaluation beside them"),
    Original("2.1", "Irregular images, pre-cropped", r"^figure-precrop-",
             "no image has a pre-crop, or the images are no longer at hand"),
    Original("2.2", "The interface that labels patches", "", "it is the page that review serves"),
    Original("2.3", "Proportional and sequential partitioning", r"^figure-.+-(strategies|families)-\d",
             "the partition kept no figures"),
    Original("2.4", "Why valid and test may overfill", r"^figure-six-families$",
             "no partition by IFP or IFPO"),
    Original("2.5", "D over ε and μ", r"^figure-(.+-heatmap-\d|six-heatmaps$)", "no partition by IFPO"),
    Original("2.6", "Seven transforms", r"^figure-transforms$", "no data set is augmented"),
    Original("2.7", "Balancing and augmentation", r"^figure-balancing-", "no data set is balanced"),
    Original("table 2.1", "Samples by transforms", r"^table-samples-", "no data set is augmented"),
    Original("table 2.2", "Ratios by transforms", r"^table-ratios-", "no data set is balanced"),
    Original("2.8", "The leak experiments", r"^figure-shuffles$", "no leak experiment among the evaluations"),
    Original("2.9", "Loss of the leak experiments", r"^figure-experiments$",
             "no leak experiment among the evaluations"),
    Original("table 2.3", "Samples of the data sets", r"^table-totals-", "no data set is augmented"),
    Original("3.1", "The method", r"^figure-method$", "no run to count"),
    Original("4.1", "Valid ahead of train", r"^figure-valid-ahead$", "no session's valid is ahead of its train"),
    Original("4.2", "A new last layer", r"^figure-head-straightforward$", SEARCHED),
    Original("4.3", "Backbones with a new last layer", r"^figure-backbones-straightforward",
             "it takes two backbones with a new last layer alone"),
    Original("4.4", "An extension", r"^figure-head-extension$", SEARCHED),
    Original("4.5", "Loss by depth of the extension", r"^figure-depth-extension", "it takes two depths"),
    Original("4.6", "Unfrozen layers", r"^figure-unfrozen-layers$", SEARCHED),
    Original("4.7", "Loss by unfrozen layers", r"^figure-depth-unfreezing", "it takes two depths"),
    Original("table 4.1", "Best results on valid", r"^table-best$", "no search on this page"),
    Original("4.8", "The best session", r"^figure-best-session-", "no search on this page"),
    Original("5.1", "The dashboard", "", "it is the page that watch serves"),
    Original("A.1", "VGG-16", r"^figure-network-vgg16$", "VGG-16 was not trained"),
    Original("A.2", "Inception v3", r"^figure-network-inception-v3$", "Inception v3 was not trained"),
    Original("B.1", "Every setting of the best new last layer", r"^figure-(grid|map)-straightforward$", SEARCHED),
    Original("B.2", "Every setting of the best extension", r"^figure-(grid|map)-extension$", SEARCHED),
    Original("B.3", "Every setting of the best unfreezing", r"^figure-(grid|map)-unfreezing$", SEARCHED),
    Original("C.1", "Loss before training", r"^figure-untrained-loss$", "fewer than two sessions"),
    Original("C.2", "Accuracy before training", r"^figure-untrained-accuracy$", "fewer than two sessions"),
    Original("C.3", "Accuracy and loss of all epochs", r"^figure-accuracy-and-loss$", "fewer than two epochs"),
)  # fmt: skip
"""Every figure and table of the report, in its order."""


def figure_index(sections: Sequence[Section]) -> tuple[Entry, ...]:
    """Return an entry per figure and table of the report."""
    places = list(_places(sections))
    return tuple(
        Entry(original, tuple(where for where in places if original.slug and re.search(original.slug, where[0])))
        for original in ORIGINALS
    )


def _places(sections: Sequence[Section]) -> Iterator[tuple[str, str]]:
    """Yield the ids of the page's figures and tables, as the templates write them, with their section."""
    for section in sections:
        for block in section.blocks:
            slugs: list[str] = []
            match block:
                case Figures():
                    slugs = [f"figure-{figure.slug}" for figure in block.figures]
                case Table():
                    slugs = [f"table-{block.slug}"]
                case Tables():
                    slugs = [f"table-{table.slug}" for table in block.tables]
            yield from ((slug, section.title) for slug in slugs)
