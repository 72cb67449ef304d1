"""Spec of `predict`: a new image, or a folder of them, graded by an evaluated model."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from neurograde.specs.base import Name
from neurograde.specs.patch import Margins, SlideSpec

ANY_IMAGE = "*"
"""`images` in the spec of one image's artefact: its grade does not follow from the place where it was found."""


class PredictSpec(SlideSpec):
    """Grade new images with the session that an evaluation chose, and show where in the image the grade comes from."""

    job: Literal["predict"]
    """The job this spec is for."""
    evaluation: Name
    """The evaluation whose chosen session predicts, cut and standardised as its own train patches were."""
    images: str
    """An image (any fsspec URL or a path), or a folder of images (not over HTTP). Labels are not asked for."""
    margins_px: Margins = Margins()
    """Pre-crop of every image."""
    min_tissue_share: Annotated[float, Field(ge=0, le=1)] | None = None
    """A square with less tissue is background; when not given, as the patches of training were cut."""
    min_patches: Annotated[int, Field(ge=1)] = 3
    """An image with fewer patches of tissue gets no grade."""
    min_confidence: Annotated[float, Field(ge=0, lt=1)] = 0.6
    """A grade of less calibrated probability is not given."""
    heatmaps: Annotated[int, Field(ge=0, le=50)] = 1
    """Grad-CAM of so many most certain and as many least certain patches of each image."""
    max_image_pixels: Annotated[int, Field(ge=1)] = 400_000_000
    """An image with more pixels is refused before it is decoded: a decompression bomb. Slides, never decoded whole, may
    have any number."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device to predict on; `auto` takes a GPU if one is available."""
    workers: Annotated[int, Field(ge=1)] | None = None
    """Threads that torch may use; all cores when not given."""

    def for_one_image(self) -> PredictSpec:
        """Return the spec of one image's artefact: the same for every image of this name, wherever it lies."""
        return self.model_copy(update={"images": ANY_IMAGE})
