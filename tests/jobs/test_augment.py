"""augment: the plan, its tables and its statistics, from the chain's own artefacts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurograde.maths.dihedral import apply
from neurograde.patches.png import decode_png
from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.store import Store
from tests.support.images import PATTERN, paint


@pytest.fixture
def augment(run, patch):
    """Patch, partition and augment with whatever a test changes."""

    def augment(*options: str, correlate: dict[str, object] | None = None, **fields: object):
        assert patch()[0] == 0
        assert run("partition", patches="demo", strategy="ifpo", correlate=correlate)[0] == 0
        return run("augment", *options, **{"partition": "demo", "balance": "ngca"} | fields)

    return augment


def opened(url: str, kind: str) -> Artefact:
    manifest = read_manifest(Store(url), f"{kind}/demo")
    assert manifest is not None
    return Artefact(Store(url), f"{kind}/demo", manifest)


def test_every_sample_is_a_patch_in_its_own_subset(augment, memory_url: str):
    assert augment()[0] == 0
    subset_of = {row["patch"]: row["subset"] for row in opened(memory_url, "partitions").read_csv("assignment.csv")}
    rows = opened(memory_url, "datasets").read_csv("samples.csv")
    assert len(rows) == 8 * 48
    assert all(subset_of[row["patch"]] == row["subset"] for row in rows)
    assert opened(memory_url, "datasets").read_json("balance.json")["total"] == len(rows)


def test_a_family_that_is_left_out_may_lack_a_class_and_train_may_not(augment, run, memory_url: str):
    augment()
    assert (
        run("partition", "--replace", patches="demo", strategy="kfold", folds={"k": "families", "test": "case D0"})[0]
        == 0
    )
    assert run("augment", "--replace", partition="demo", balance="subsample")[0] == 0
    subsets = opened(memory_url, "datasets").read_json("balance.json")["subsets"]
    assert {subset: list(each["classes"]) for subset, each in subsets.items()}["test"] == ["D"]
    assert list(subsets["train"]["classes"]) == ["D", "PD"]
    assert run("partition", "--replace", patches="demo", strategy="ifp")[0] == 0  # leaves valid without a class
    code, lines = run("augment", "--replace", partition="demo", balance="ngca")
    assert code == 65
    assert "every subset needs every class" in lines[-1]["event"]


def test_standardised_train_samples_have_mean_0_and_deviation_1(augment, memory_url: str):
    assert augment()[0] == 0
    data, patches = opened(memory_url, "datasets"), opened(memory_url, "patches")
    train = data.read_json("standardisation.json")["subsets"]["train"]
    rows = [row for row in data.read_csv("samples.csv") if row["subset"] == "train"]
    pixels = np.stack([apply(decode_png(patches.read(row["patch"])), row["transform"]) for row in rows]) / 255
    standardised = (pixels - train["mean"]) / train["std"]
    np.testing.assert_allclose(standardised.mean((0, 1, 2)), 0, atol=1e-9)
    np.testing.assert_allclose(standardised.std((0, 1, 2)), 1, atol=1e-9)


def test_materialised_samples_are_the_transformed_patches(augment, memory_url: str):
    assert augment(materialise=True, transforms=1)[0] == 0
    data, patches = opened(memory_url, "datasets"), opened(memory_url, "patches")
    name = "D/case D0/case D0_1_r01_c02"
    files = [path for path in data.manifest.files if path.endswith("case D0_1_r01_c02_rot90.png")]
    assert len(files) == 1
    expected = np.rot90(decode_png(patches.read(f"{name}.png")))
    assert (decode_png(data.read(files[0])) == expected).all()


def test_a_leak_at_sample_level_is_dealt_here_and_stays_marked(augment, memory_url: str):
    assert augment(correlate={"mode": "shuffle", "level": "sample", "seed": 1})[0] == 0
    data = opened(memory_url, "datasets")
    subset_of = {row["patch"]: row["subset"] for row in opened(memory_url, "partitions").read_csv("assignment.csv")}
    moved = [row for row in data.read_csv("samples.csv") if subset_of[row["patch"]] != row["subset"]]
    assert data.manifest.marks == ("leaking",)
    assert moved
    assert all(row["subset"] != "test" for row in moved)


def test_patches_made_again_differently_are_refused_with_both_digests(augment, run, patch, memory_url: str):
    augment()
    before = opened(memory_url, "patches").manifest.digest
    patch("--replace", min_tissue_share=0.0)
    code, lines = run("augment", "--replace", partition="demo", balance="none")
    assert code == 65
    assert before in lines[-1]["event"]
    assert opened(memory_url, "patches").manifest.digest in lines[-1]["event"]


def test_names_that_look_like_formulas_go_through_index_assignment_and_samples_unchanged(
    run, tmp_path: Path, memory_url: str
):
    families = ["=1+1", "@SUM(A1)", "+x", "-y", "=q", "'z"]
    for number, family in enumerate(families):
        for label in ("=PD", "+D"):
            paint(tmp_path / "formulas" / label / f"{family}_1.png", 10 * number + len(label))
    source = {"url": str(tmp_path / "formulas"), "pattern": PATTERN}
    assert run("patch", source=source, patch_size_px=32, min_tissue_share=0.05)[0] == 0
    assert run("partition", patches="demo", strategy="ifpo")[0] == 0
    assert run("augment", partition="demo", balance="none")[0] == 0
    index = opened(memory_url, "patches").read_csv("index.csv")
    assert {(row["class"], row["family"]) for row in index} == {(label, f) for label in ("=PD", "+D") for f in families}
    assignment = opened(memory_url, "partitions").read_csv("assignment.csv")
    assert {row["family"] for row in assignment} == set(families)
    samples = opened(memory_url, "datasets").read_csv("samples.csv")
    assert {row["label"] for row in samples} == {"=PD", "+D"}
    assert {row["patch"] for row in samples} == {row["patch"] for row in index}
