from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn import metrics as reference

from neurograde.maths.assessment import Assessment, assess, decide
from neurograde.maths.exact_interval import clopper_pearson

FAMILIES = [f"case {each // 5}" for each in range(60)]


def drawn(classes: int, *, positive: int = 0, threshold: float = 0.5) -> tuple[np.ndarray, np.ndarray, Assessment]:
    rng = np.random.default_rng(7)
    labels = rng.integers(0, classes, 60)
    probabilities = rng.dirichlet(np.ones(classes), 60)
    probabilities[np.arange(60), labels] += 0.5
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    found = assess(
        labels,
        probabilities,
        FAMILIES,
        positive=positive,
        threshold=threshold,
        bins=5,
        resamples=100,
        rng=np.random.default_rng(1),
    )
    return labels, probabilities, found


@pytest.mark.parametrize("positive", [0, 1])
def test_two_classes_speak_of_the_positive_one_in_either_order(positive: int) -> None:
    labels, probabilities, found = drawn(2, positive=positive, threshold=0.6)
    predicted = decide(probabilities, positive, 0.6)
    assert found.metrics["sensitivity"].value == reference.recall_score(labels, predicted, pos_label=positive)
    assert found.metrics["roc_auc"].value == pytest.approx(
        reference.roc_auc_score(labels == positive, probabilities[:, positive])
    )
    assert found.confusion.tolist() == reference.confusion_matrix(labels, predicted).tolist()
    assert found.metrics["loss"].value == pytest.approx(reference.log_loss(labels, probabilities))
    assert found.against_rest == ()


def test_three_classes_are_each_held_against_the_rest() -> None:
    labels, probabilities, found = drawn(3, positive=2)
    predicted = probabilities.argmax(axis=1)
    assert len(found.against_rest) == 3
    for each, of_class in enumerate(found.against_rest):
        assert of_class["f_measure"].value == pytest.approx(reference.f1_score(labels == each, predicted == each))
    assert {name: found.metrics[name] for name in found.against_rest[2]} == found.against_rest[2]
    assert found.metrics["quadratic_kappa"].value == pytest.approx(
        reference.cohen_kappa_score(labels, predicted, weights="quadratic")
    )
    assert found.metrics["f_macro"].value == pytest.approx(reference.f1_score(labels, predicted, average="macro"))


@pytest.mark.parametrize("classes", [2, 3])
def test_every_figure_comes_with_its_counts_and_an_interval_around_it(classes: int) -> None:
    labels, _, found = drawn(classes)
    assert (found.n, found.families, sum(found.class_counts)) == (60, 12, 60)
    assert found.class_counts == tuple(np.bincount(labels))
    assert len(found.calibration) == 5
    assert sum(each.n for each in found.calibration) == 60
    for name in ("accuracy", "sensitivity", "roc_auc"):
        each = found.metrics[name]
        assert each.low is not None
        assert each.high is not None
        assert each.low < (each.value or 0) < each.high


def test_a_class_of_one_family_has_no_interval_of_its_own() -> None:
    labels, probabilities = np.array([1, 1, 0, 0]), np.array([[0.2, 0.8], [0.6, 0.4], [0.7, 0.3], [0.1, 0.9]])
    found = assess(
        labels, probabilities, ["a", "a", "b", "c"], positive=1, threshold=0.5, bins=2, resamples=100,
        rng=np.random.default_rng(1),
    )  # fmt: skip
    sensitivity, specificity = found.metrics["sensitivity"], found.metrics["specificity"]
    assert (sensitivity.value, sensitivity.low, sensitivity.high) == (0.5, None, None)
    assert (specificity.value, specificity.exact) == (0.5, 2)
    assert (specificity.low, specificity.high) == pytest.approx((0.0126, 0.9874), abs=1e-4)


def assessed(labels: list[int], right: list[bool], families: list[str], resamples: int = 200) -> Assessment:
    scores = np.array([0.9 if label == ok else 0.1 for label, ok in zip(labels, right, strict=True)])
    return assess(
        np.array(labels), np.column_stack([1 - scores, scores]), families, positive=1, threshold=0.5, bins=2,
        resamples=resamples, rng=np.random.default_rng(1),
    )  # fmt: skip


def test_twelve_right_images_of_six_families_give_54_to_100_per_cent_and_no_area_of_one_to_one() -> None:
    families = [f"case {image // 2}" for image in range(12)]
    labels = [int(image < 6) for image in range(12)]
    metrics = assessed(labels, [True] * 12, families).metrics
    accuracy = metrics["accuracy"]
    assert (accuracy.value, accuracy.exact) == (1.0, 6)
    assert (accuracy.low, accuracy.high) == pytest.approx((0.5407, 1.0), abs=1e-4)
    for name in ("sensitivity", "specificity", "precision", "balanced_accuracy"):
        assert metrics[name].exact == 3, name
        assert (metrics[name].low, metrics[name].high) == pytest.approx((0.2924, 1.0), abs=1e-4)
    for name in ("roc_auc", "f_measure", "loss"):
        assert (metrics[name].low, metrics[name].high, metrics[name].exact) == (None, None, None), name


def test_up_to_three_families_their_range_is_not_taken_for_an_interval() -> None:
    labels = [0, 1] * 15
    right = [True] * 10 + [True, False] * 10
    few = assessed(labels, right, [f"case {unit // 10}" for unit in range(30)]).metrics["accuracy"]
    assert few.exact == 3
    assert few.low is not None
    assert few.low < 0.5  # the worst family's accuracy, below which percentiles over resamples do not go
    more = assessed(labels, right, [f"case {unit // 5}" for unit in range(30)]).metrics["accuracy"]
    assert more.exact is None


def test_the_exact_interval_is_the_one_of_clopper_and_pearson() -> None:
    for n in (1, 4, 20):
        for successes in range(n + 1):
            expected = binomtest(successes, n).proportion_ci(0.95, "exact")
            assert clopper_pearson(successes, n) == pytest.approx((expected.low, expected.high))
