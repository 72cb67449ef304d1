"""The worst mistakes: test patches that the chosen session was surest of, and wrong."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from PIL import Image

from neurograde.maths.dihedral import IDENTITY
from neurograde.reports.blocks import Block, Heading, Paragraph, Picture, Pictures, Section
from neurograde.reports.chain import Chain
from neurograde.reports.leaks import searches
from neurograde.reports.numbers import percent, plural

SIDE_PX = 180  # of a thumbnail: a page with dozens of them stays small
PREDICTIONS = "predictions.csv"


def mistakes(chains: Sequence[Chain], number: int) -> Section:
    """Return up to `number` mistakes of each evaluation; of a leak only where all of them leak."""
    blocks: list[Block] = []
    chains = searches(chains) or chains
    for chain in chains:
        if len(chains) > 1:
            blocks.append(Heading(chain.name))
        wrong = _wrong(chain)
        if wrong:
            pictures = tuple(_picture(chain, row) for row in wrong[:number])
            families = len({row["family"] for row in wrong})
            caption = (
                f"{len(pictures)} of {plural(len(wrong), 'patch')} of {plural(families, 'family')}, the surest first."
            )
            blocks.append(Pictures(pictures, caption))
        else:
            blocks.append(Paragraph("No test patch was given a wrong class."))
    lead = (
        "Test patches that the chosen session was surest of, and wrong: stain, blur or a label that does not hold for "
        "every patch of its image? Looking does not open the test set again; choosing by what is seen would."
    )
    return Section("mistakes", "Worst mistakes", lead, tuple(blocks))


def _wrong(chain: Chain) -> list[Mapping[str, str]]:
    """Return the original test patches with a wrong class, the surest first."""
    rows = [
        row
        for row in chain.evaluation.read_csv(PREDICTIONS)
        if row["subset"] == "test" and row["transform"] == IDENTITY and row["predicted"] != row["label"]
    ]
    return sorted(rows, key=lambda row: (-float(row[f"p_{row['predicted']}"]), row["patch"]))


def _picture(chain: Chain, row: Mapping[str, str]) -> Picture:
    with Image.open(io.BytesIO(chain.patches.read(row["patch"]))) as image:
        small = image.convert("RGB")
        small.thumbnail((SIDE_PX, SIDE_PX))
    data = io.BytesIO()
    small.save(data, "JPEG", quality=85)
    sure = percent(float(row[f"p_{row['predicted']}"]))
    words = f"{row['label']} taken for {row['predicted']}, {sure}"
    return Picture(data.getvalue(), f"Patch {row['patch']}: {words}", f"{words}; {row['family']}")
