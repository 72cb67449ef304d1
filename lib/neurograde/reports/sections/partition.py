"""The partition: shares of pixels and families of each subset, and their distance from the best possible."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from neurograde.maths.accuracy_width import folds_instead, what_it_decides
from neurograde.maths.hamming import MISSED, SURE_BITS
from neurograde.maths.subsets import SUBSETS
from neurograde.reports.blocks import Block, Figures, Heading, Paragraph, Section, Table
from neurograde.reports.chain import Chain, file_name, of_study, unique
from neurograde.reports.figures.partition import partition as figure
from neurograde.reports.figures.six_families import six_families, six_heatmaps
from neurograde.reports.figures.style import read_back
from neurograde.reports.numbers import count, decimal, percent, plural
from neurograde.reports.tables import Column, table
from neurograde.specs.results.independence import KEYED, Independence
from neurograde.specs.results.partition import PartitionSummary
from neurograde.storage.artefact import Artefact

_LEAKS = {
    "exchange": "one patch of each family changed places between train and valid",
    "shuffle": "the {level} of train and valid were dealt anew at random",
}

_CAPTIONS = {
    "families": "How do families of such different sizes fill the subsets (figure 2.3)? Each by its share of its "
    "class's pixels; a block is a family, in brackets is their number, lines are the targets.",
    "strategies": "What would the other strategies have done with the same families? PSP gives the heaviest to train, "
    "then to valid, and the rest to test: often few families in valid, and many light ones or too few pixels in test "
    "(figure 2.3).",
    "heatmap": "Which ε and μ are best (figure 2.5)? The proportion and the diversity part of D over both, and their "
    "sum, on their exact pieces; the optimum is framed and ringed.",
}

_SIX = (
    "Why may valid and test overfill (figure 2.4)? Of six equal families, a sixth each, none fits into 15 %: IFP "
    "leaves all of them in train, IFPO may exceed the targets by ε."
)
_SIX_HEATMAPS = (
    "Where are the three areas of the report's figure 2.5? Its six equal families: D falls at ε = 1/60 and again at "
    "μ = 2/9, the report's key point (0.017, 0.22). Of the readings of “large” only `reserve` gives these areas: it is "
    "inferred from the figure, as the report's words do not say it."
)
STRATEGIES_FILE = "strategies.csv"
_LEVELS = {"patch": "patches", "sample": "samples"}


def partition(chains: Sequence[Chain]) -> Section:
    """Return an account per partition."""
    artefacts = unique(chain.partition for chain in chains)
    blocks: list[Block] = []
    drawn: dict[str, PartitionSummary] = {}
    kept: dict[str, list[Block]] = {}
    for artefact in artefacts:
        name, summary = artefact.manifest.name, artefact.read_result(PartitionSummary, "summary.json")
        caption = "Did each subset get its share? Ticks are the targets, in brackets the number of families."
        if len(artefacts) > 1:
            blocks.append(Heading(name))
        blocks.append(Paragraph(_sentence(artefact, summary)))
        blocks.append(Paragraph(_width(summary)))
        if "independence.json" in artefact.manifest.files:
            blocks.append(Paragraph(_look_alikes(artefact.read_result(Independence, "independence.json"))))
        same = next((other for other, shown in drawn.items() if shown == summary), None)
        if same is not None:
            blocks.append(Paragraph(f"Families and shares are those of {same}, above."))
            if not kept[same]:  # a leak keeps none
                blocks += kept.setdefault(name, list(_kept(artefact)))
            continue
        drawn[name] = summary
        blocks.append(Figures((figure(file_name("partition", name), summary),), caption))
        blocks.append(_table(name, summary))
        if summary.remarks:
            blocks.append(Paragraph(f"Remarks: {'; '.join(summary.remarks)}."))
        blocks += kept.setdefault(name, list(_kept(artefact)))
    if of_study(chains) and any(summary.strategy in ("ifp", "ifpo") for summary in drawn.values()):
        blocks.append(Figures((six_families("six-families"),), _SIX))
        blocks.append(Figures((six_heatmaps("six-heatmaps"),), _SIX_HEATMAPS))
    lead = "No family is in two subsets: families are assigned whole, by their share of the pixels and by their number."
    if any(summary.strategy == "given" for summary in drawn.values()):
        lead = "Families are assigned whole; a given split may divide them, and its remarks then say how."
    return Section("partition", "Partition", lead, tuple(blocks))


def _kept(artefact: Artefact) -> Iterator[Block]:
    """Yield the figures that the partition published; those of D exist where ε and μ were searched."""
    for stem, caption in _CAPTIONS.items():
        paths = [path for path in artefact.manifest.files if path.startswith(f"figures/{stem}-")]
        if stem == "families" and STRATEGIES_FILE in artefact.manifest.files:
            continue  # the strategies side by side have it
        if paths:
            drawn = (
                read_back(artefact.read(path).decode(), file_name(artefact.manifest.name, PurePosixPath(path).stem))
                for path in paths
            )
            yield Figures(tuple(drawn), caption)
    if STRATEGIES_FILE in artefact.manifest.files:
        yield _strategies(artefact)


def _strategies(artefact: Artefact) -> Table:
    """Return every strategy on these families: D, and what it gave each subset of each class."""
    columns = (
        Column("strategy", "strategy", kind="text"),
        Column("reading", "reading", kind="text"),
        Column("loss", "D", lambda value: decimal(value, 4)),
        Column("class", "class", kind="text"),
        Column("class_loss", "D of the class", lambda value: decimal(value, 4)),
        *(Column(f"{subset}_share", f"{subset}, pixels", percent) for subset in SUBSETS),
        *(Column(f"{subset}_families", f"{subset}, families", count) for subset in SUBSETS),
    )
    types = [str, str, float, str, float, *[float] * len(SUBSETS), *[int] * len(SUBSETS)]
    rows = [
        [kind(value) for kind, value in zip(types, row.values(), strict=True)]
        for row in artefact.read_csv(STRATEGIES_FILE)
    ]
    slug = file_name("strategies", artefact.manifest.name)
    caption = "Every strategy on the same families, ifpo once per reading of “large”"
    return table(slug, caption, columns, rows)


def _sentence(artefact: Artefact, summary: PartitionSummary) -> str:
    words = f"Strategy {summary.strategy}."
    if summary.folds is not None:
        k, test = summary.folds.k, summary.folds.test
        words += f" Family {test} is tested." if k == "families" else f" Fold {test} of {k}, counted from 0, is tested."
    if summary.loss is not None:
        words += f" D = {decimal(summary.loss, 4)}, the mean distance from the targets."
    if summary.certificate is not None:
        best = summary.certificate
        alone = " for this fold alone" if summary.folds else ""
        relation = (
            f"The best possible D{alone}{' with that little in train' if best.lifted else ''} is"
            if best.proved
            else f"No D below {decimal(best.bound, 4)} is possible; best found:"
        )
        words += f" {relation} {decimal(best.best, 4)}; the gap is {decimal(best.gap, 4)}."
    leak = artefact.manifest.spec.get("correlate")
    if leak:
        how = _LEAKS.get(leak["mode"], leak["mode"]).format(level=_LEVELS[leak.get("level", "patch")])
        words += f" Then, on purpose, {how}: they share families now, and D is that before the leak."
    return words


def _width(summary: PartitionSummary) -> str:
    """Return what the test subset can decide, and where folds would decide more."""
    tested = {name for of in summary.classes.values() for name in of.subsets["test"].families}
    suggestion = None if summary.folds else folds_instead({label: of.families for label, of in summary.classes.items()})
    words = what_it_decides(len(tested)) + (f". {suggestion[0].upper()}{suggestion[1:]}" if suggestion else "")
    return f"Known before anything was trained: {words}."


def _look_alikes(proof: Independence) -> str:
    alike = proof.near_duplicates
    pairs = f"{plural(alike.count, 'pair')} of patches" if alike.count else "No two patches"
    words = f"{pairs} of different families in different subsets look the same up to brightness, turns and flips"
    if alike.method == KEYED:
        words += f" (found by keys, which miss at most {MISSED:.0%} of the copies within {SURE_BITS} bits; not all)"
    return (
        f"{words}; {plural(alike.too_plain, 'patch')} too plain to tell were left out."
        if alike.too_plain
        else f"{words}."
    )


def _table(name: str, summary: PartitionSummary) -> Table:
    columns = (
        Column("class", "class", kind="text"),
        Column("subset", "subset", kind="text"),
        Column("families", "families", count),
        Column("family_share", "share", percent),
        Column("family_target", "target", percent),
        Column("patches", "patches", count),
        Column("pixel_share", "share of pixels", percent),
        Column("pixel_target", "target", percent),
    )
    rows = [
        (
            label,
            subset,
            len(got.families),
            got.family_share,
            float(summary.targets.diversity[index]),
            got.patches,
            got.share,
            float(summary.targets.proportions[index]),
        )
        for label, of_class in summary.classes.items()
        for index, subset in enumerate(SUBSETS)
        for got in (of_class.subsets[subset],)
    ]
    return table(file_name("partition", name), "Families, patches and pixels against their targets", columns, rows)
