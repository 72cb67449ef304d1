"""predict: new images through a model that was trained and evaluated, and when it says nothing of them."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jobs.predict import predict
from jobs.review import ask_model
from neurograde.imaging.image_sets import find_images
from neurograde.runtime.job import Job
from neurograde.specs.review import ReviewSpec
from neurograde.storage.artefact import Artefact, read_manifest
from tests.support.images import PATTERN, paint
from tests.support.laboratory import Laboratory
from tests.support.slides import tissue, write_pyramid


def test_an_image_of_the_test_set_gets_the_probabilities_of_its_evaluation(laboratory: Laboratory):
    evaluation = Artefact(
        laboratory.store, "evaluations/demo", read_manifest(laboratory.store, "evaluations/demo")
    ).read_csv("predictions.csv")
    index = Artefact(laboratory.store, "patches/demo", read_manifest(laboratory.store, "patches/demo")).read_csv(
        "index.csv"
    )
    where = {row["patch"]: (row["image"], row["row"], row["col"]) for row in index}
    expected = {where[row["patch"]]: float(row["p_D"]) for row in evaluation if row["transform"] == "identity"}
    found = {
        (row["image"], row["row"], row["col"]): float(row["p_D"])
        for row in laboratory.predict("all", laboratory.images).read_csv("patches.csv")
    }
    assert len(found) == 16
    assert expected.keys() <= found.keys()
    for key, probability in expected.items():
        assert found[key] == pytest.approx(probability, abs=1e-6), key


def test_every_image_has_a_row_a_picture_and_its_place_on_the_page(laboratory: Laboratory):
    found = laboratory.predict("all", laboratory.images)
    rows = found.read_csv("images.csv")
    page = found.read("index.html").decode()
    assert len(rows) == 8
    for row in rows:
        assert row["grade"] in ("PD", "D")
        with Image.open(io.BytesIO(found.read(row["overlay"]))) as overlay:
            assert overlay.size == (100, 70)
        assert base64.b64encode(found.read(row["overlay"])).decode() in page
        assert row["image"] in page
    assert "Not for clinical use" in page
    assert "Favourable or unfavourable histology (FH, UH)" in page
    assert "poorly differentiated" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    heatmaps = found.read_csv("heatmaps.csv")
    assert {(row["image"], row["heatmap"] in found.manifest.files) for row in heatmaps} == {
        (row["image"], True) for row in rows
    }


def test_one_file_is_an_image_as_well_as_a_folder_of_one(laboratory: Laboratory):
    alone = laboratory.predict("alone", laboratory.images / "D" / "D0_1.png")
    assert [row["image"] for row in alone.read_csv("images.csv")] == ["D0_1.png"]
    assert alone.manifest.raw[0].path == "D0_1.png"


def test_without_enough_tissue_or_confidence_there_is_no_grade_but_a_reason(laboratory: Laboratory, tmp_path: Path):
    paint(tmp_path / "in" / "tissue.png", 5)
    Image.fromarray(np.full((70, 100, 3), 240, np.uint8)).save(tmp_path / "in" / "glass.png")
    Image.fromarray(np.full((20, 20, 3), 90, np.uint8)).save(tmp_path / "in" / f"{'long ' * 20}small.png")
    few = laboratory.predict("few", tmp_path / "in", min_patches=2)
    reasons = {row["image"]: (row["grade"], row["reason"], row["patches"]) for row in few.read_csv("images.csv")}
    assert reasons["glass.png"] == ("", "too little tissue: 0 patches, 2 are asked for", "0")
    assert reasons[f"{'long ' * 20}small.png"][1] == "too little tissue: 0 patches, 2 are asked for"
    assert reasons["tissue.png"][0] in ("PD", "D")
    unsure = laboratory.predict("unsure", tmp_path / "in" / "tissue.png", min_confidence=0.999999)
    [row] = unsure.read_csv("images.csv")
    assert row["grade"] == ""
    assert row["reason"].startswith(f"too uncertain: {row['likeliest']} at 0.")


def test_what_cannot_be_read_or_is_not_there_is_named(laboratory: Laboratory, tmp_path: Path, capsys):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    given = {"evaluation": "demo", "workers": 1, "name": "bad"}
    assert laboratory.run(predict, images=str(broken), **given) == 65
    assert "broken.png: not an image that can be read" in capsys.readouterr().err
    assert laboratory.run(predict, images=str(tmp_path / "none.png"), **given) == 65
    assert "none.png: no such image" in capsys.readouterr().err
    assert laboratory.run(predict, images=str(broken), **given | {"evaluation": "other"}) == 66
    assert "evaluations/other is not in" in capsys.readouterr().err


def test_the_same_images_again_are_up_to_date(laboratory: Laboratory, capsys):
    laboratory.predict("again", laboratory.images)
    before = read_manifest(laboratory.store, "predictions/again")
    laboratory.predict("again", laboratory.images)
    assert "up to date" in capsys.readouterr().err
    assert read_manifest(laboratory.store, "predictions/again") == before


def test_a_review_may_show_the_train_images_of_least_certainty_first(laboratory: Laboratory):
    source = {"url": str(laboratory.images), "pattern": PATTERN}
    fields = {"job": "review", "name": "again", "store": laboratory.store.url, "region": "FRA", "reviewer": "ada"}
    grid = {"patch_size_px": 48, "min_tissue_share": 0.1, "least_certain_first": "demo"}
    spec = ReviewSpec.parse(fields | grid | {"source": source})
    labelled, _files, read = find_images(spec, None)
    families = [each.family for each in labelled.images]
    order = ask_model(Job(spec, laboratory.store), labelled.images, read, families)
    assert sorted(each.path for each in order) == sorted(each.path for each in labelled.images)
    manifest = read_manifest(laboratory.store, "partitions/demo")
    rows = Artefact(laboratory.store, "partitions/demo", manifest).read_csv("assignment.csv")
    subset = {row["family"]: row["subset"] for row in rows}
    in_train = [subset[each.family] == "train" for each in order]
    assert in_train == sorted(in_train, reverse=True)
    said = laboratory.predict("all", laboratory.images).read_csv("patches.csv")
    sure: dict[str, list[float]] = {}
    for row in said:
        sure.setdefault(row["image"], []).append(max(float(row["p_PD"]), float(row["p_D"])))
    certainty = [np.mean(sure[each.path]) for each in order[: sum(in_train)]]
    assert certainty == sorted(certainty)


def test_a_slide_is_graded_as_a_picture_of_the_same_pixels(laboratory: Laboratory, tmp_path: Path, capsys):
    pixels = tissue(300, 200)
    (tmp_path / "new").mkdir()
    Image.fromarray(pixels).save(tmp_path / "new" / "picture.png")
    write_pyramid(tmp_path / "new" / "slide.tif", pixels)
    assert laboratory.run(predict, name="unsaid", evaluation="demo", images=str(tmp_path / "new")) == 65
    assert "slide.tif: a whole slide, and the spec does not give the size" in capsys.readouterr().err
    found = laboratory.predict("slides", tmp_path / "new", level=0, min_tissue_share=0)
    rows = found.read_csv("patches.csv")
    by_image = [
        [(row["row"], row["col"], row["p_D"], row["p_PD"]) for row in rows if row["image"] == name]
        for name in ("picture.png", "slide.tif")
    ]
    assert by_image[0] == by_image[1]
    picture, slide = found.read_csv("images.csv")
    assert (slide["grade"], slide["confidence"]) == (picture["grade"], picture["confidence"])
    assert found.read(slide["overlay"]) == found.read(picture["overlay"])


def test_an_image_that_cannot_be_read_has_a_reason_and_the_others_their_grades(laboratory: Laboratory, tmp_path: Path):
    for number in range(3):
        paint(tmp_path / "in" / f"x{number}.png", number)
    broken = tmp_path / "in" / "x1.png"
    broken.write_bytes(broken.read_bytes()[:900])
    mixed = laboratory.predict("mixed", tmp_path / "in")
    rows = {row["image"]: row for row in mixed.read_csv("images.csv")}
    assert list(rows) == ["x0.png", "x1.png", "x2.png"]
    assert rows["x1.png"]["grade"] == rows["x1.png"]["overlay"] == ""
    assert rows["x1.png"]["reason"].startswith("cannot be read: damaged or truncated")
    assert all(rows[name]["grade"] or rows[name]["likeliest"] for name in ("x0.png", "x2.png"))
    assert "cannot be read: damaged or truncated" in mixed.read("index.html").decode()
    assert "x1.png" in {entry.path for entry in mixed.manifest.raw}
