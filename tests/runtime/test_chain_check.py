"""The chain checks everything before its first job runs: specs, names, upstreams, classes, files, weights, stores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jobs.chain import chain
from neurograde.errors import MissingUpstream, NameTaken, NeurogradeError, SpecError, UsageError
from neurograde.runtime.chain_check import check_chain
from neurograde.specs.catalogue import BY_NAME, JOBS, KINDS
from neurograde.storage.store import Store
from tests.support.small import write_small

ROOT = Path(__file__).parents[2]
PATTERN = "(?P<class>[^/]+)/(?P<family>.+)"


@pytest.fixture
def small(tmp_path: Path, memory_url: str) -> Path:
    """The demo's specs in a memory store."""
    return write_small(tmp_path / "specs", store=memory_url)


def change(folder: Path, job: str, **fields: Any) -> None:
    path = folder / f"{job}.yaml"
    own = json.loads(path.read_text()) if path.read_text().startswith("{") else _read(path)
    path.write_text(json.dumps(own | fields))


def _read(path: Path) -> dict[str, Any]:
    from neurograde.runtime.specfile import read_yaml

    return read_yaml(str(path))


def mistakes(folder: Path, **options: Any) -> tuple[type, list[str]]:
    with pytest.raises(NeurogradeError) as caught:
        check_chain(folder, **options)
    return type(caught.value), list(caught.value.args)


def test_every_mistake_is_listed_at_once_and_nothing_is_made(small: Path, memory_url: str, capsys):
    change(small, "patch", colour="red")
    change(small, "partition", patches="other")
    change(small, "train", repeats=0)
    change(small, "evaluate", run="none")
    (small / "broken.yaml").write_text("job: [\n")
    assert chain.main([str(small)]) == 78
    said = capsys.readouterr().err
    for words in (
        "patch.yaml: colour: unknown key",
        "train.yaml: repeats: 0",
        "broken.yaml: not valid YAML",
        "partition.yaml: patches: 'other': patches/other is neither made here nor in memory://",
        "evaluate.yaml: run: 'none': runs/none is neither made here",
    ):
        assert words in said
    assert list(Store(memory_url).list("")) == []


def test_a_threshold_for_three_classes_is_refused_before_anything_is_trained(small: Path):
    change(small, "evaluate", threshold="valid")
    check_chain(small)
    for job, field in (("patch", "source"), ("train", "classes")):
        three = ["PD", "D", "U"]
        change(
            small,
            job,
            **{field: three if field == "classes" else {"url": str(small), "pattern": PATTERN, "classes": three}},
        )
    kind, lines = mistakes(small)
    assert kind is SpecError
    assert [line.rpartition("/")[2] for line in lines if "threshold" in line] == [
        "evaluate.yaml: threshold: 'valid': of 3 classes the most probable is named; leave it out"
    ]


def test_a_sound_folder_gives_its_steps_upstream_first(small: Path):
    steps = check_chain(small).steps
    assert [job for job, _ in steps][-2:] == ["evaluate", "report"]


def test_an_upstream_of_an_earlier_run_may_be_in_the_store(small: Path, memory_url: str):
    (small / "synthesise.yaml").unlink()
    kind, [line] = mistakes(small)
    assert (kind, "patch.yaml: source.images: 'demo'" in line) == (MissingUpstream, True)
    Store(memory_url).put("images/demo/manifest.json", b"{}")
    check_chain(small)


def test_a_missing_review_comes_with_the_command_that_begins_it(small: Path):
    change(small, "patch", review="demo")
    (small / "review.yaml").write_text(json.dumps({"job": "review", "name": "demo", "extends": "common.yaml"}))
    kind, [line] = mistakes(small)
    assert kind is MissingUpstream
    assert f"make it first with: python -m jobs.review {small}/review.yaml" in line


def test_classes_that_the_images_do_not_have_are_refused(small: Path):
    change(small, "train", classes=["PD", "X"], positive="X")
    kind, [line] = mistakes(small)
    assert kind is SpecError
    assert line.endswith("train.yaml: classes: ['PD', 'X']: patches/demo has ['PD', 'D']")


def test_placeholders_of_the_templates_are_to_be_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("quick", "template"):
        kind, lines = mistakes(ROOT / "specs" / folder)
        assert kind is SpecError
        assert all(line.endswith(": to be replaced by your own") for line in lines)
    assert [line for line in lines if "store" in line] == [
        f"{ROOT}/specs/template/study.yaml:5: store: 'gs://your-bucket/study': to be replaced by your own"
    ]


