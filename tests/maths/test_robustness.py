"""Class against family in features: the index is the count of its definition, and says so where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurograde.maths import robustness as module
from neurograde.maths.robustness import robustness

CLASSES = ["a", "b"] * 30
FAMILIES = [str(number // 6) for number in range(60)]  # each of two classes
NESTED = [f"{label}{number // 12}" for number, label in enumerate(CLASSES)]  # each of one class


def features(seed: int, by_class: float, by_family: float, families: list[str]) -> np.ndarray:
    """Noise, with a direction for each class and for each family."""
    rng = np.random.default_rng(seed)
    of_class = {name: rng.normal(size=16) for name in sorted(set(CLASSES))}
    of_family = {name: rng.normal(size=16) for name in sorted(set(families))}
    rows = [
        by_class * of_class[label] + by_family * of_family[name] for label, name in zip(CLASSES, families, strict=True)
    ]
    return np.array(rows) + 0.05 * rng.normal(size=(60, 16))


def test_features_of_the_class_have_the_index_1_and_those_of_the_family_0():
    of_class = robustness(features(0, 1.0, 0.0, FAMILIES), CLASSES, FAMILIES, neighbours=5)
    of_family = robustness(features(0, 0.0, 1.0, FAMILIES), CLASSES, FAMILIES, neighbours=5)
    assert (of_class.index.value, of_class.index.low, of_class.others.value) == (1.0, 1.0, 1.0)
    assert (of_family.index.value, of_family.index.high) == (0.0, 0.0)
    assert of_family.mixed_families == of_family.families == 10


def test_without_a_family_of_two_classes_there_is_no_index_but_what_the_family_adds():
    result = robustness(features(1, 0.0, 1.0, NESTED), CLASSES, NESTED, neighbours=5)
    assert (result.index, result.mixed_families, result.families) == (None, 0, 10)
    assert result.own.value == 1.0  # its own family is nearest, and of its class
    assert result.others.value < 0.8
    assert result.added.value == pytest.approx(result.own.value - result.others.value)
    assert result.added.low > 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 8), st.sampled_from([FAMILIES, NESTED]))
def test_it_equals_the_count_of_its_definition(seed: int, neighbours: int, families: list[str]):
    values = features(seed, 0.5, 0.5, families)
    result = robustness(values, CLASSES, families, neighbours=neighbours, resamples=2)
    unit = values / np.linalg.norm(values, axis=1, keepdims=True)
    so = os = 0
    agree = []
    for item in range(60):
        others = sorted((row for row in range(60) if row != item), key=lambda row: -float(unit[item] @ unit[row]))
        for row in others[:neighbours]:
            so += CLASSES[row] == CLASSES[item] and families[row] != families[item]
            os += CLASSES[row] != CLASSES[item] and families[row] == families[item]
        foreign = [row for row in others if families[row] != families[item]][:neighbours]
        agree.append(np.mean([CLASSES[row] == CLASSES[item] for row in foreign]))
    if families is FAMILIES and so + os:
        assert result.index.value == so / (so + os)
    assert result.others.value == pytest.approx(np.mean(agree))


def test_by_default_no_neighbour_lies_beyond_a_family_for_its_size_alone():
    of_family = robustness(features(0, 0.0, 1.0, FAMILIES), CLASSES, FAMILIES)
    assert (of_family.neighbours, of_family.index.value) == (5, 0.0)


def test_blocks_of_items_do_not_matter(monkeypatch: pytest.MonkeyPatch):
    values = features(2, 0.4, 0.6, FAMILIES)
    whole = robustness(values, CLASSES, FAMILIES)
    monkeypatch.setattr(module, "BLOCK", 7)
    assert robustness(values, CLASSES, FAMILIES) == whole


@pytest.mark.parametrize(
    ("values", "classes", "families", "words"),
    [
        ([[1.0], [np.nan]], ["a", "b"], ["1", "2"], "not finite"),
        ([[1.0], [2.0]], ["a", "a"], ["1", "2"], "two classes"),
        ([[1.0], [2.0]], ["a", "b"], ["1", "1"], "two families"),
    ],
)
def test_what_tells_nothing_is_refused(values, classes, families, words):
    with pytest.raises(ValueError, match=words):
        robustness(np.array(values), classes, families)
