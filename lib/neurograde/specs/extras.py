"""The extras of the distribution: what `pip install neurograde` leaves out, and the modules that each brings."""

from __future__ import annotations

EXTRAS = {
    "train": ("safetensors", "torch", "torchvision"),
    "baselines": ("imblearn", "skimage", "sklearn"),
    "export": ("onnx", "onnxruntime", "onnxscript"),
    "notebook": ("pandas",),
    "s3": ("s3fs",),
    "slides": ("openslide",),
}
"""Modules that each extra of pyproject.toml installs; a test holds both to each other."""


def how_to_install(*extras: str) -> str:
    """Return the command that installs `extras`.

    >>> how_to_install("train", "export")
    "pip install 'neurograde[train,export]'"
    """
    return f"pip install 'neurograde[{','.join(extras)}]'"
