"""Spec of `export`: the session that an evaluation chose, taken out of the store as a model with its card."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from neurograde.specs.base import JobSpec, Name


class ExportSpec(JobSpec):
    """Export a chosen session as ONNX and as a state dict, with a model card."""

    device: ClassVar[Literal["cpu"]] = "cpu"
    workers: ClassVar[int] = 1  # so that what the check measures is the same number again

    job: Literal["export"]
    """The job this spec is for."""
    evaluation: Name
    """The evaluation whose chosen session is exported."""
    tolerance: Annotated[float, Field(gt=0, le=0.01)] = 1e-4
    """Most that a probability may differ between onnxruntime and torch; with more, nothing is exported. Single
    precision errs by some 1e-6 in a deep network; no threshold or confidence is told to the fourth decimal."""
    checked_patches: Annotated[int, Field(ge=1, le=100_000)] = 64
    """Valid patches on which both are asked, evenly spaced; a black, a white and a noisy one are always added."""
