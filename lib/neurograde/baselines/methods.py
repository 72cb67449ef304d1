"""Every method by the kind that a spec calls it."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from neurograde.baselines.method import Method
from neurograde.specs import baseline

METHODS = {
    "lab_texture": "LabTextureMethod",
    "pclbp": "BinaryPatternMethod",
    "cdbn": "DeepBeliefMethod",
    "sift_bovw": "SiftMethod",
    "nuclei": "NucleiMethod",
    "fractal": "FractalMethod",
    "frozen_features": "FrozenFeaturesMethod",
}
"""The class of each, in the file of its name."""


def make_method(spec: baseline.Method) -> Method:
    """Return the method of a spec; its packages are imported only now."""
    module = import_module(f"neurograde.baselines.{spec.kind}")
    return cast(Method, getattr(module, METHODS[spec.kind])(spec))
