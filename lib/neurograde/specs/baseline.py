"""Spec of `baseline`: a method that the study measures itself against (chapter 1), under the same partition."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from neurograde.specs.base import Model, Name, check_classes
from neurograde.specs.names import Label
from neurograde.specs.test_set import OpensTestSet
from neurograde.specs.train import Backbone

Groups = Annotated[int, Field(ge=1, le=256)]


class LabTexture(Model):
    """Kong et al. 2008: texture of cytoplasm and neuropil at several scales, coarse to fine."""

    kind: Literal["lab_texture"]
    """The method."""
    scales_px: Annotated[tuple[Annotated[int, Field(ge=16, le=4096)], ...], Field(min_length=1)] = (512, 256, 128, 64)
    """Sides of the windows around a patch's centre, coarse to fine; each is looked at in 64 x 64 px."""
    most_features: Annotated[int, Field(ge=1, le=40)] = 8
    """Most features that the selection keeps at a scale."""


class PatchedBinaryPattern(Model):
    """PCLBP, 2018: completed local binary patterns of sign and magnitude, nearest by chi-square."""

    kind: Literal["pclbp"]
    """The method."""
    radii: Annotated[tuple[Annotated[int, Field(ge=1, le=16)], ...], Field(min_length=1)] = (1, 2, 3)
    """Radii of the circles of eight neighbours, px."""


class DeepBelief(Model):
    """CDBN, 2018: whitening, three convolutional RBMs, a codebook of what they see, an SVM."""

    kind: Literal["cdbn"]
    """The method."""
    side_px: Annotated[int, Field(ge=48, le=256)] = 64
    """Side that patches are made smaller to."""
    groups: tuple[Groups, Groups, Groups] = (12, 16, 24)
    """Filters of each layer."""
    epochs: Annotated[int, Field(ge=1, le=1000)] = 20
    """Passes of contrastive divergence for each layer."""
    words: Annotated[int, Field(ge=2, le=4096)] = 48
    """Size of the codebook."""


class SiftWords(Model):
    """2020: SIFT, a bag of visual words, an SVM."""

    kind: Literal["sift_bovw"]
    """The method."""
    words: Annotated[tuple[Annotated[int, Field(ge=2, le=4096)], ...], Field(min_length=1)] = (50, 150)
    """Sizes of the vocabulary to choose from on valid."""
    resampling: Literal["none", "undersample", "smote", "near_miss"] = "none"
    """Balance of the classes: descriptors of the larger ones dropped before the vocabulary, histograms of the smaller
    ones made up (SMOTE), or those of the larger ones near the others kept (NearMiss)."""


class Nuclei(Model):
    """2022: nuclei segmented on the haematoxylin channel, their shapes, random forest and k-NN."""

    kind: Literal["nuclei"]
    """The method."""
    min_area_px: Annotated[int, Field(ge=1, le=10_000)] = 30
    """Area below which an object does not count as a nucleus."""


class Fractal(Model):
    """2023: entropy, fractal dimension and lacunarity; logistic regression and random forest."""

    kind: Literal["fractal"]
    """The method."""


class FrozenFeatures(Model):
    """A frozen backbone's features with logistic regression and SVM: the cheapest honest opponent of a grid."""

    kind: Literal["frozen_features"]
    """The method."""
    backbone: Backbone
    """The network and its weights."""


Method = Annotated[
    LabTexture | PatchedBinaryPattern | DeepBelief | SiftWords | Nuclei | Fractal | FrozenFeatures,
    Field(discriminator="kind"),
]


class BaselineSpec(OpensTestSet):
    """Train a method of the literature on train, choose its settings on valid, open the test set once."""

    job: Literal["baseline"]
    """The job this spec is for."""
    dataset: Name
    """The data set to learn from: its partition, and how often each patch counts."""
    classes: Annotated[tuple[Label, ...], Field(min_length=2)]
    """The classes, in the order of the probabilities."""
    positive: Label
    """The class that sensitivity and specificity speak of."""
    method: Method
    """The method."""
    threshold: Annotated[float, Field(gt=0, lt=1)] | Literal["valid"] = 0.5
    """Probability from which a sample counts as positive; `valid` takes the one of best balanced accuracy on valid."""
    resamples: Annotated[int, Field(ge=100, le=100_000)] = 1000
    """Bootstrap resamples of the families."""
    calibration_bins: Annotated[int, Field(ge=2, le=100)] = 10
    """Bins of the calibration curve."""
    seed: Annotated[int, Field(ge=0)]
    """Root of every random stream."""

    @model_validator(mode="after")
    def _consistent(self) -> BaselineSpec:
        check_classes(self.classes, self.positive)
        return self

    def backbones(self) -> tuple[Backbone, ...]:
        """Return the networks that it begins with."""
        return (self.method.backbone,) if isinstance(self.method, FrozenFeatures) else ()
