from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from neurograde.maths.bootstrap import bootstrap_over_families
from neurograde.maths.metrics import Metrics, binary_metrics
from neurograde.maths.seeding import generator


def cohort(families: int, each: int) -> tuple[NDArray[np.intp], NDArray[np.float64], list[str]]:
    rng = generator(6, "cohort")
    names = [f"case {n:03d}" for n in range(families) for _ in range(each)]
    labels = np.repeat(rng.integers(0, 2, families), each)
    probabilities = np.clip(0.3 + 0.4 * labels + rng.normal(0, 0.25, len(labels)), 0, 1)
    return labels, probabilities, names


def test_the_same_generator_gives_the_same_intervals_and_they_hold_the_value() -> None:
    labels, probabilities, families = cohort(20, 5)

    def metrics(rows: NDArray[np.intp]) -> Metrics:
        return binary_metrics(labels[rows], probabilities[rows])

    first = bootstrap_over_families(metrics, families, generator(7, "bootstrap"), resamples=100)
    again = bootstrap_over_families(metrics, families, generator(7, "bootstrap"), resamples=100)
    assert first == again
    assert list(first) == list(metrics(np.arange(len(labels))))
    for name in ("accuracy", "roc_auc", "loss", "sensitivity"):
        interval = first[name]
        assert interval.low < interval.value < interval.high
        assert (interval.families, interval.resamples, interval.undefined) == (20, 100, 0)


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4, 5], [5, 2, 0, 3, 1, 4]])
def test_all_samples_of_a_drawn_family_come_along_in_whatever_order_they_are(order: list[int]) -> None:
    families = np.array(["a", "b", "b", "c", "c", "c"])[order]
    drawn = []

    def metrics(rows: NDArray[np.intp]) -> Metrics:
        times = [np.sum(families[rows] == name) / np.sum(families == name) for name in ("a", "b", "c")]
        drawn.append(times)
        return {"samples": float(len(rows))}

    found = bootstrap_over_families(metrics, list(families), generator(8), resamples=50)["samples"]
    assert found.value == 6.0
    assert found.low < 6.0 < found.high
    assert all(sum(times) == 3 and all(each == int(each) for each in times) for times in drawn)


def test_patches_of_few_cases_are_worth_less_than_as_many_cases() -> None:
    labels, probabilities, families = cohort(10, 40)
    labels[:80] = 1 - labels[:80]  # two cases gone wrong

    def accuracy(rows: NDArray[np.intp]) -> Metrics:
        return {"accuracy": float(np.mean((probabilities[rows] >= 0.5) == labels[rows]))}

    def width(names: list[str]) -> float:
        found = bootstrap_over_families(accuracy, names, generator(9), resamples=200)["accuracy"]
        return found.high - found.low

    assert width(families) > 3 * width([str(n) for n in range(len(labels))])


def test_undefined_resamples_are_counted_and_left_out() -> None:
    labels, probabilities = np.array([0, 0, 0, 1]), np.array([0.1, 0.2, 0.3, 0.9])
    found = bootstrap_over_families(
        lambda rows: binary_metrics(labels[rows], probabilities[rows]), ["a", "b", "c", "d"], generator(10), 200
    )
    assert 0 < found["roc_auc"].undefined < 200
    assert found["roc_auc"].low == found["roc_auc"].high == 1.0
    assert found["loss"].undefined == 0


def test_a_metric_that_is_never_defined_and_a_single_family_have_no_interval() -> None:
    never = bootstrap_over_families(lambda _rows: {"auc": None}, ["a", "b"], generator(11), 20)["auc"]
    assert (never.value, never.low, never.high, never.undefined) == (None, None, None, 20)
    single = bootstrap_over_families(lambda _rows: {"accuracy": 0.5}, ["a", "a"], generator(11), 20)["accuracy"]
    assert (single.value, single.low, single.high, single.families, single.resamples) == (0.5, None, None, 1, 0)


@pytest.mark.parametrize(("resamples", "level", "families"), [(0, 0.95, ["a"]), (9, 1.0, ["a"]), (9, 0.95, [])])
def test_what_cannot_be_resampled_is_refused(resamples: int, level: float, families: list[str]) -> None:
    with pytest.raises(ValueError, match="accepted"):
        bootstrap_over_families(lambda _rows: {}, families, generator(12), resamples, level)
