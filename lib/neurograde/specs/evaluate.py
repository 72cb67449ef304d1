"""Spec of `evaluate` (§4.1): sessions compared by the minimax rule, then the test set opened once."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from neurograde.specs.base import Name
from neurograde.specs.test_set import OpensTestSet


class EvaluateSpec(OpensTestSet):
    """Choose a session on train and valid, then open the test set with it; figures have intervals."""

    job: Literal["evaluate"]
    """The job this spec is for."""
    run: Name
    """The grid to evaluate: a folder under runs/, all shards done."""
    opens: str
    """Session that opens the test set: `best_of_best_cell` (the best session of the setting with the best mean over
    repeats), `best` (the best of all sessions) or a session id."""
    threshold: Annotated[float, Field(gt=0, lt=1)] | Literal["valid"] = 0.5
    """Probability from which a sample counts as positive; `valid` takes the one of best balanced accuracy on valid."""
    external: Name | None = None
    """Patches of another labelled set, tested as well; refused if it shares a patch with training."""
    top_k: Annotated[int, Field(ge=1, le=10_000)] = 5
    """Patches that speak for each class of a case where its grade is by `top_k`. Five are a fifth of what an image of
    the study has on average (1,570 patches of 61): enough that no single patch decides, few enough to differ from
    the mean."""
    ensemble: bool = True
    """True: the mean of the repeats of the chosen setting is assessed beside the chosen session."""
    resamples: Annotated[int, Field(ge=100, le=100_000)] = 1000
    """Bootstrap resamples of the families."""
    calibration_bins: Annotated[int, Field(ge=2, le=100)] = 10
    """Bins of the calibration curve."""
    seed: Annotated[int, Field(ge=0)]
    """Seed of the bootstrap."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device to predict on; `auto` takes a GPU if one is available."""
    open: bool = True
    """Open the test set. `--set open=false` prints the head digest, to be deposited elsewhere, and ends before it."""
    workers: Annotated[int, Field(ge=1)] | None = None
    """Threads that torch may use; all cores when not given."""
    PLACEMENT: ClassVar[frozenset[str]] = OpensTestSet.PLACEMENT | {"open"}  # the evaluation is the same one
