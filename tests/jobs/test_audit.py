"""The audit of foreign splits: planted faults of each kind are found, clean splits pass."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from jobs.audit import audit
from neurograde.specs.results.audit import AuditResult


def run(tmp_path: Path, *arguments: str | Path) -> tuple[int, dict[str, Any]]:
    out = tmp_path / "out"
    code = audit.main([*map(str, arguments), "--out", str(out)])
    result = json.loads((out / "audit.json").read_text()) if (out / "audit.json").exists() else {}
    assert not result or list(AuditResult.of(result).as_json().items()) == list(result.items())
    return code, result


def table(tmp_path: Path, *rows: str, header: str = "slide_id,split,label") -> Path:
    path = tmp_path / "split.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def both(result: dict[str, Any], level: str) -> int:
    return sum(pair["count"] for fold in result["folds"] for pair in fold["levels"][level]["pairs"].values())


def picture(path: Path, seed: int, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 255, (12, 12, 3), np.uint8))
    small.resize((96, 96), Image.Resampling.BICUBIC).save(path, **options)
    return path


def test_a_patient_of_two_slides_on_both_sides_ends_with_65(tmp_path: Path):
    path = table(tmp_path, "TCGA-AA-0001-01Z-00-DX1.X,train,a", "TCGA-AA-0001-01Z-00-DX2.Y,test,a")
    code, result = run(tmp_path, path)
    assert code == 65
    assert (both(result, "item"), both(result, "slide"), both(result, "patient")) == (0, 0, 1)


def test_one_slide_under_two_identifiers_is_found(tmp_path: Path):
    path = table(tmp_path, "TCGA-AA-0001-01Z-00-DX1.AAAA,train,a", "TCGA-AA-0001-01Z-00-DX1.BBBB,test,a")
    code, result = run(tmp_path, path)
    assert (code, both(result, "item"), both(result, "slide")) == (65, 0, 1)


def test_an_item_in_two_spellings_on_both_sides_is_found(tmp_path: Path):
    code, result = run(tmp_path, table(tmp_path, "S\u2010007,train,a", "s-7 ,valid,a", "S8,test,a"))
    assert (code, both(result, "item")) == (65, 1)
    assert result["folds"][0]["spellings"] == {"s-7": ["S\u2010007", "s-7"]}


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("patient_004_node_1", "patient_004_node_2"),
        ("SOB_M_DC-14-14926-40-013.png", "SOB_M_DC-14-14926-100-001.png"),
        ("lung/TCGA-22-4595-01Z-00-DX1", "lung/TCGA-22-4595-01Z-00-DX2"),
    ],
)
def test_patients_of_public_sets_are_known_by_their_names(tmp_path: Path, name: str, other: str):
    code, result = run(tmp_path, table(tmp_path, f"{name},train,a", f"{other},test,a"))
    assert (code, both(result, "patient")) == (65, 1)


def test_a_regular_expression_sees_the_name_of_a_file_in_a_folder(tmp_path: Path):
    picture(tmp_path / "set" / "train" / "a" / "P1_1.png", 1)
    picture(tmp_path / "set" / "test" / "a" / "P1_2.png", 2)
    code, result = run(tmp_path, tmp_path / "set", "--family", "^(P[0-9]+)_", "--names-only")
    assert (code, both(result, "patient")) == (65, 1)


def test_a_regular_expression_that_fits_no_name_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = table(tmp_path, "P1_1,train,a", "P1_2,test,a")
    assert run(tmp_path, path, "--family", "^(Case-[0-9]+)")[0] == 65
    assert "none of the names fits, such as 'P1_1'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_regular_expression_tells_the_family(tmp_path: Path):
    path = table(tmp_path, "P1_a,train,x", "P1_b,test,x", "P2_a,test,x")
    assert run(tmp_path, path)[0] == 0
    code, result = run(tmp_path, path, "--family", "^(P[0-9]+)_")
    assert (code, both(result, "patient")) == (65, 1)


def test_a_table_beside_the_list_tells_patients_and_classes(tmp_path: Path):
    beside = tmp_path / "slides.csv"
    beside.write_text("case_id,slide_id,label\nP1,s1,a\nP1,s2,b\nP2,s3,b\n")
    clam = tmp_path / "splits_0.csv"
    clam.write_text(",train,val,test\n0,s1,s3,s2\n")
    assert run(tmp_path, clam)[0] == 0
    code, result = run(tmp_path, clam, "--beside", beside)
    assert (code, both(result, "patient")) == (65, 1)
    assert set(result["folds"][0]["classes"]) == {"a", "b"}


def test_unknown_patients_are_said_to_be_unknown(tmp_path: Path):
    code, result = run(tmp_path, table(tmp_path, "slide_1,train,a", "slide_2,test,a"))
    assert code == 0
    assert result["folds"][0]["levels"]["patient"] | {"pairs": 0} == {
        "names": 0, "unknown": 2, "twice": {"train": 0, "test": 0}, "pairs": 0,
    }  # fmt: skip
    assert result["patient_told_by"] == {"unknown": 2}
    assert "Patient: unknown" in (tmp_path / "out" / "audit.html").read_text()


def test_an_item_under_two_labels_is_named(tmp_path: Path):
    code, result = run(tmp_path, table(tmp_path, "s1,train,a", "s1,train,b", "s2,test,a"))
    assert code == 0
    assert result["folds"][0]["two_labels"] == [{"name": "s1", "labels": ["a", "b"]}]


@pytest.mark.parametrize("splitter", ["GroupKFold", "StratifiedGroupKFold", "GroupShuffleSplit"])
def test_the_group_splitters_of_scikit_learn_pass_and_its_plain_ones_do_not(tmp_path: Path, splitter: str):
    from sklearn import model_selection

    rng = np.random.default_rng(7)
    names = [f"P{patient}_{image}" for patient in range(60) for image in range(rng.integers(1, 9))]
    groups, labels = [name.split("_")[0] for name in names], [hash(name[:2]) % 2 for name in names]
    kind = getattr(model_selection, splitter)
    for number, (train, test) in enumerate(kind(n_splits=3).split(names, labels, groups)):
        rows = [f"{names[i]},{side},{labels[i]}" for side, of in (("train", train), ("test", test)) for i in of]
        assert run(tmp_path, table(tmp_path, *rows), "--family", "^(P[0-9]+)_")[0] == 0, number
    train, test = next(model_selection.ShuffleSplit(n_splits=1, random_state=1).split(names))
    rows = [f"{names[i]},{side},a" for side, of in (("train", train), ("test", test)) for i in of]
    assert run(tmp_path, table(tmp_path, *rows), "--family", "^(P[0-9]+)_")[0] == 65


def test_folders_are_compared_by_their_pixels(tmp_path: Path):
    root = tmp_path / "data"
    for number, subset in enumerate(("train", "val", "test")):
        for label in ("a", "b"):
            picture(root / subset / label / "1.png", 10 * number + (label == "b"))
    code, result = run(tmp_path, root)
    assert code == 0, result["folds"][0]["pixels"]  # files of one name are not one image
    picture(root / "test" / "b" / "copy.png", 0)  # train/a/1.png
    code, result = run(tmp_path, root)
    pixels = result["folds"][0]["pixels"]
    assert (code, pixels["equal"]["count"], pixels["two_labels"]["count"]) == (65, 1, 1)
    assert [entry["item"] for entry in pixels["equal"]["first"][0]] == ["test/b/copy.png", "train/a/1.png"]
    assert run(tmp_path, root, "--names-only")[0] == 0


def test_an_image_saved_again_on_the_other_side_looks_alike(tmp_path: Path):
    root = tmp_path / "data"
    for number in range(4):
        picture(root / ("train" if number < 2 else "test") / "a" / f"{number}.png", number)
    picture(root / "test" / "a" / "again.jpg", 0, quality=70)
    code, result = run(tmp_path, root)
    pixels = result["folds"][0]["pixels"]
    assert (code, pixels["equal"]["count"], pixels["alike"]["count"]) == (65, 0, 1)


def test_images_of_a_list_are_compared_where_their_folder_is_given(tmp_path: Path):
    for name, seed in (("x", 1), ("y", 1), ("z", 2)):
        picture(tmp_path / "images" / f"{name}.png", seed)
    path = table(tmp_path, "x,train,a", "y.png,test,a", "z,test,a", header="image,split,label")
    assert run(tmp_path, path)[0] == 0
    code, result = run(tmp_path, path, "--images", tmp_path / "images")
    assert (code, result["folds"][0]["pixels"]["equal"]["count"]) == (65, 1)


def test_damaged_images_are_named_and_the_others_compared(tmp_path: Path):
    root = tmp_path / "data"
    picture(root / "train" / "a" / "1.png", 1)
    picture(root / "test" / "a" / "2.png", 2)
    (root / "test" / "a" / "3.png").write_bytes(b"no image")
    code, result = run(tmp_path, root)
    assert code == 0
    assert result["folds"][0]["pixels"]["images"] == 2
    assert "3.png" in result["folds"][0]["pixels"]["unreadable"][0]


def test_balance_d_and_width_are_told_before_anything_is_trained(tmp_path: Path):
    rows = [f"P{n}_1,{'train' if n < 6 else 'valid' if n < 8 else 'test'},{'ab'[n % 2]}" for n in range(12)]
    _, result = run(tmp_path, table(tmp_path, *rows), "--family", "^(P[0-9]+)_")
    [fold] = result["folds"]
    assert fold["classes"]["a"] == {
        "test": {"items": 2, "families": 2}, "train": {"items": 3, "families": 3}, "valid": {"items": 1, "families": 1},
    }  # fmt: skip
    assert fold["loss"] == {"d": 0.0, "best": 0.0, "bound": 0.0, "gap": 0.0, "proved": True}
    assert fold["width"]["families"] == 4
    assert fold["width"]["half_width"] == pytest.approx(0.38, abs=0.01)
    assert fold["width"]["classes_of_few_families"] == {"a": 6, "b": 6}


def test_two_runs_write_the_same_bytes_and_another_list_has_another_digest(tmp_path: Path):
    path = table(tmp_path, "s1,train,a", "s2,test,a")
    run(tmp_path, path)
    files = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}
    assert set(files) == {"audit.html", "audit.json", "badge.svg"}
    _, before = run(tmp_path, path)
    assert {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()} == files
    _, after = run(tmp_path, table(tmp_path, "s1,train,a", "s3,test,a"))
    assert before["digest"] != after["digest"]
    assert before["digest"] in files["audit.html"].decode()
    assert before["digest"] in ET.fromstring(files["badge.svg"]).findtext("{*}title", "")


def test_names_cannot_write_markup_into_page_or_badge(tmp_path: Path):
    run(tmp_path, table(tmp_path, "<b>x</b>,train,<i>", "<b>x</b>,test,<i>"))
    assert "<b>" not in (tmp_path / "out" / "audit.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("none.csv",), 66),
        (("split.csv", "--family", "("), 64),
        (("split.csv", "--accuracy", "1"), 64),
        (("split.csv", "--as", "x"), 64),
        (("split.csv", "--patient", "case"), 65),
        (("split.csv", "--item", "case"), 65),
        (("split.csv", "--subset", "case"), 65),
        (("split.csv", "--beside", "other.csv"), 65),
        ((), 64),
    ],
)
def test_bad_input_ends_with_its_code_and_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int
):
    monkeypatch.chdir(tmp_path)
    table(tmp_path, "s1,train,a", "s2,test,a")
    (tmp_path / "other.csv").write_text("slide_id,case_id\nx,y\n")
    assert run(tmp_path, *arguments)[0] == code


def test_ten_thousand_names_take_seconds_and_neither_torch_nor_a_plotting_library(tmp_path: Path):
    rows = [f"P{n % 3000}_{n},{('train', 'valid', 'test')[n % 3]},{n % 2}" for n in range(10_000)]
    path = table(tmp_path, *rows)
    code = (
        "import sys, time; from jobs.audit import audit; start = time.monotonic();"
        f"code = audit.main([{str(path)!r}, '--family', '^(P[0-9]+)_', '--out', {str(tmp_path / 'out')!r}]);"
        "assert code == 0, code;"
        "assert time.monotonic() - start < 60;"
        "assert not {'torch', 'matplotlib', 'gcsfs'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
