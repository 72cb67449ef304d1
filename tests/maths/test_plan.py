"""The plan of a data set."""

from __future__ import annotations

import numpy as np
import pytest

from neurograde.maths.dihedral import IDENTITY, TRANSFORMS
from neurograde.maths.plan import copies, plan_samples, statistics
from neurograde.maths.standardise import IMAGENET, ChannelCounts
from neurograde.maths.subsets import SUBSETS

COUNTS = {
    ("train", "PD"): 734,
    ("train", "D"): 420,
    ("valid", "PD"): 127,
    ("valid", "D"): 82,
    ("test", "PD"): 127,
    ("test", "D"): 80,
}
ROWS = [
    {"patch": f"{label}/{subset}-{number:04d}.png", "class": label, "subset": subset}
    for (subset, label), count in COUNTS.items()
    for number in range(count)
]


def test_the_study_s_patches_become_its_8608_samples():
    tables = plan_samples(ROWS, "ngca", 7, seed=0).tables()
    assert tables["total"] == 8608
    assert {subset: tables["subsets"][subset]["total"] for subset in SUBSETS} == {
        "train": 6296,
        "valid": 1164,
        "test": 1148,
    }
    assert tables["subsets"]["train"]["r"] == 2
    assert tables["subsets"]["train"]["ngca"] == 3
    assert tables["subsets"]["train"]["classes"]["D"]["copies_final"] == 8


def test_each_patch_comes_as_itself_first_and_then_in_the_order_of_the_transforms():
    samples = plan_samples(ROWS, "ngca", 7, seed=0).samples
    of_one = [sample.transform for sample in samples if sample.patch == "D/train-0003.png"]
    assert of_one == [IDENTITY, *TRANSFORMS]
    assert len(set(samples)) == len(samples)


def test_the_plan_does_not_depend_on_the_order_of_the_rows():
    assert plan_samples(ROWS[::-1], "ngca", 7, seed=0).samples == plan_samples(ROWS, "ngca", 7, seed=0).samples


def test_subsampling_evens_the_classes_and_follows_its_seed():
    plan = plan_samples(ROWS, "subsample", 0, seed=1)
    for subset in SUBSETS:
        labels = [sample.label for sample in plan.samples if sample.subset == subset]
        assert labels.count("PD") == labels.count("D") == COUNTS[subset, "D"]
    assert plan_samples(ROWS, "subsample", 0, seed=1).samples == plan.samples
    assert plan_samples(ROWS, "subsample", 0, seed=2).samples != plan.samples


def test_without_balancing_every_patch_is_one_sample():
    plan = plan_samples(ROWS, "none", 7, seed=0)
    assert len(plan.samples) == len(ROWS)
    assert {sample.transform for sample in plan.samples} == {IDENTITY}


def test_a_class_that_a_subset_lacks_is_named():
    with pytest.raises(ValueError, match="'D' has no patches in test"):
        plan_samples([row for row in ROWS if (row["subset"], row["class"]) != ("test", "D")], "ngca", 7, seed=0)


def test_a_deal_at_sample_level_mixes_train_and_valid_keeps_counts_and_leaves_test_alone():
    calm, dealt = plan_samples(ROWS, "ngca", 7, seed=0), plan_samples(ROWS, "ngca", 7, seed=0, deal=3)

    def counted(plan):
        return {key: sum((s.subset, s.label) == key for s in plan.samples) for key in COUNTS}

    assert counted(dealt) == counted(calm)
    assert [s for s in dealt.samples if s.subset == "test"] == [s for s in calm.samples if s.subset == "test"]
    both = copies(dealt.samples)["train"].keys() & copies(dealt.samples)["valid"].keys()
    assert len(both) > 500


@pytest.fixture
def counts() -> dict[str, ChannelCounts]:
    rng = np.random.default_rng(0)
    found = {}
    for number, subset in enumerate(SUBSETS):
        found[subset] = ChannelCounts()
        found[subset].add(rng.integers(0, 200 + number, (5, 4, 3), np.uint8), 2)
    return found


def test_every_subset_is_standardised_as_the_mode_says(counts: dict[str, ChannelCounts]):
    train = {"mean": counts["train"].mean(), "std": counts["train"].std(), "samples": 2, "pixels": 40}
    assert statistics(counts, "train")["subsets"] == dict.fromkeys(SUBSETS, train)
    assert statistics(counts, "per_subset")["subsets"]["test"]["mean"] == counts["test"].mean()
    assert statistics(counts, "imagenet")["subsets"]["valid"]["std"] == IMAGENET["std"]
    assert statistics(counts, "none")["subsets"]["valid"]["mean"] == [0, 0, 0]
