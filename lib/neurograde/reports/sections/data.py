"""The data: images, families and patches of each class, and the account of every pixel (§2.2.2)."""

from __future__ import annotations

from collections.abc import Sequence

from neurograde.reports.blocks import Block, Cell, Figures, Heading, Paragraph, Section, Table
from neurograde.reports.chain import Chain, file_name, unique
from neurograde.reports.figures.accounting import accounting
from neurograde.reports.figures.precrop import precrop
from neurograde.reports.numbers import count, percent, plural, prose_list, shares_that_add_up
from neurograde.specs.results.accounting import Accounting, PixelAccount
from neurograde.storage.artefact import Artefact

PARTS = ("kept_px", "labels_px", "background_px", "borders_px", "precrop_px")
_TITLES = ("kept", "lost to labels", "background", "borders", "pre-crop")


def data(chains: Sequence[Chain]) -> Section:
    """Return an account per set of patches."""
    sets = unique(chain.patches for chain in chains)
    accounts = [(patches.manifest.name, _account(patches)) for patches in sets]
    blocks: list[Block] = []
    cropped = {chain.patches.manifest.name: chain.illustrations.cropped for chain in chains if chain.illustrations}
    for name, account in accounts:
        if len(sets) > 1:
            blocks.append(Heading(name))
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
    return Section("data", "Data", " ".join(_sentence(account) for _, account in accounts), tuple(blocks))


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
    rows = [("all", account), *account.classes.items()]
    numbers = ("images", "families", "patches")
    return Table(
        slug=file_name("data", name),
        caption="Images, families, patches and pixels of each class",
        titles=(Cell("class", kind="text"), *(Cell(head) for head in (*numbers, *_TITLES))),
        rows=tuple(
            (
                Cell(label, kind="text"),
                *(Cell(count(getattr(class_account, number))) for number in numbers),
                *(
                    Cell(percent(share, 2), count(getattr(class_account, part)))
                    for part, share in zip(PARTS, _shares(class_account), strict=True)
                ),
            )
            for label, class_account in rows[1:]
        ),
        columns=("class", *numbers, "total_px", *PARTS),
        values=tuple(
            (label, *(getattr(class_account, column) for column in (*numbers, "total_px", *PARTS)))
            for label, class_account in rows
        ),
        total=(
            Cell("all", kind="text"),
            *(Cell(count(getattr(account, number))) for number in numbers),
            *(
                Cell(percent(share, 2), count(getattr(account, part)))
                for part, share in zip(PARTS, _shares(account), strict=True)
            ),
        ),
    )


def _shares(account: PixelAccount) -> list[float]:
    return shares_that_add_up([getattr(account, part) for part in PARTS])
