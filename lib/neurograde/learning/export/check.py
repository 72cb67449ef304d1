"""Is the exported graph the network that was evaluated? Both are asked about the same patches."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from neurograde.errors import DataError
from neurograde.learning.export.portable import INPUT, OUTPUTS

BATCHES = (1, 2, 16)
"""Sizes of the batches in which the graph is asked, so that it is seen to take any; the last goes on to the end."""


def extremes(side_px: int) -> NDArray[np.uint8]:
    """Return a black, a white and a noisy patch, (3, side, side, 3): more extreme than tissue."""
    noise = np.random.default_rng(0).integers(0, 256, (side_px, side_px, 3), np.uint8)
    return np.stack([np.zeros_like(noise), np.full_like(noise, 255), noise])


def greatest_differences(
    onnx: bytes, patches: NDArray[np.uint8], expected: Mapping[str, NDArray[np.float64]], tolerance: float
) -> dict[str, float]:
    """Return the largest difference between onnxruntime and torch per output.

    Args:
        onnx: The exported graph.
        patches: Shape (patch, side, side, 3).
        expected: Torch's outputs by name, (patch, class).
        tolerance: Most that may be.

    Raises:
        DataError: an output differs by more.
    """
    import onnxruntime  # noqa: PLC0415 - of an extra: all other jobs do without

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    outputs: dict[str, list[NDArray[np.float32]]] = {name: [] for name in OUTPUTS}
    sizes = iter((*BATCHES, *[BATCHES[-1]] * len(patches)))
    start = 0
    while start < len(patches):
        end = start + next(sizes)
        for name, values in zip(OUTPUTS, session.run(list(OUTPUTS), {INPUT: patches[start:end]}), strict=True):
            outputs[name].append(values)
        start = end
    differences = {name: float(np.abs(np.concatenate(outputs[name]) - expected[name]).max()) for name in OUTPUTS}
    for name, difference in differences.items():
        if not difference <= tolerance:  # a NaN is not
            raise DataError(
                f"tolerance: of {len(patches)} patches, {name} by onnxruntime and by torch differ by up to "
                f"{difference:.2g}; accepted is {tolerance:g}"
            )
    return differences
