from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from neurograde.maths.metrics import (
    binary_metrics,
    confusion,
    multiclass_metrics,
    one_against_rest,
    quadratic_kappa,
)
from neurograde.maths.seeding import generator

quick = settings(deadline=None, derandomize=True, max_examples=15)
# Few values, so that ties and probabilities on the threshold are common.
sample = st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.125, 0.25, 0.5, 0.75, 1.0]))


@quick
@given(st.lists(sample, min_size=2, max_size=30), st.sampled_from([0.25, 0.5, 0.6]))
def test_binary_metrics_equal_scikit_learn_s(samples: list[tuple[int, float]], threshold: float) -> None:
    labels, probabilities = (np.array(column) for column in zip(*samples, strict=True))
    assume(len(set(labels)) == 2)
    said = probabilities >= threshold
    found = binary_metrics(labels, probabilities, threshold)
    assert found["loss"] == pytest.approx(reference.log_loss(labels, probabilities, labels=[0, 1]))
    assert found["accuracy"] == pytest.approx(reference.accuracy_score(labels, said))
    assert found["balanced_accuracy"] == pytest.approx(reference.balanced_accuracy_score(labels, said))
    assert found["sensitivity"] == pytest.approx(reference.recall_score(labels, said))
    assert found["specificity"] == pytest.approx(reference.recall_score(labels, said, pos_label=0))
    assert found["f_measure"] == pytest.approx(reference.f1_score(labels, said))
    assert found["roc_auc"] == pytest.approx(reference.roc_auc_score(labels, probabilities))
    assert found["brier"] == pytest.approx(reference.brier_score_loss(labels, probabilities))
    assert found["majority_baseline"] == pytest.approx(max(np.mean(labels), 1 - np.mean(labels)))
    if said.any():
        assert found["precision"] == pytest.approx(reference.precision_score(labels, said))
    else:
        assert found["precision"] is None
    assert (confusion(labels, said, 2) == reference.confusion_matrix(labels, said)).all()


def three_grades(n: int = 200) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    rng = generator(1, "three grades")
    labels = rng.integers(0, 3, n)
    logits = rng.normal(size=(n, 3)) + 1.5 * np.eye(3)[labels]
    exponentials = np.exp(logits)
    return labels, exponentials / exponentials.sum(axis=1, keepdims=True)


def test_multiclass_metrics_equal_scikit_learn_s() -> None:
    labels, probabilities = three_grades()
    said = probabilities.argmax(axis=1)
    found = multiclass_metrics(labels, probabilities)
    assert found["loss"] == pytest.approx(reference.log_loss(labels, probabilities))
    assert found["accuracy"] == pytest.approx(reference.accuracy_score(labels, said))
    assert found["balanced_accuracy"] == pytest.approx(reference.balanced_accuracy_score(labels, said))
    assert found["f_macro"] == pytest.approx(reference.f1_score(labels, said, average="macro"))
    assert found["roc_auc_macro"] == pytest.approx(
        reference.roc_auc_score(labels, probabilities, multi_class="ovr", average="macro")
    )
    assert found["quadratic_kappa"] == pytest.approx(reference.cohen_kappa_score(labels, said, weights="quadratic"))
    assert found["brier"] == pytest.approx(reference.brier_score_loss(labels, probabilities, scale_by_half=False))
    assert found["majority_baseline"] == pytest.approx(np.bincount(labels).max() / len(labels))


def test_one_against_the_rest_equals_two_class_metrics_of_each_class() -> None:
    labels, probabilities = three_grades()
    said = probabilities.argmax(axis=1)
    for grade, found in enumerate(one_against_rest(labels, probabilities)):
        truth = labels == grade
        assert found["sensitivity"] == pytest.approx(reference.recall_score(truth, said == grade))
        assert found["specificity"] == pytest.approx(reference.recall_score(~truth, said != grade))
        assert found["f_measure"] == pytest.approx(reference.f1_score(truth, said == grade))
        assert found["roc_auc"] == pytest.approx(reference.roc_auc_score(truth, probabilities[:, grade]))


def test_with_one_class_present_what_is_undefined_is_none_and_the_rest_stands() -> None:
    found = binary_metrics([0, 0, 0], [0.1, 0.2, 0.7])
    assert [name for name, value in found.items() if value is None] == [
        "balanced_accuracy",
        "sensitivity",
        "roc_auc",
    ]
    assert found["f_measure"] == 0.0
    assert found["specificity"] == pytest.approx(2 / 3)
    assert binary_metrics([0, 0], [0.1, 0.2])["f_measure"] is None
    assert binary_metrics([1, 1], [0.9, 0.2])["specificity"] is None


def test_a_grade_that_is_absent_leaves_the_means_over_grades_undefined() -> None:
    found = multiclass_metrics([0, 1, 1], np.full((3, 3), 1 / 3))
    assert found["balanced_accuracy"] is None
    assert found["roc_auc_macro"] is None
    assert found["f_macro"] is None
    assert found["accuracy"] == pytest.approx(1 / 3)


def test_kappa_is_1_for_agreement_and_undefined_for_one_single_class() -> None:
    assert quadratic_kappa(np.diag([3, 4, 5])) == 1.0
    assert quadratic_kappa(np.array([[7, 0], [0, 0]])) is None


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        ([], [], "n >= 1"),
        ([0, 1], [0.5], "shapes"),
        ([0, 2], [0.5, 0.5], "labels hold 2: 0 and 1"),
        ([0, 1], [0.5, 1.5], "hold 1.5"),
        ([0, 1], [0.5, float("nan")], "hold nan"),
    ],
)
def test_what_no_metric_can_be_of_is_refused(labels: list[int], probabilities: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        binary_metrics(labels, probabilities)


def test_probabilities_that_do_not_sum_to_1_and_unknown_grades_are_refused() -> None:
    with pytest.raises(ValueError, match=r"sums to 0\.9"):
        multiclass_metrics([0, 1], [[0.5, 0.5], [0.4, 0.5]])
    with pytest.raises(ValueError, match="labels hold 2: 0 to 1"):
        multiclass_metrics([0, 2], [[0.5, 0.5], [0.5, 0.5]])
    with pytest.raises(ValueError, match="shapes"):
        multiclass_metrics([0, 1], [0.5, 0.5])
    with pytest.raises(ValueError, match="out of range"):
        confusion([0, 1], [0, 2], classes=2)
    with pytest.raises(ValueError, match="accepted"):
        confusion([0, 1], [0], classes=2)
