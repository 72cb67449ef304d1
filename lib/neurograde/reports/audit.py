"""The page of an audit: items on both sides of a split, its balance, and what its test set can decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from neurograde.maths.accuracy_width import cases_for
from neurograde.maths.both_sides import LEVELS
from neurograde.reports.badge import badge
from neurograde.reports.blocks import (
    Banner,
    Block,
    Commands,
    Notes,
    Paragraph,
    Section,
    Statistic,
    Statistics,
)
from neurograde.reports.document import Page
from neurograde.reports.numbers import count, decimal, plural, prose_list
from neurograde.reports.robustness import family_wins, robustness_section
from neurograde.reports.tables import Column, table

BESIDE = "Beside this page lie audit.json, with every number, and badge.svg."
LISTED = 20
Fold = Mapping[str, Any]


def audit_page(title: str, result: Mapping[str, Any], command: str) -> Page:
    """Return the page of an audit.json.

    Args:
        title: its headline.
        result: audit.json.
        command: that made it.
    """
    folds = result["folds"]
    sections = [
        _answer(result),
        _both_sides(folds),
        *_pixels(folds),
        *robustness_section(result),
        _balance(folds),
        _width(folds),
        _rule(result, command),
    ]
    banners: tuple[Banner, ...] = ()
    if result["both_sides"]:
        banners = (Banner("On both sides", f"{on_both_sides(result)}. A test over them says too much."),)
    if warning := family_wins(result):
        banners = (*banners, Banner("Family before class", f"{warning} A network may learn the family."))
    return Page(title, banners, tuple(sections), BESIDE)


def audit_badge(result: Mapping[str, Any]) -> str:
    """Return the badge of an audit.json."""
    message = "on both sides" if result["both_sides"] else "nothing on both sides"
    return badge("split", message, result["digest"], good=not result["both_sides"])


def on_both_sides(result: Mapping[str, Any]) -> str:
    """Return the verdict in a sentence: at each level, the most that any two subsets of a fold share."""
    shared = {
        level: max((pair["count"] for fold in result["folds"] for pair in _pairs(fold, level).values()), default=0)
        for level in LEVELS
    }
    parts = [plural(most, level) for level, most in shared.items() if most]
    for key, noun in (("equal", "group"), ("alike", "pair")):
        if most := max((fold["pixels"][key]["count"] for fold in result["folds"] if "pixels" in fold), default=0):
            parts.append(f"{plural(most, noun)} of images that {'are equal' if key == 'equal' else 'look alike'}")
    if not parts:
        return "Nothing is on both sides of the split, as far as names and columns tell"
    of_fold = " of one fold" if len(result["folds"]) > 1 else ""
    return f"{prose_list(parts)} on both sides{of_fold}"


def _pairs(fold: Fold, level: str) -> Mapping[str, Any]:
    pairs: Mapping[str, Any] = fold["levels"][level]["pairs"]
    return pairs


def _answer(result: Mapping[str, Any]) -> Section:
    folds = result["folds"]
    first = folds[0]
    bad = sum(fold["both_sides"] for fold in folds)
    unknown = sorted(level for level in LEVELS if all(fold["levels"][level]["unknown"] for fold in folds))
    lead = f"{on_both_sides(result)}."
    if unknown:
        lead += f" {prose_list(unknown).capitalize()}: unknown for some or all items, so that nothing is said of them."
    width = first["width"]
    statistics = Statistics((
        Statistic("Folds with anything on both sides", f"{bad} of {len(folds)}", "subsets compared within a fold"),
        Statistic("Items", count(first["items"]), "in the first fold"),
        Statistic(
            "Patients",
            count(first["levels"]["patient"]["names"]) if first["levels"]["patient"]["names"] else "unknown",
            "in the first fold",
        ),
        Statistic("Width of test accuracy", _points(width), f"{plural(width['families'], 'family')}"),
    ))  # fmt: skip
    return Section("answer", "The answer", lead, (statistics,))


def _both_sides(folds: Sequence[Fold]) -> Section:
    columns = [
        Column("fold", "fold", kind="text"),
        Column("level", "level", kind="text"),
        Column("names", "distinct", _or_unknown),
        Column("unknown", "items without", count),
        Column("pair", "subsets", kind="text"),
        Column("both", "on both sides", count),
        Column("touched", "items of the last subset touched", count),
    ]
    rows = [
        [
            fold["name"],
            level,
            fold["levels"][level]["names"] or None,
            fold["levels"][level]["unknown"],
            pair,
            overlap["count"] if fold["levels"][level]["names"] else None,
            fold["last_items_touched"],
        ]
        for fold in folds
        for level in LEVELS
        for pair, overlap in _pairs(fold, level).items()
    ]
    blocks: list[Block] = [table("both-sides", "Names in two subsets of one fold.", columns, rows)]
    lines = list(_named(folds))
    if lines:
        blocks.append(Notes(tuple(lines[:LISTED])))
        if len(lines) > LISTED:
            blocks.append(Paragraph(f"{len(lines) - LISTED:,} more are in audit.json."))
    lead = "The same item, images of one slide and slides of one patient are three levels: each is counted by itself."
    return Section("both-sides", "On both sides", lead, tuple(blocks))


def _named(folds: Sequence[Fold]) -> Iterator[str]:
    """Yield a line for each thing to look at."""
    for fold in folds:
        for level in LEVELS:
            for pair, overlap in _pairs(fold, level).items():
                yield from (f"{fold['name']}: {level} {name!r} is in {pair}" for name in overlap["first"])
        for twice in fold["two_labels"]:
            yield f"{fold['name']}: {twice['name']!r} has the labels {prose_list([repr(x) for x in twice['labels']])}"
        for subset, number in fold["levels"]["item"]["twice"].items():
            if number:
                yield f"{fold['name']}: {plural(number, 'item')} of {subset} listed more than once there"
        for names in fold["spellings"].values():
            yield f"{fold['name']}: {prose_list([repr(name) for name in names])} are one name in several spellings"


def _pixels(folds: Sequence[Fold]) -> Iterator[Section]:
    """Yield the section on pixels, if there were images."""
    looked = [fold for fold in folds if "pixels" in fold]
    if not looked:
        return
    columns = [
        Column("fold", "fold", kind="text"),
        Column("images", "images", count),
        Column("unreadable", "unreadable", count),
        Column("equal", "equal across subsets", count),
        Column("alike", "alike across subsets", count),
        Column("labels", "equal under two labels", count),
    ]
    rows = []
    lines = []
    for fold in looked:
        pixels = fold["pixels"]
        rows.append([
            fold["name"], pixels["images"], len(pixels["unreadable"]), pixels["equal"]["count"],
            pixels["alike"]["count"],
            pixels["two_labels"]["count"],
        ])  # fmt: skip
        equal = [*pixels["equal"]["first"], *pixels["two_labels"]["first"]]
        lines += [f"equal to the pixel: {prose_list([entry['item'] for entry in group])}" for group in equal]
        lines += [f"look alike: {prose_list(pair['patches'])}" for pair in pixels["alike"]["pairs"]]
        lines += pixels["unreadable"]
    compared = table("pixels", "Images compared by their pixels.", columns, rows)
    lead = "Equal images have the same pixels; alike are those that were saved again, brightened, turned or mirrored."
    yield Section("pixels", "Pixels", lead, (compared, *((Notes(tuple(lines[:LISTED])),) if lines else ())))


def _balance(folds: Sequence[Fold]) -> Section:
    columns = [
        Column("fold", "fold", kind="text"),
        Column("class", "class", kind="text"),
        Column("subset", "subset", kind="text"),
        Column("items", "items", count),
        Column("families", "families", count),
    ]
    rows = [
        [fold["name"], label, subset, held["items"], held["families"]]
        for fold in folds
        for label, subsets in fold["classes"].items()
        for subset, held in subsets.items()
    ]
    quality = [
        Column("fold", "fold", kind="text"),
        Column("d", "D", lambda value: decimal(value, 4)),
        Column("best", "best possible", lambda value: decimal(value, 4)),
        Column("gap", "gap", lambda value: decimal(value, 4)),
        Column("reason", "why not", kind="text"),
    ]
    losses = [
        [fold["name"], *(fold["loss"].get(key) for key in ("d", "best", "gap")), fold["loss"].get("reason", "")]
        for fold in folds
    ]
    return Section(
        "balance",
        "Balance",
        "D is the mean distance of each class from the sizes that the split itself chose; 0 is even to the last item.",
        (
            table("balance", f"A family is the {folds[0]['family_is']}.", columns, rows),
            table("loss", "D beside the best that whole families allow.", quality, losses),
        ),
    )


def _width(folds: Sequence[Fold]) -> Section:
    columns = [
        Column("fold", "fold", kind="text"),
        Column("subset", "tested on", kind="text"),
        Column("families", "families", count),
        Column("width", "95 % interval of accuracy", kind="text"),
    ]
    rows = [
        [fold["name"], fold["width"]["subset"], fold["width"]["families"], _points(fold["width"])] for fold in folds
    ]
    accuracy = folds[0]["width"]["assumed_accuracy"]
    note = (
        f"Expected half width of the exact interval at a true accuracy of {accuracy:.0%}, each family one case; "
        f"± 10 points take {plural(cases_for(0.1, accuracy), 'family')}."
    )
    few = folds[0]["width"]["classes_of_few_families"]
    lines = tuple(
        f"{label}: {plural(number, 'family')} in all; folds, each family tested once, decide more than one test set"
        for label, number in few.items()
    )
    blocks: list[Block] = [table("width", note, columns, rows)]
    if lines:
        blocks.append(Notes(lines))
    return Section("width", "What the test can decide", "Known before anything is trained.", tuple(blocks))


def _rule(result: Mapping[str, Any], command: str) -> Section:
    told = prose_list([f"{number:,} by {rule}" for rule, number in result["patient_told_by"].items()])
    lines = [f"patients of items told: {told}", f"digest of this audit: {result['digest']}"]
    lines += [f"{source}: sha256 {digest}" for source, digest in result["sources"].items()]
    return Section(
        "rule",
        "How it was found",
        "Names are compared after NFKC, case, blanks, hyphens and leading zeros are made equal. Run the command again "
        "for the same digest.",
        (Commands((command,)), Notes(tuple(lines))),
    )


def _points(width: Mapping[str, Any]) -> str:
    half = width["half_width"]
    return "unknown" if half is None else f"± {100 * half:.0f} points"


def _or_unknown(value: object) -> str:
    return "unknown" if value is None else count(value)
