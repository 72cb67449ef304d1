"""A study read as a folder of specs: sources, choice, lines of mistakes, expansion to files."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.chain import chain
from jobs.patch import patch
from jobs.train import train
from neurograde.cluster.study import read_study
from neurograde.errors import SpecError, UsageError
from neurograde.runtime.spec_folder import sibling_spec, specs_in_order, specs_of
from neurograde.runtime.specfile import load

STUDY = """all: {store: "memory://s", region: FRA}
synthesise:
  name: painted
  classes: [{label: PD, families: 2, differentiation: 0.1}, {label: D, families: 2, differentiation: 0.9}]
  images_per_family: 1
  min_size_px: [100, 100]
  max_size_px: [100, 100]
  seed: 1
patch: {name: tiles, source: {images: painted, pattern: '(?P<class>.)(?P<family>.)'}, min_tissue_share: 0}
train:
  each: [{name: one}, {name: two, epochs: 0}]
  dataset: d
  learning_rates: [0.1,
    -1]
"""


@pytest.fixture
def study(tmp_path: Path) -> str:
    (tmp_path / "study.yaml").write_text(STUDY)
    return str(tmp_path / "study.yaml")


def test_a_study_is_a_folder_of_specs_beside_the_files_of_its_folder(study: str):
    folder = Path(study).parent
    (folder / "common.yaml").write_text("store: memory://t\n")
    (folder / "base.yaml").write_text("extends: common.yaml\nregion: FRA\n")
    (folder / "report.yaml").write_text("extends: base.yaml\njob: report\nname: r\n")
    labels = ["synthesise", "patch", "train-one", "train-two"]
    assert list(specs_of(folder)) == [f"{folder}/report.yaml", *(f"{study}#{label}" for label in labels)]
    assert specs_of(folder)[f"{folder}/report.yaml"]["store"] == "memory://t"
    assert list(specs_of(study)) == list(specs_of(folder))
    assert [job for job, _ in specs_in_order(folder)] == [
        "synthesise", "patch", "features", "train", "features", "train", "report",
    ]  # fmt: skip


def test_a_spec_of_a_study_is_loaded_by_either_label_and_overridden(study: str):
    assert load(f"{study}#train-one")["dataset"] == "d"
    assert load(f"{study}#patch-tiles", ["name=other"], "memory://t") == {
        "job": "patch", "name": "other", "store": "memory://t", "region": "FRA",
        "source": {"images": "painted", "pattern": "(?P<class>.)(?P<family>.)"}, "min_tissue_share": 0,
    }  # fmt: skip


def test_a_study_without_a_label_says_which_specs_to_choose_from(study: str, capsys: pytest.CaptureFixture[str]):
    assert train.main([study]) == 64
    said = capsys.readouterr().err
    assert f"{study} has 2 specs of train; choose one: {study}#train-one, {study}#train-two" in said
    with pytest.raises(UsageError, match=r"no spec 'three'; choose one: .*#synthesise"):
        load(f"{study}#three")


def test_the_only_spec_of_a_job_needs_no_label_and_an_upstream_is_named_with_its_own(
    study: str, capsys: pytest.CaptureFixture[str]
):
    assert patch.main([study]) == 66
    assert (
        f"#patch: images/painted is not in memory://s; make it with: python -m jobs.synthesise {study}#synthesise"
        in (capsys.readouterr().err)
    )
    assert sibling_spec(f"{study}#patch", "train", "two") == f"{study}#train-two"


def test_a_mistake_in_a_spec_of_a_study_is_told_with_the_line_that_it_is_from(
    study: str, capsys: pytest.CaptureFixture[str]
):
    assert train.main([f"{study}#train-two"]) == 78
    said = capsys.readouterr().err
    assert f"{study}:14: train-two: learning_rates.1: -1: Input should be greater than 0" in said  # in the section
    assert f"{study}:11: train-two: epochs: 0: " in said  # in the item
    assert f"{study}:10: train-two: classes: required, and not given" in said  # the section
    Path(study).write_text(STUDY.replace("FRA", "3"))
    assert patch.main([study]) == 78
    assert f"{study}:1: patch: region: 3: " in capsys.readouterr().err  # in what is shared


def test_a_study_that_breaks_the_grammar_names_file_line_section_and_field(study: str):
    Path(study).write_text(STUDY + "  name: three-{n}\ntrian: {name: x}\n")
    with pytest.raises(SpecError) as caught:
        load(f"{study}#patch")
    assert str(caught.value).splitlines() == [
        f"{study}:16: trian: no such section; did you mean train?; accepted: all, lists, a job's name",
    ]


def test_files_that_extend_each_other_in_a_circle_or_one_that_is_missing_are_refused_with_the_way_there(tmp_path: Path):
    (tmp_path / "a.yaml").write_text("extends: b.yaml\n")
    (tmp_path / "b.yaml").write_text("extends: a.yaml\n")
    with pytest.raises(SpecError, match=r"a\.yaml extends .*b\.yaml extends .*a\.yaml: files cannot extend each other"):
        load(str(tmp_path / "a.yaml"))
    (tmp_path / "b.yaml").write_text("extends: c.yaml\n")
    with pytest.raises(SpecError, match=r"a\.yaml extends .*b\.yaml extends .*c\.yaml, which does not exist"):
        load(str(tmp_path / "a.yaml"))


def test_expand_prints_the_specs_or_writes_them_as_files_that_read_back_the_same(
    study: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert chain.main([study, "--expand"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"--- # {study}#synthesise\njob: synthesise\nname: painted\n")
    assert printed.count("\n--- # ") == 3
    assert chain.main([str(tmp_path), "--expand", "--into", str(tmp_path / "files")]) == 0
    files = {path.name: load(str(path)) for path in (tmp_path / "files").iterdir()}
    assert files == {f"{source.partition('#')[2]}.yaml": data for source, data in specs_of(tmp_path).items()}
    assert chain.main([study, "--into", str(tmp_path / "files")]) == 64
    Path(study).write_text(STUDY.replace("FRA", "DEU"))
    assert chain.main([study, "--expand", "--into", str(tmp_path / "files")]) == 64


def test_a_cluster_gets_a_file_per_spec_of_a_study_or_one_of_its_grids_with_the_jobs_before_it():
    folder = Path(__file__).parents[2] / "specs" / "leak"
    whole, by_file = read_study(str(folder)), read_study(str(folder / "study.yaml"))
    assert whole.data == by_file.data
    assert {"synthesise.yaml", "patch.yaml", "train-leak-0.yaml", "report.yaml"} <= whole.data.keys()
    alone = read_study(f"{folder}/study.yaml#train-leak-1")
    assert [*alone.trained()] == ["train-leak-1.yaml"]
    assert "evaluate-leak-1.yaml" in alone.specs
    assert "evaluate-leak-0.yaml" not in alone.specs
    with pytest.raises(UsageError, match=r"no such train spec; accepted are .*train-leak-0\.yaml"):
        read_study(f"{folder}/study.yaml#patch")
