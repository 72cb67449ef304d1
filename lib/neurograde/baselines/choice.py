"""Settings chosen on valid, and only there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from neurograde.baselines.method import Described, Fitted

Vectors = NDArray[np.float32]
Candidate = tuple[str, Any]
"""Name, and an untrained estimator of scikit-learn."""
TINY = 1e-12


def log_loss(labels: NDArray[np.intp], probabilities: NDArray[np.float64]) -> float:
    """Mean negative log-likelihood of the labels.

    >>> round(log_loss(np.array([0, 1]), np.array([[0.5, 0.5], [0.25, 0.75]])), 3)
    0.49
    """
    return float(-np.log(np.clip(probabilities[np.arange(len(labels)), labels], TINY, None)).mean())


def best_on_valid(
    candidates: Iterable[Candidate],
    train: Described,
    valid: Described,
    classes: int,
    vectors: Callable[[Described], Vectors] = lambda described: described.vectors,
) -> Fitted:
    """Return the candidate of least log-loss on valid; the first of equals.

    One without probabilities (an SVM) is calibrated on valid by a sigmoid.

    Args:
        candidates: Candidates to try.
        train: What to learn on.
        valid: What to choose on.
        classes: How many there are; a class that train lacks has probability 0.
        vectors: Makes the classifier's input of descriptions.
    """
    train_x, valid_x = vectors(train), vectors(valid)
    scores: dict[str, float] = {}
    best: Any = None
    for name, estimator in candidates:
        estimator.fit(train_x, train.labels)
        if not hasattr(estimator, "predict_proba"):
            calibrated = CalibratedClassifierCV(FrozenEstimator(estimator), method="sigmoid")
            estimator = calibrated.fit(valid_x, valid.labels)  # noqa: PLW2901 - the same, with probabilities
        scores[name] = log_loss(valid.labels, spread_out(estimator, valid_x, classes))
        if scores[name] == min(scores.values()):
            best = best if list(scores.values()).count(scores[name]) > 1 and best is not None else estimator
    name = min(scores, key=lambda name: scores[name])
    return Fitted(
        lambda described: spread_out(best, vectors(described), classes),
        {"chosen": name, "valid_log_loss": {value: round(score, 6) for value, score in scores.items()}},
    )


def spread_out(estimator: Any, vectors: Vectors, classes: int) -> NDArray[np.float64]:
    """Return the estimator's probabilities with a column for every class, (patch, class)."""
    probabilities = np.zeros((len(vectors), classes))
    last = estimator[-1] if hasattr(estimator, "steps") else estimator
    probabilities[:, last.classes_] = estimator.predict_proba(vectors)
    return probabilities


def forests(seed: int, sizes: Sequence[int] = (300,)) -> list[Candidate]:
    """Random forests whose leaves hold 1 to 10 patches."""
    return [
        (f"random forest, leaves of {leaf}", RandomForestClassifier(size, min_samples_leaf=leaf, random_state=seed))
        for size in sizes
        for leaf in (1, 3, 10)
    ]


def neighbours(known: int, counts: Sequence[int] = (5, 15, 35)) -> list[Candidate]:
    """Return k-nearest-neighbour candidates for so many train patches, on standardised features."""
    fitting = [k for k in counts if k <= known] or [1]
    return [(f"k-NN of {k}", make_pipeline(StandardScaler(), KNeighborsClassifier(k))) for k in fitting]


def logistic() -> list[Candidate]:
    """Logistic regression on standardised features, from strong to weak regularisation."""
    strengths = (0.001, 0.01, 0.1, 1.0)
    return [
        (f"logistic, C = {c:g}", make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=2000)))
        for c in strengths
    ]


def machines(kernels: Sequence[str] = ("rbf", "linear")) -> list[Candidate]:
    """Support vector machines on standardised features."""
    return [
        (f"SVM {kernel}, C = {c:g}", make_pipeline(StandardScaler(), SVC(C=c, kernel=kernel)))
        for kernel in kernels
        for c in (0.01, 0.1, 1.0, 10.0)
    ]
