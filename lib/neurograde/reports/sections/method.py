"""The method (figure 3.1): the steps from the images to the test set."""

from __future__ import annotations

from collections.abc import Sequence

from neurograde.maths.subsets import SUBSETS
from neurograde.reports.blocks import Figures, Section
from neurograde.reports.chain import Chain, unique
from neurograde.reports.figures.method import Box
from neurograde.reports.figures.method import method as figure
from neurograde.reports.figures.style import SUBSET, short
from neurograde.reports.headline import with_interval
from neurograde.reports.leaks import lead
from neurograde.reports.numbers import count, plural
from neurograde.reports.searched import grids
from neurograde.specs.records import Session
from neurograde.specs.results.accounting import Accounting
from neurograde.specs.results.balance import Balance
from neurograde.specs.strategies import KINDS

SEARCHED = 2 / 3  # of the width, below train and valid: no search sees test


def method(chains: Sequence[Chain]) -> Section:
    """Return the steps of the first evaluation's data, and the searches of all."""
    first = lead(chains)
    members: dict[str, list[Session]] = {kind: [] for kind in KINDS}
    for chain in grids(chains) or chains:
        for session in chain.run.sessions:
            members[session.adaptation.kind].append(session)
    strategies = [_strategy(sessions) for sessions in members.values() if sessions]
    # As in §3: a new last layer on all, then more on those that promise most.
    steps = [strategies[:1], strategies[1:]] if members[KINDS[0]] and strategies[1:] else [strategies]
    searched = [_side_by_side(row, SEARCHED) for row in (*steps, [_choice(first)])]
    rows = [[_images(first)], _side_by_side(_subsets(first), 1.0), *searched, [_test(first)]]
    caption = "What was done, in which order (figure 3.1)?"
    others = len(unique(chain.dataset for chain in chains)) - 1
    if others:
        caption += f" The data set is {first.name}'s, one of {others + 1} on the page."
    text = "Patches inherit the class of their image, families stay whole, and the test set is opened last."
    return Section("method", "Method", text, (Figures((figure("method", rows),), caption),))


def _side_by_side(row: Sequence[Box], width: float) -> list[Box]:
    step = width / len(row)
    return [box._replace(span=(step * index, step * (index + 1))) for index, box in enumerate(row)]


def _images(chain: Chain) -> Box:
    account = chain.patches.read_result(Accounting, "accounting.json")
    return Box(
        f"{plural(account.images, 'image')}, {plural(len(account.classes), 'class')}",
        (f"pre-crop, grid of {account.patch_size_px} px: {plural(account.patches, 'patch')}",),
    )


def _subsets(chain: Chain) -> list[Box]:
    subsets = chain.dataset.read_result(Balance, "balance.json").subsets
    boxes = []
    for name in SUBSETS:
        classes = subsets[name].classes.values()
        patches, samples = (sum(getattr(of_class, step) for of_class in classes) for step in ("start", "final"))
        boxes.append(Box(name, (plural(patches, "patch"), plural(samples, "sample")), SUBSET[name]))
    return boxes


def _strategy(sessions: Sequence[Session]) -> Box:
    networks = list(dict.fromkeys(session.backbone for session in sessions))
    backbones = networks[0] if len(networks) == 1 else plural(len(networks), "backbone")
    adaptation = sessions[0].adaptation
    depths = sorted({session.adaptation.depth for session in sessions})
    reach = f"{depths[0]}" if len(depths) == 1 else f"{depths[0]} to {depths[-1]}"
    letter = (f"{adaptation.SYMBOL} = {reach}",) if adaptation.SYMBOL else ()
    return Box(adaptation.TITLE, (short(backbones, 18), *letter, plural(len(sessions), "session")))


def _choice(chain: Chain) -> Box:
    return Box("Minimax, best mean of the repeats", (short(chain.metrics.chosen.session, 44),))


def _test(chain: Chain) -> Box:
    test = chain.metrics.subsets["test"].patches
    lines = (
        f"loss {with_interval('loss', test.metric('loss'))}",
        f"accuracy {with_interval('accuracy', test.metric('accuracy'))}",
    )
    return Box(f"test, opening {count(chain.metrics.openings)}", lines, SUBSET["test"])
