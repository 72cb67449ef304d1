"""Calibration by temperature: one number, fitted on valid, that matches probabilities to the share of correct answers.

Logits divided by T > 0 keep their order, so no grade changes; T > 1 makes an overconfident network less sure
(Guo et al., On Calibration of Modern Neural Networks, ICML 2017).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar

Floats = NDArray[np.float64]
BOUNDS = (0.05, 20.0)
"""Bounds of T; a fit at one of them means that the valid subset is too small or too easy."""
TINY = 1e-12  # the least probability: float32 rounds smaller ones to 0


def at_temperature(probabilities: ArrayLike, temperature: float) -> Floats:
    """Return the probabilities after dividing their logits by the temperature.

    >>> at_temperature([[0.9, 0.1]], 2.0).round(2).tolist()
    [[0.75, 0.25]]

    Args:
        probabilities: Shape (sample, class), rows of sum 1.
        temperature: T, above 0.

    Returns:
        Shape (sample, class), rows of sum 1.
    """
    logits = np.log(np.clip(np.asarray(probabilities, np.float64), TINY, None)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    scaled: Floats = powers / powers.sum(axis=1, keepdims=True)
    return scaled


def fit_temperature(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Return the temperature that minimises the mean negative log-likelihood of the labels.

    Args:
        labels: Shape (sample,), the number of each sample's class.
        probabilities: Shape (sample, class), rows of sum 1.

    Returns:
        T, within `BOUNDS`.

    Raises:
        ValueError: The arrays are empty.
    """
    truth, scores = np.asarray(labels, np.intp), np.asarray(probabilities, np.float64)
    if not len(truth):
        raise ValueError("no samples to fit a temperature on: 1 or more are accepted")

    def loss(log_temperature: float) -> float:
        of_truth = at_temperature(scores, float(np.exp(log_temperature)))[np.arange(len(truth)), truth]
        return float(-np.log(np.clip(of_truth, TINY, None)).mean())

    optimum = minimize_scalar(loss, bounds=tuple(np.log(BOUNDS)), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(optimum.x))
