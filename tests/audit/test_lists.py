"""Published lists in every form into folds of items."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from neurograde.audit.lists import Columns, read_list
from neurograde.audit.roles import split_header
from neurograde.audit.sources import read_sources, subset_names
from neurograde.errors import DataError, MissingUpstream, UsageError


def subsets(path: Path, columns: Columns | None = None) -> list[dict[str, list[str]]]:
    folds = []
    for fold in read_list(path, columns or Columns()):
        of: dict[str, list[str]] = {}
        for item in fold.items:
            of.setdefault(item.subset, []).append(item.name)
        folds.append(of)
    return folds


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_column_per_subset_with_gaps_is_a_fold_as_clam_writes_it(tmp_path: Path):
    path = written(tmp_path / "splits_0.csv", ",train,val,test\n0,s1,s3,s4\n1,s2,,5.0\n")
    assert subsets(path) == [{"train": ["s1", "s2"], "valid": ["s3"], "test": ["s4", "5"]}]


def test_labels_and_patients_beside_each_subset_belong_to_its_items(tmp_path: Path):
    path = written(
        tmp_path / "f.csv", "train_slide_id,train_case_id,train_label,test_slide_id,test_case_id\na,P1,0,b,P2\n"
    )
    [fold] = read_list(path, Columns())
    assert [(item.name, item.subset, item.patient, item.slide, item.label) for item in fold.items] == [
        ("a", "train", "P1", "a", "0"),
        ("b", "test", "P2", "b", None),
    ]


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_a_column_of_subsets_is_found_by_its_header_or_its_values(tmp_path: Path, separator: str):
    for header in ("split", "Verzameling"):
        rows = [["slide_id", header], ["a", "Training"], ["b", "dev"], ["c", "Testing"]]
        path = written(tmp_path / "t.tsv", "\n".join(separator.join(row) for row in rows))
        assert subsets(path) == [{"train": ["a"], "valid": ["b"], "test": ["c"]}]


def test_any_columns_can_be_named_and_any_subset_mapped(tmp_path: Path):
    path = written(tmp_path / "t.csv", "naam,deel,geval\na,oefen,P1\nb,proef,P2\n")
    columns = Columns("naam", "deel", "geval", subsets=subset_names(["oefen=train", "proef=test"]))
    [fold] = read_list(path, columns)
    assert [(item.name, item.subset, item.patient) for item in fold.items] == [
        ("a", "train", "P1"),
        ("b", "test", "P2"),
    ]


def test_each_column_that_fits_a_pattern_is_a_fold_and_empty_cells_are_not_used(tmp_path: Path):
    path = written(tmp_path / "t.csv", "slide,CV3_age,CV3_sex\na,1,\nb,2,1\n")
    assert subsets(path, Columns(subset="CV3_*")) == [{"1": ["a"], "2": ["b"]}, {"1": ["b"]}]


def test_json_of_lists_at_any_depth_and_of_objects(tmp_path: Path):
    nested = written(
        tmp_path / "n.json",
        json.dumps({"train": {"A": [["a", "b"], ["b", "c"]]}, "test": {"A": [["c"], ["a"]]}}),
    )
    assert subsets(nested) == [{"train": ["a", "b"], "test": ["c"]}, {"train": ["b", "c"], "test": ["a"]}]
    objects = written(tmp_path / "o.json", json.dumps([{"image": "a", "split": "train"}, {"image": 2, "split": "val"}]))
    assert subsets(objects) == [{"train": ["a"], "valid": ["2"]}]


def test_npz_of_names(tmp_path: Path):
    np.savez(tmp_path / "f.npz", train_patients=np.array(["TCGA-AA-0001"]), test_patients=np.array(["TCGA-AA-0002"]))
    [fold] = read_list(tmp_path / "f.npz", Columns())
    assert [(item.subset, item.patient) for item in fold.items] == [("train", "TCGA-AA-0001"), ("test", "TCGA-AA-0002")]


def test_npz_that_holds_pickles_is_refused_and_nothing_is_run(tmp_path: Path):
    np.savez(tmp_path / "f.npz", train=np.array([{"a": 1}], dtype=object))
    with pytest.raises(DataError, match="without pickles"):
        read_list(tmp_path / "f.npz", Columns())


def test_lists_of_names_alone_take_their_subset_from_the_path_and_are_one_fold(tmp_path: Path):
    for subset, name in (("train", "a.bmp"), ("valcl", "b.bmp"), ("test", "c.bmp")):
        written(tmp_path / "fold-0" / subset / "image_ids.txt", f"glas/{name}\n")
    folds, digests = read_sources([tmp_path / "fold-0"], Columns(subsets={"valcl": "valid"}))
    assert [(item.name, item.subset) for item in folds[0].items] == [
        ("glas/c.bmp", "test"),
        ("glas/a.bmp", "train"),
        ("glas/b.bmp", "valid"),
    ]
    assert len(folds) == 1
    assert len(digests) == 3


def test_files_for_each_subset_without_header_are_one_fold(tmp_path: Path):
    paths = [written(tmp_path / f"{name}_f_0.csv", f"{name}1.bmp,x.bmp,benign\n") for name in ("train", "test")]
    [fold], _ = read_sources(paths, Columns(label="3"))
    assert [(item.name, item.subset, item.label) for item in fold.items] == [
        ("train1.bmp", "train", "benign"),
        ("test1.bmp", "test", "benign"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "error", "words"),
    [
        ("t.csv", "a,b\n1,2\n", DataError, "no subset is named"),
        ("t.csv", "", DataError, "empty"),
        ("t.csv", "split,image,image\ntrain,a,b\n", DataError, "column 'image' is there 2 times"),
        ("t.csv", "split,image\ntrain,a,b\n", DataError, r"line 2: 3 cells under 2 columns"),
        ("t.json", "{", DataError, "no JSON"),
        ("t.json", "[" * 100_000, DataError, "no JSON"),
        ("t.json", '{"a": ["b"]}', DataError, "no key names a subset"),
        ("t.npz", "x", DataError, "NPZ"),
        ("t.xlsx", "x", UsageError, "accepted are folders"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(
    tmp_path: Path, name: str, text: str, error: type[Exception], words: str
):
    with pytest.raises(error, match=rf"{name}.*{words}"):
        read_list(written(tmp_path / name, text), Columns())


def test_text_that_is_no_utf_8_and_a_source_that_is_not_there_are_refused(tmp_path: Path):
    (tmp_path / "t.csv").write_bytes("image,split\nä,train\n".encode("latin-1"))
    with pytest.raises(DataError, match="line 2: not UTF-8"):
        read_list(tmp_path / "t.csv", Columns())
    with pytest.raises(MissingUpstream, match="no such file"):
        read_sources([tmp_path / "none.csv"], Columns())
    with pytest.raises(UsageError, match="NAME=SUBSET"):
        subset_names(["valcl=validate"])


def test_headers_of_every_kind_name_subset_and_role():
    assert split_header("train") == ("train", "item")
    assert split_header("Val_Label") == ("valid", "label")
    assert split_header("slide_id_test") == ("test", "slide")
    assert split_header("training date") is None
    assert split_header("split") is None


def test_a_column_without_a_name_names_the_items_where_no_other_does(tmp_path: Path):
    (tmp_path / "t.csv").write_text(",split,,\na.png,train,,\nb.png,test,,\n")
    [fold] = read_list(tmp_path / "t.csv", Columns())
    assert [(item.name, item.subset) for item in fold.items] == [("a.png", "train"), ("b.png", "test")]
    (tmp_path / "t.csv").write_text(",split\n,train\n,test\n")
    with pytest.raises(DataError, match=r"t\.csv: no column names the items; there are split"):
        read_list(tmp_path / "t.csv", Columns())


def test_a_source_that_is_neither_a_file_nor_a_folder_is_not_opened(tmp_path: Path):
    os.mkfifo(tmp_path / "list.csv")
    with pytest.raises(DataError, match=r"list\.csv is a FIFO, and is not opened"):
        read_sources([tmp_path / "list.csv"], Columns())
