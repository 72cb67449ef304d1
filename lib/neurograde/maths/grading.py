"""The grade of an image from the probabilities of its patches, or the reason why it has none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from neurograde.maths.assessment import decide
from neurograde.maths.predictions import Floats
from neurograde.maths.temperature import at_temperature


@dataclass(frozen=True)
class Grade:
    """The grade of an image."""

    label: str | None
    """The class; None if the image is not graded."""
    likeliest: str | None
    """The class that would be named; None without a patch."""
    confidence: float | None
    """Calibrated probability of the class, the mean over patches; None without a patch."""
    reason: str
    """The reason why the image has no grade; empty if it has one."""


def grade(
    probabilities: ArrayLike,
    classes: tuple[str, ...],
    positive: int,
    threshold: float,
    temperature: float,
    *,
    min_patches: int,
    min_confidence: float,
) -> Grade:
    """Return the grade of an image: the class of the mean probability, by the rule of an evaluation.

    >>> rows = [[0.2, 0.8], [0.4, 0.6], [0.3, 0.7]]
    >>> grade(rows, ("PD", "D"), 1, 0.5, 1.0, min_patches=3, min_confidence=0.6).label
    'D'
    >>> grade(rows[:2], ("PD", "D"), 1, 0.5, 1.0, min_patches=3, min_confidence=0.6).reason
    'too little tissue: 2 patches, 3 are asked for'

    Args:
        probabilities: Shape (patch, class), as the network gives them.
        classes: Their names.
        positive: Number of the positive class.
        threshold: Mean probability from which two classes' positive one is named.
        temperature: Makes them as sure as the network is right.
        min_patches: Least number of patches for a grade.
        min_confidence: Least confidence for a grade.
    """
    scores: Floats = np.asarray(probabilities, np.float64).reshape(-1, len(classes))
    likeliest = confidence = None
    if len(scores):
        number = int(decide(scores.mean(axis=0, keepdims=True), positive, threshold)[0])
        likeliest = classes[number]
        confidence = float(at_temperature(scores, temperature).mean(axis=0)[number])
    if len(scores) < min_patches:
        patches = f"{len(scores)} patch{'' if len(scores) == 1 else 'es'}"
        return Grade(None, likeliest, confidence, f"too little tissue: {patches}, {min_patches} are asked for")
    assert confidence is not None
    if confidence < min_confidence:
        reason = f"too uncertain: {likeliest} at {confidence:.3f}, {min_confidence:g} is asked for"
        return Grade(None, likeliest, confidence, reason)
    return Grade(likeliest, likeliest, confidence, "")
