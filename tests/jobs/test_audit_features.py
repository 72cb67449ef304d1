"""audit with features: class against family on the page, in audit.json, and what it cannot tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.audit import audit

ITEMS = [
    (f"TCGA-AA-{case:04d}-01Z-00-DX1.{image}", "train" if case < 6 else "test", label)
    for case in range(8)
    for image, label in enumerate("abab")
]


def run(tmp_path: Path, features: Path, *options: str) -> tuple[int, dict[str, Any], str]:
    split, out = tmp_path / "split.csv", tmp_path / "out"
    split.write_text("name,split,label\n" + "".join(f"{','.join(item)}\n" for item in ITEMS))
    code = audit.main([str(split), "--features", str(features), "--out", str(out), *options])
    written = (out / "audit.json").exists()
    return (
        code,
        json.loads((out / "audit.json").read_text()) if written else {},
        ((out / "audit.html").read_text() if written else ""),
    )


def write(path: Path, of_case: float, of_class: float, names: list[str] | None = None) -> Path:
    """Features in a direction of the case and one of the class."""
    rng = np.random.default_rng(0)
    case, label = rng.normal(size=(8, 12)), {"a": rng.normal(size=12), "b": rng.normal(size=12)}
    values = np.array([of_case * case[number // 4] + of_class * label[item[2]] for number, item in enumerate(ITEMS)])
    values += 0.01 * rng.normal(size=values.shape)
    listed = names or [item[0] for item in ITEMS]
    if path.suffix == ".npz":
        np.savez(path, names=np.array(listed), features=values[: len(listed)])
    else:
        lines = [",".join([name, *map(repr, row.tolist())]) for name, row in zip(listed, values, strict=False)]
        path.write_text("name," + ",".join(f"f{n}" for n in range(12)) + "\n" + "\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("suffix", [".npz", ".csv"])
def test_features_of_the_patient_are_told_from_those_of_the_class(tmp_path: Path, suffix: str):
    code, result, page = run(tmp_path, write(tmp_path / f"patient{suffix}", of_case=1.0, of_class=0.0))
    assert code == 0
    assert result["robustness"]["levels"]["patient"]["index"]["value"] < 0.2
    assert "Neighbours share the patient more often than the class" in page
    _, other, calm = run(tmp_path, write(tmp_path / f"class{suffix}", of_case=0.0, of_class=1.0))
    assert other["robustness"]["levels"]["patient"]["index"]["value"] == 1.0
    assert "Family before class" not in calm
    assert "Class against family" in calm
    assert "such as a scanner per class" in calm  # what it cannot tell
    assert other["digest"] != result["digest"]


def test_the_family_is_the_highest_level_that_all_items_tell(tmp_path: Path):
    features = write(tmp_path / "f.npz", of_case=1.0, of_class=0.0)
    assert [*run(tmp_path, features)[1]["robustness"]["levels"]] == ["patient"]
    levels = run(tmp_path, features, "--family", "^(TCGA-AA-000[0-4])")[1]["robustness"]["levels"]
    assert levels["patient"] == {"reason": "the patient of some items is unknown"}
    assert levels["slide"]["families"] == 8


def test_without_features_the_audit_is_what_it_was(tmp_path: Path):
    split = tmp_path / "split.csv"
    split.write_text("name,split\na,train\nb,test\n")
    assert audit.main([str(split), "--out", str(tmp_path / "out")]) == 0
    assert "robustness" not in json.loads((tmp_path / "out" / "audit.json").read_text())


def test_items_without_features_or_class_are_counted(tmp_path: Path):
    _, result, page = run(tmp_path, write(tmp_path / "f.npz", 0.5, 0.5, [item[0] for item in ITEMS[:30]]))
    assert result["robustness"]["without_features"] == 2
    assert "2 items with no features, left out" in page


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (None, 66, "there is no such file"),
        ("name,f1\nx,1\n", 65, "it has features of none of the 32 items"),
        ("name,f1\nx,one\n", 65, "f1 = 'one' is no number"),
        ("name,f1\nx,nan\n", 65, "feature 1 of 'x' is not finite"),
        ("name,f1\nx,1\nX,2\n", 65, "'X' is there twice, with two features"),
    ],
)
def test_features_that_cannot_be_used_are_named(tmp_path: Path, text, code, words, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "features.csv"
    if text is not None:
        path.write_text(text)
    assert run(tmp_path, path)[0] == code
    assert words in capsys.readouterr().err
