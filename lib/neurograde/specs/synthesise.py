"""Spec of `synthesise`: a stand-in data set with known answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from neurograde.specs.base import JobSpec, Model
from neurograde.specs.names import Label


class SyntheticClass(Model):
    """One class of the synthetic set."""

    label: Label
    """Name of the class."""
    families: Annotated[int, Field(ge=1, le=10_000)]
    """Number of families (cases), each with its own stain."""
    differentiation: Annotated[float, Field(ge=0, le=1)]
    """Differentiation of its tumour: 0 crowded small nuclei, 1 sparse large nuclei in fibrillar neuropil."""


class SynthesiseSpec(JobSpec):
    """Make H&E-like images with known classes and a stain per family."""

    job: Literal["synthesise"]
    """The job this spec is for."""
    classes: Annotated[tuple[SyntheticClass, ...], Field(min_length=2)]
    """The classes to make."""
    images_per_family: Annotated[int, Field(ge=1, le=1000)] = 1
    """Images of each family."""
    min_size_px: tuple[Annotated[int, Field(ge=32)], Annotated[int, Field(ge=32)]]
    """Smallest width and height of an image."""
    max_size_px: tuple[Annotated[int, Field(le=20_000)], Annotated[int, Field(le=20_000)]]
    """Largest width and height of an image."""
    sizes: Literal["uniform", "log_uniform"] = "uniform"
    """Distribution of widths and heights; `log_uniform`: as many from 500 to 1000 as from 1000 to 2000."""
    irregular_share: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Share of the images that carry a watermark or a dark border, as in figure 2.1."""
    labels: bool = False
    """Write `labels.csv` beside the images: class, family and pre-crop of each, a table that `patch` takes."""
    seed: Annotated[int, Field(ge=0)]
    """Seed of every random draw: the same seed gives the same bytes."""

    @model_validator(mode="after")
    def _sizes_in_order(self) -> SynthesiseSpec:
        if any(low > high for low, high in zip(self.min_size_px, self.max_size_px, strict=True)):
            raise ValueError(f"min_size_px {self.min_size_px} must not exceed max_size_px {self.max_size_px}")
        labels = [name.label for name in self.classes]
        if len(set(labels)) < len(labels):
            raise ValueError(f"classes {labels} must have different labels")
        return self
