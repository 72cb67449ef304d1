"""The review page as tests drive it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from neurograde.specs.records import Decision
from neurograde.storage.decisions import Decisions
from neurograde.storage.store import Store
from tests.support.browser import Served
from tests.support.images import PATTERN, paint

FIRST, SECOND = "D/case a_1.png", "P/case b_1.png"

Start = Callable[..., Served]


def write_review(folder: Path) -> Path:
    """Write a spec of a review and its images; return the spec's path.

    There are two images of 3 x 2 squares of 32 px; the last column of the first is glass.
    """
    paint(folder / "images" / FIRST, 1)
    paint(folder / "images" / SECOND, 2)
    pixels = np.array(Image.open(folder / "images" / FIRST))
    pixels[:, 64:] = 240
    Image.fromarray(pixels).save(folder / "images" / FIRST)
    path = folder / "review.yaml"
    data = {"job": "review", "name": "first", "store": f"file://{folder}/store", "region": "FRA", "reviewer": "ada"}
    source = {"url": str(folder / "images"), "pattern": PATTERN}
    path.write_text(json.dumps(data | {"source": source, "patch_size_px": 32, "min_tissue_share": 0.5}))
    return path


def latest(spec: Path, image: str = FIRST, reviewer: str = "ada") -> Decision:
    return Decisions(Store(f"file://{spec.parent}/store"), "first").latest()[image][reviewer]


def rejected(decision: Decision) -> dict[tuple[int, int], str | None]:
    return {(each.row, each.col): each.reason for each in decision.rejected}


def saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text("saved")


def opened(page: Page, address: str, image: str = FIRST) -> None:
    page.goto(address)
    expect(page.locator("#name")).to_have_text(image)
    expect(page.locator("#cell")).not_to_be_empty()
