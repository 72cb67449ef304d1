"""Decisions in numbers: the pixels that they cost, and how far two reviewers agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurograde.maths.agreement import cohen_kappa
from neurograde.maths.patch_grid import Accounting, Grid, Margins
from neurograde.specs.records import Decision


def account_of(decision: Decision) -> Accounting:
    """Return the account of the image's pixels under this decision."""
    grid = _grid(decision)
    rejected = len(decision.rejected)
    kept = grid.n_cells - rejected - decision.background
    return grid.account(kept=kept, labels=rejected, background=decision.background)


def agreement(decisions: Mapping[str, Mapping[str, Decision]]) -> list[dict[str, Any]]:
    """Return Cohen's kappa of every two reviewers over the squares of images that both have finished on one grid."""
    reviewers = sorted({name for by in decisions.values() for name in by})
    agreements = []
    for first, second in combinations(reviewers, 2):
        pairs = [
            (by[first], by[second])
            for by in decisions.values()
            if first in by and second in by and by[first].finished and by[second].finished
            if _judged(by[first]) == _judged(by[second])
        ]
        ours, theirs = (_gone(side) for side in (zip(*pairs, strict=True) if pairs else ((), ())))
        kappa = cohen_kappa(ours, theirs)
        agreements.append({"reviewers": [first, second], "images": len(pairs), "cells": ours.size, "kappa": kappa})
    return agreements


def _grid(decision: Decision) -> Grid:
    margins = Margins(**decision.margins_px.model_dump())
    return Grid(decision.width_px, decision.height_px, margins, decision.patch_size_px)


def _judged(decision: Decision) -> tuple[object, ...]:
    size = (decision.width_px, decision.height_px)
    return decision.image_sha256, size, decision.patch_size_px, decision.margins_px


def _gone(decisions: Iterable[Decision]) -> NDArray[np.bool_]:
    """Return for every square of the images if the reviewer overruled the tissue filter, (square,)."""
    judged = [np.zeros(0, bool)]
    for decision in decisions:
        grid = _grid(decision)
        cells = np.zeros((grid.n_rows, grid.n_cols), bool)
        for square in (*decision.rejected, *decision.restored):
            cells[square.row, square.col] = True
        judged.append(cells.ravel())
    return np.concatenate(judged)


def state(decision: Decision | None, *, voided: bool) -> str:
    """Return the state of an image on the page: `open`, `begun`, `finished`, or `void`."""
    if decision is None:
        return "void" if voided else "open"
    return "finished" if decision.finished else "begun"
