"""partition: families whole, proof written, bad input refused by name."""

from __future__ import annotations

import pytest

from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.store import Store
from tests.jobs.conftest import paint


@pytest.fixture
def partition(run, patch):
    """Patch, then partition with whatever a test changes."""

    def partition(*options: str, **fields: object):
        assert patch()[0] == 0
        return run("partition", *options, **{"patches": "demo", "strategy": "ifpo"} | fields)

    return partition


def opened(url: str) -> Artefact:
    manifest = read_manifest(Store(url), "partitions/demo")
    assert manifest is not None
    return Artefact(Store(url), "partitions/demo", manifest)


@pytest.mark.parametrize("strategy", ["psp", "ifp", "ifpo", "exact"])
def test_every_patch_is_assigned_once_and_no_family_twice(partition, memory_url: str, strategy: str):
    code, _ = partition(strategy=strategy)
    assert code == 0
    rows = opened(memory_url).read_csv("assignment.csv")
    assert len({row["patch"] for row in rows}) == len(rows) == 48
    subset_of = {row["family"]: row["subset"] for row in rows}
    assert all(subset_of[row["family"]] == row["subset"] for row in rows)
    # With so few equal families PSP and IFP leave subsets empty: figure 2.4 is about that.
    assert set(subset_of.values()) == {"train", "valid", "test"} or strategy in ("psp", "ifp")


def test_the_summary_counts_what_the_assignment_holds(partition, memory_url: str):
    partition()
    summary = opened(memory_url).read_json("summary.json")
    rows = opened(memory_url).read_csv("assignment.csv")
    for label, of_class in summary["classes"].items():
        for subset, found in of_class["subsets"].items():
            here = [row for row in rows if (row["class"], row["subset"]) == (label, subset)]
            assert found["patches"] == len(here)
            assert found["families"] == sorted({row["family"] for row in here})
            assert found["weight"] == len(here) * 32 * 32
            assert found["share"] == pytest.approx(found["weight"] / of_class["weight"])


def test_a_family_with_patches_of_two_classes_is_assigned_once(partition, images, memory_url: str):
    for label in ("D", "PD"):
        paint(images / label / "case both_1.png", len(label))
    assert partition()[0] == 0
    rows = opened(memory_url).read_csv("assignment.csv")
    assert len({row["class"] for row in rows if row["family"] == "case both"}) == 2
    assert len({row["subset"] for row in rows if row["family"] == "case both"}) == 1


@pytest.mark.parametrize("mode", ["exchange", "shuffle"])
def test_a_leak_is_marked_and_test_stays_independent(partition, memory_url: str, mode: str):
    code, _ = partition(correlate={"mode": mode, "seed": 0})
    assert code == 0
    artefact = opened(memory_url)
    assert artefact.manifest.marks == ("leaking",)
    shared = {tuple(each["subsets"]): each["families"] for each in artefact.read_json("independence.json")["shared"]}
    assert shared["train", "valid"]
    assert shared["train", "test"] == shared["valid", "test"] == []


def test_a_class_with_fewer_families_than_subsets_is_refused_by_name(partition, images):
    for case in (2, 3):
        (images / "PD" / f"case PD{case}_1.png").unlink()
    code, lines = partition()
    assert code == 65
    assert "class 'PD' has 2 families" in lines[-1]["event"]


def test_an_image_given_twice_in_two_families_is_refused(partition, images, memory_url: str):
    for case in range(4):
        (images / "D" / f"copy {case}_1.png").write_bytes((images / "D" / "case D0_1.png").read_bytes())
    code, lines = partition()
    assert code == 65
    assert "the same to the pixel" in lines[-1]["event"]
    assert Store(memory_url).list("partitions") == {}


def test_one_byte_of_a_patch_changed_behind_the_manifest_s_back_is_65(partition, run, patch, memory_url: str):
    patch()
    store = Store(memory_url)
    key = next(key for key in store.list("patches") if key.endswith(".png"))
    data = bytearray(store.get(key))
    data[100] ^= 1
    store.put(key, bytes(data))
    code, lines = run("partition", patches="demo", strategy="ifpo")
    assert code == 65
    assert key in lines[-1]["event"]


def test_without_patches_it_is_66_and_says_what_to_run(run):
    code, lines = run("partition", patches="demo", strategy="ifpo")
    assert code == 66
    assert "python -m jobs.patch" in lines[-1]["event"]


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"proportions": [0.7, 0.2, 0.2]}, "sums to 11/10"),
        ({"proportions": [0.5, 0.25, 0.25]}, "p1 = 1/2"),
        ({"proportions": [0.7, 0.1, 0.2]}, "p2"),
        ({"diversity": ["1/3", "1/3", "x"]}, "'x' is no share"),
        ({"strategy": "best"}, "strategy"),
        ({"correlate": {"mode": "exchange", "level": "sample", "seed": 1}}, "an exchange is of patches"),
    ],
)
def test_a_bad_spec_is_78(partition, fields: dict[str, object], word: str):
    code, lines = partition(**fields)
    assert code == 78
    assert word in lines[-1]["event"]
