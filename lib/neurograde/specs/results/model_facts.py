"""The parts of a model card on the exported network itself."""

from __future__ import annotations

from typing import Any

from neurograde.specs.results.base import Part
from neurograde.specs.results.sessions import WeightsFile


class ModelFacts(Part):
    """The exported network."""

    run: str
    """Name of the run."""
    session: str
    """Id of the session."""
    backbone: str
    """Name of the network."""
    strategy: dict[str, Any]
    """Adaptation: kind and depth."""
    classes: tuple[str, ...]
    """The classes, in the order of the probabilities."""
    positive: str
    """The class that sensitivity and specificity are of."""
    loss: str
    """Kind of the training loss."""
    parameters: int
    """Number of parameters."""
    trained_parameters: int
    """Number of those that were trained."""
    weights: str
    """Initial weights, as the spec names them."""
    weights_file: WeightsFile | None
    """File of the initial weights; None for random weights."""


class InputFacts(Part):
    """The input that the exported network takes."""

    patch_size_px: int
    """Side of a patch."""
    network_size_px: int
    """Side of the network's own input."""
    steps: tuple[str, ...]
    """Steps from pixels to the network, in words."""
    mean: tuple[float, ...]
    """Mean of each channel that is subtracted."""
    std: tuple[float, ...]
    """Deviation of each channel that is divided by."""


class OutputFacts(Part):
    """The output of the exported network, in words."""

    probabilities: str
    """The plain probabilities."""
    calibrated: str
    """The calibrated probabilities."""
    grade: str
    """Rule from probabilities to a grade."""


class Verification(Part):
    """The comparison of the exported graph with the network that it was made from."""

    patches: int
    """Patches that both took."""
    of_valid: int
    """Number of those from the valid subset; the others are extremes."""
    greatest_difference: dict[str, float]
    """Greatest difference by output."""
    tolerance: float
    """Difference that the spec accepts."""
    opset: int
    """Version of ONNX's operators."""
    software: dict[str, str]
    """Versions of the packages."""


class ExportedFile(Part):
    """A file beside the card."""

    format: int
    """Format of this record."""
    sha256: str
    """SHA-256 of its bytes."""
    size: int
    """Length in bytes."""


class Licences(Part):
    """The licences of code, weights and data."""

    code: str
    """Licence of the code."""
    initial_weights: str
    """Licence of the initial weights, or whom to ask."""
    data: str
    """Licence of the images, or whom to ask."""