def test_predict_is_left_out_until_its_images_exist(small: Path, tmp_path: Path):
    fields = {"job": "predict", "name": "new", "extends": "common.yaml", "evaluation": "demo"}
    for images in (str(tmp_path / "new"), "gs://your-bucket/new"):
        (small / "predict.yaml").write_text(json.dumps(fields | {"images": images}))
        checked = check_chain(small)
        assert "predict" not in [job for job, _ in checked.steps]
        assert any("predict.yaml is left out: images: " in note for note in checked.notes)
    (tmp_path / "new").mkdir()
    (small / "predict.yaml").write_text(json.dumps(fields | {"images": str(tmp_path / "new")}))
    assert check_chain(small).steps[-1][0] == "predict"


def test_images_and_weights_that_do_not_exist_are_named(small: Path):
    change(small, "patch", source={"url": "nowhere", "pattern": "(?P<class>.)(?P<family>.)"})
    change(small, "train", backbones=[{"name": "leaknet", "weights": "gone.pth"}])
    kind, lines = mistakes(small)
    assert kind is SpecError
    assert [line.partition(".yaml: ")[2] for line in lines] == [
        "source.url: 'nowhere' does not exist",
        "backbones.0.weights: 'gone.pth' does not exist",
    ]


def test_the_name_of_weights_is_looked_up_and_what_may_be_downloaded_is_noted(small: Path):
    change(small, "train", backbones=[{"name": "resnet18", "weights": "IMAGENET1K_V1"}])
    assert any("IMAGENET1K_V1 of resnet18 may be downloaded" in note for note in check_chain(small).notes)

    def refuse(backbone: Any) -> None:
        raise SpecError(f"backbones: weights {backbone.weights!r} of {backbone.name} are unknown")

    kind, [line] = mistakes(small, check_backbone=refuse)
    assert kind is SpecError
    assert line.endswith("train.yaml: backbones: weights 'IMAGENET1K_V1' of resnet18 are unknown")


def test_a_name_that_another_spec_holds_is_named_with_the_fields_unless_it_is_replaced(small: Path, memory_url: str):
    from jobs.synthesise import synthesise

    assert synthesise.main([str(small / "synthesise.yaml"), "--set", "seed=99"]) == 0
    kind, [line] = mistakes(small)
    assert kind is NameTaken
    assert "images/demo in memory://" in line
    assert "seed was 99, is " in line
    check_chain(small, replace=True)


def test_a_store_that_cannot_be_written_ends_the_chain_before_its_first_job(small: Path, tmp_path: Path):
    (tmp_path / "file").write_text("")
    kind, lines = mistakes(small, store=f"file://{tmp_path}/file/store")
    assert issubclass(kind, NeurogradeError)
    assert any(line.startswith(f"store file://{tmp_path}/file/store: ") for line in lines)


def test_two_specs_that_make_one_artefact_are_refused(small: Path):
    (small / "again.yaml").write_text((small / "augment.yaml").read_text())
    kind, [line] = mistakes(small)
    assert kind is SpecError
    assert "name: 'demo'" in line
    assert line.endswith("makes the same artefact")


def test_an_unknown_job_is_a_usage_error_that_lists_the_others_too(small: Path):
    (small / "x.yaml").write_text("job: magic\n")
    kind, [line] = mistakes(small)
    assert kind is UsageError
    assert "'magic' is not in the chain; accepted: synthesise, patch" in line


def test_the_fields_that_name_upstreams_are_fields_and_their_kinds_are_read():
    for entry in JOBS:
        for path, kind in entry.upstream_fields.items():
            assert path.split(".")[0] in entry.spec.model_fields
            assert kind in KINDS
            assert kind in entry.reads
    assert BY_NAME["report"].upstream_fields == {"evaluations": "evaluations", "baselines": "baselines"}


@pytest.mark.parametrize("folder", ["demo", "leak", "fullsize"])
def test_the_painted_studies_are_sound_and_need_nothing_from_elsewhere(
    folder: str, memory_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(ROOT)
    checked = check_chain(ROOT / "specs" / folder, memory_url)
    assert checked.steps[0][0] == "synthesise"
    assert checked.notes == []
