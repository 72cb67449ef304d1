"""The data: images, families and patches of each class, and the account of every pixel (§2.2.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from neurograde.reports.blocks import Block, Figures, Heading, Notes, Paragraph, Section, Table
from neurograde.reports.chain import Chain, file_name, of_study, unique
from neurograde.reports.figures.accounting import accounting
from neurograde.reports.figures.precrop import precrop
from neurograde.reports.limits import kept_apart
from neurograde.reports.numbers import count, percent, plural, prose_list, shares_that_add_up
from neurograde.reports.published import SECTION_2_2_2
from neurograde.reports.tables import Column, Text, table
from neurograde.specs.results.accounting import Accounting, PixelAccount
from neurograde.storage.artefact import Artefact

_STUDY = (
    f"the study (§2.2.2): {plural(SECTION_2_2_2.images, 'image')}, {count(SECTION_2_2_2.total_px)} px, "
    f"{plural(SECTION_2_2_2.patches, 'patch')} of 250 × 250 px: {percent(SECTION_2_2_2.lost, 2)} of the pixels lost = "
    f"{percent(SECTION_2_2_2.labels, 2)} labels + {percent(SECTION_2_2_2.borders, 2)} borders"
)
PARTS = ("kept_px", "labels_px", "background_px", "borders_px", "precrop_px")
_TITLES = ("kept", "lost to labels", "background", "borders", "pre-crop")


def data(chains: Sequence[Chain]) -> Section:
    """Return an account per set of patches."""
    sets = unique(chain.patches for chain in chains)
    accounts = [(patches.manifest.name, _account(patches)) for patches in sets]
    blocks: list[Block] = []
    specs = {patches.manifest.name: patches.manifest.spec for patches in sets}
    cropped = {chain.patches.manifest.name: chain.illustrations.cropped for chain in chains if chain.illustrations}
    for name, account in accounts:
        if len(sets) > 1:
            blocks.append(Heading(name))
        blocks.append(Paragraph(_described(specs[name])))
        shares = {"all": _shares(account), **{label: _shares(of_class) for label, of_class in account.classes.items()}}
        caption = f"Where did the {count(account.total_px)} pixels go (§2.2.2)? Each bar is 100 %."
        blocks.append(Figures((accounting(file_name("accounting", name), shares),), caption))
        if cropped.get(name):
            caption = (
                "What does the pre-crop take off (figure 2.1)? Hatched is what goes; right, the grid on what is left."
            )
            blocks.append(Figures((precrop(file_name("precrop", name), cropped[name]),), caption))
        blocks.append(_table(name, account))
        blocks.append(Paragraph(_reviewed(account)))
    if of_study(chains):
        blocks.append(Notes((_STUDY,)))
    return Section("data", "Data", " ".join(_sentence(account) for _, account in accounts), tuple(blocks))


def _described(spec: Mapping[str, Any]) -> str:
    """Return which data these are and what a family is, by the spec of the patches."""
    about, images = spec.get("data") or {}, (spec.get("source") or {}).get("images")
    parts = [about.get("source"), f"doi {about['doi']}" if about.get("doi") else None]
    named = ", ".join(part for part in parts if part)
    if not named:
        named = f"Images of the set {images}, drawn by a program" if images else "Source not named in the patches' spec"
    licence = f"licence {about['licence']}" if about.get("licence") else "no licence named"
    return f"{named}{'' if images else f'; {licence}'}. {kept_apart(spec.get('family_is'))}"


def _account(patches: Artefact) -> Accounting:
    """Return the account with the number of families; a family of two classes counts once."""
    families = {row["family"] for row in patches.read_csv("images.csv") if int(row["patches"])}
    return patches.read_result(Accounting, "accounting.json").model_copy(update={"families": len(families)})


def _sentence(account: Accounting) -> str:
    kept, labels, background, borders, precrop = _shares(account)
    lost = [
        f"{percent(share, 2)} {cause}"
        for share, cause in (
            (labels, "labels"),
            (background, "background"),
            (borders, "borders"),
            (precrop, "pre-crop"),
        )
        if share
    ]
    images, families = plural(account.images, "image"), plural(account.families or 0, "family")
    size = f"{account.patch_size_px} × {account.patch_size_px} px"
    return (
        f"{images} of {families}, {count(account.total_px)} px, {plural(account.patches, 'patch')} of {size}: "
        f"{percent(1 - kept, 2)} of the pixels lost{' = ' + ' + '.join(lost) if lost else ''}."
    )


def _reviewed(account: Accounting) -> str:
    """Return the reviewers of the squares and how many images each looked at, in words."""
    review = account.review
    if review is None:
        return (
            "Nobody reviewed the squares: each patch has its image's class, and background is told by a tissue measure."
        )
    who = prose_list([f"{name} ({plural(images, 'image')})" for name, images in review.reviewers.items()] or ["nobody"])
    words = f"Reviewed by {who}; the decisions on {plural(review.images, 'image')} were followed."
    left = [
        f"{plural(number, 'image')} {state}"
        for number, state in (
            (len(review.undecided), "undecided"),
            (len(review.unfinished), "unfinished"),
            (len(review.void), "changed since, so their decisions are void"),
        )
        if number
    ]
    return f"{words} Left open: {'; '.join(left)}." if left else words


def _table(name: str, account: Accounting) -> Table:
    def pixels(part: str) -> Callable[[Row], Text]:
        return lambda row: (percent(_shares(row[1])[PARTS.index(part)], 2), count(getattr(row[1], part)))

    def of(attribute: str) -> Callable[[Row], object]:
        return lambda row: getattr(row[1], attribute)

    columns = (
        Column("class", "class", kind="text", value=lambda row: row[0]),
        *(Column(number, number, count, value=of(number)) for number in ("images", "families", "patches")),
        Column("total_px", value=of("total_px")),
        *(Column(part, title, value=of(part), show=pixels(part)) for part, title in zip(PARTS, _TITLES, strict=True)),
    )
    whole: Row = ("all", account)
    classes: list[Row] = list(account.classes.items())
    caption = "Images, families, patches and pixels of each class"
    return table(file_name("data", name), caption, columns, classes, total=whole, csv_rows=[whole, *classes])


Row = tuple[str, PixelAccount]
"""A class, or `all`, and its account."""


def _shares(account: PixelAccount) -> list[float]:
    return shares_that_add_up([getattr(account, part) for part in PARTS])
