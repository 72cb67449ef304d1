"""Spec of `report`: one page that one would send to a colleague."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from neurograde.specs.base import JobSpec, Name


class ReportSpec(JobSpec):
    """Put evaluations side by side on one self-contained page, with the data and the carbon behind them."""

    job: Literal["report"]
    """The job this spec is for."""
    evaluations: Annotated[tuple[Name, ...], Field(min_length=1)]
    """The evaluations to show; the first one leads the page."""
    baselines: tuple[Name, ...] = ()
    """Methods of the literature to compare them with, of the same data set."""
    worst_mistakes: Annotated[int, Field(ge=0, le=60)] = 6
    """Test patches of each evaluation to show that it was surest of, and wrong; 0 shows none."""
    photographs: bool = True
    """Show a patch, and images before their pre-crop where they are still there; of pseudonymised sets, no image."""
    study: bool = False
    """Hold the evaluations against the report of the study: its claims, its numbers, its figures 2.4 and 2.5 of six
    families, and an index of its figures and tables."""
    title: Annotated[str, Field(min_length=1, max_length=200)]
    """Headline of the page."""
