"""predict: new images through a model that was trained and evaluated, and when it says nothing of them."""

from __future__ import annotations

import base64
import io
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jobs.predict import predict
from jobs.review import ask_model
from jobs.verify import verify
from neurograde.errors import Fenced, NameTaken
from neurograde.imaging.image_sets import find_images
from neurograde.imaging.new_images import new_images
from neurograde.imaging.prediction_set import PredictionSet
from neurograde.runtime.job import Job
from neurograde.runtime.manifests import record_of
from neurograde.specs.predict import PredictSpec
from neurograde.specs.review import ReviewSpec
from neurograde.storage.artefact import Artefact, encode_csv, read_manifest
from neurograde.storage.predictions import read_predictions
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
    predictions = laboratory.predict("all", laboratory.images)
    rows = predictions.read_csv("images.csv")
    assert len(rows) == 8
    for row in rows:
        artefact = predictions.of(row["image"])
        page = artefact.read("index.html").decode()
        assert row["grade"] in ("PD", "D")
        with Image.open(io.BytesIO(artefact.read(row["overlay"]))) as overlay:
            assert overlay.size == (100, 70)
        assert base64.b64encode(artefact.read(row["overlay"])).decode() in page
        assert row["image"] in page
        assert "Not for clinical use" in page
        assert "Favourable or unfavourable histology (FH, UH)" in page
        assert "poorly differentiated" in page
        assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
        for heatmap in artefact.read_csv("heatmaps.csv"):
            assert heatmap["heatmap"] in artefact.manifest.files
            corner = (int(heatmap["x_px"]) - 48 * int(heatmap["col"]), int(heatmap["y_px"]) - 48 * int(heatmap["row"]))
            assert (*corner, heatmap["side_px"]) == (1, 1, "46")  # the centre crop of a patch of 48 px
    assert {row["image"] for row in predictions.read_csv("heatmaps.csv")} == {row["image"] for row in rows}


def test_one_file_is_an_image_as_well_as_a_folder_of_one(laboratory: Laboratory):
    alone = laboratory.predict("alone", laboratory.images / "D" / "D0_1.png")
    assert [row["image"] for row in alone.read_csv("images.csv")] == ["D0_1.png"]
    assert alone.of("D0_1.png").folder == f"predictions/alone/{alone.read_csv('images.csv')[0]['sha256']}"


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
    before = laboratory.predict("again", laboratory.images)
    capsys.readouterr()
    after = laboratory.predict("again", laboratory.images)
    assert capsys.readouterr().err.count("up to date") == 8
    assert [artefact.manifest for artefact in after.artefacts] == [artefact.manifest for artefact in before.artefacts]


def test_a_review_may_show_the_train_images_of_least_certainty_first(laboratory: Laboratory):
    source = {"url": str(laboratory.images), "pattern": PATTERN}
    fields = {"job": "review", "name": "again", "store": laboratory.store.url, "region": "FRA", "reviewer": "ada"}
    grid = {"patch_size_px": 48, "min_tissue_share": 0.1, "least_certain_first": "demo"}
    spec = ReviewSpec.parse(fields | grid | {"source": source})
    labelled, _files, read = find_images(spec, None)
    families = [image.family for image in labelled.images]
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
    assert found.of("slide.tif").read("overlay.jpg") == found.of("picture.png").read("overlay.jpg")


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
    assert "cannot be read: damaged or truncated" in mixed.of("x1.png").read("index.html").decode()


def test_images_that_cannot_be_opened_for_their_name_or_kind_get_the_reason(
    laboratory: Laboratory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    paint(tmp_path / "in" / "good.png", 1)
    paint(tmp_path / "in" / "line\nfeed.png", 2)
    os.mkfifo(tmp_path / "in" / "fifo.png")
    predictions = laboratory.predict("odd", tmp_path / "in")
    assert [row["image"] for row in predictions.read_csv("images.csv")] == ["good.png"]
    printed = capsys.readouterr().out
    assert "line\\nfeed.png: no grade: cannot be used under this name: it holds the character U+000A" in printed
    assert "fifo.png is a FIFO, and is not opened" in printed
    (tmp_path / "in" / "good.png").unlink()
    assert laboratory.run(predict, name="none", evaluation="demo", images=str(tmp_path / "in")) == 65


def test_a_grade_tells_which_subset_of_the_model_held_its_image(laboratory: Laboratory, tmp_path: Path, capsys):
    rows = laboratory.predict("all", laboratory.images).read_csv("images.csv")
    assignment = Artefact(
        laboratory.store, "partitions/demo", read_manifest(laboratory.store, "partitions/demo")
    ).read_csv("assignment.csv")
    subsets = {row["family"]: row["subset"] for row in assignment}
    assert {row["image"]: row["used_in"] for row in rows} == {
        row["image"]: subsets[Path(row["image"]).stem.partition("_")[0]] for row in rows
    }
    trained = next(laboratory.images / row["image"] for row in rows if row["used_in"] == "train")
    (tmp_path / "in").mkdir()
    Image.open(trained).save(tmp_path / "in" / "saved again.tif")
    paint(tmp_path / "in" / "new.png", 4711)
    capsys.readouterr()
    predictions = laboratory.predict("other", tmp_path / "in")
    used = {row["image"]: row["used_in"] for row in predictions.read_csv("images.csv")}
    assert used == {"saved again.tif": "train", "new.png": ""}
    assert "saved again.tif: " in (out := capsys.readouterr().out)
    assert out.count("used in train") == 1
    assert "To be known: used in train." in predictions.of("saved again.tif").read("index.html").decode()
    assert "Used in training" in predictions.of("saved again.tif").read("index.html").decode()
    assert "Used in training" not in predictions.of("new.png").read("index.html").decode()


def test_an_image_unlike_any_of_training_lies_far_from_them(laboratory: Laboratory, tmp_path: Path):
    (tmp_path / "in").mkdir()
    stripes = np.zeros((70, 100, 3), np.uint8)
    stripes[::2] = (0, 255, 0)
    Image.fromarray(stripes).save(tmp_path / "in" / "stripes.png")
    rows = laboratory.predict("all", laboratory.images).read_csv("images.csv")
    far = laboratory.predict("stripes", tmp_path / "in")
    [row] = far.read_csv("images.csv")
    limit = float(row["distance_limit"])
    valid = [float(each["distance"]) for each in rows if each["used_in"] == "valid"]
    assert max(valid) == pytest.approx(limit, abs=1e-4)
    assert int(row["valid_images"]) == len(valid)
    assert float(row["distance"]) > limit
    assert (
        row["valid_images_nearer"],
        "Far from the training images" in far.of("stripes.png").read("index.html").decode(),
    ) == (
        row["valid_images"],
        True,
    )
    mean = np.mean([float(patch["distance"]) for patch in far.read_csv("patches.csv")])
    assert float(row["distance"]) == pytest.approx(mean, abs=1e-5)


def test_the_features_that_images_are_held_against_are_computed_once(laboratory: Laboratory):
    laboratory.predict("all", laboratory.images)
    before = laboratory.store.list("features")
    again = laboratory.predict("all-once-more", laboratory.images)
    assert laboratory.store.list("features") == before
    [record] = again.artefacts[0].manifest.features
    assert f"features/{record.name}/manifest.json" in before


def test_an_image_is_added_to_a_name_and_the_others_stay(laboratory: Laboratory, tmp_path: Path):
    first = laboratory.predict("grows", laboratory.images / "D" / "D0_1.png")
    paint(tmp_path / "later.png", 77)
    both = laboratory.predict("grows", tmp_path / "later.png")
    assert [artefact.manifest.raw[0].path for artefact in both.artefacts] == ["D0_1.png", "later.png"]
    assert both.artefacts[0].manifest == first.artefacts[0].manifest
    assert both.artefacts[0].manifest.spec_digest == both.artefacts[1].manifest.spec_digest
    (tmp_path / "copies").mkdir()
    for name in ("a.png", "b.png"):
        (tmp_path / "copies" / name).write_bytes((tmp_path / "later.png").read_bytes())
    same = laboratory.predict("grows", tmp_path / "copies")
    assert [artefact.manifest for artefact in same.artefacts] == [artefact.manifest for artefact in both.artefacts]


def test_a_name_holds_the_grades_of_one_model_by_one_rule(laboratory: Laboratory, tmp_path: Path, capsys):
    laboratory.predict("one-rule", laboratory.images / "D" / "D0_1.png")
    paint(tmp_path / "new.png", 78)
    other = {"name": "one-rule", "evaluation": "demo", "workers": 1, "images": str(tmp_path / "new.png")}
    assert laboratory.run(predict, **other, min_patches=2) == 73
    assert "is taken: it was made by another spec: min_patches was 1, is 2" in capsys.readouterr().err


def test_grades_of_version_0_1_are_read_and_kept_until_they_are_replaced(
    laboratory: Laboratory, tmp_path: Path, capsys
):
    image = laboratory.images / "D" / "D0_1.png"
    now = laboratory.predict("template", image).artefacts[0]
    spec = now.manifest.spec | {"name": "old", "images": str(image)}
    old = dict(now.read_csv("images.csv")[0])
    table = encode_csv(list(old)[:11], [list(old.values())[:11]])
    manifest = now.manifest.model_copy(
        update={
            "name": "old",
            "spec": spec,
            "spec_digest": PredictSpec.parse(spec).digest(),
            "revision": 1,
            "files": {"images.csv": record_of(table)},
        }
    )
    laboratory.store.put("predictions/old/images.csv", table)
    laboratory.store.put("predictions/old/manifest.json", manifest.encode())
    capsys.readouterr()
    [kept] = laboratory.predict("old", image).artefacts
    said = capsys.readouterr()
    assert kept.manifest == manifest
    assert f"D0_1.png: {old['grade']}" in said.out
    assert "was made by revision 1: each image has an artefact" in said.err
    assert verify.main([laboratory.store.url]) == 0
    assert "predictions/old\twas made by revision 1" in capsys.readouterr().out
    assert predict.main([str(laboratory.root / "predict.yaml"), "--replace"]) == 0
    [made] = read_predictions(laboratory.store, "old")
    assert made.folder == f"predictions/old/{old['sha256']}"
    assert not laboratory.store.exists("predictions/old/images.csv")


def test_two_jobs_at_once_on_one_name_leave_every_image_whole_and_once(laboratory: Laboratory):
    fields = {"evaluation": "demo", "workers": 1, "min_patches": 1, "min_confidence": 0.0}
    base = {"job": "predict", "name": "together", "store": laboratory.store.url, "region": "FRA"} | fields
    folders = [laboratory.images / label for label in ("D", "D", "PD")]
    specs = [PredictSpec.parse(base | {"images": str(folder)}) for folder in folders]

    def grade(spec: PredictSpec) -> None:
        with suppress(Fenced):
            predict.body(Job(spec, laboratory.store))

    with ThreadPoolExecutor(len(specs)) as pool:
        list(pool.map(grade, specs))
    for spec in specs:
        predict.body(Job(spec, laboratory.store))
    artefacts = read_predictions(laboratory.store, "together")
    assert len({artefact.folder for artefact in artefacts}) == len(artefacts) == 8
    for artefact in artefacts:
        artefact.verify()
    assert not laboratory.store.list("claims/predictions/together")


def test_a_damaged_grade_is_made_again_under_replace(laboratory: Laboratory, capsys):
    image = laboratory.images / "D" / "D1_1.png"
    [whole] = laboratory.predict("harmed", image).artefacts
    laboratory.store.put(f"{whole.folder}/overlay.jpg", b"harm")
    assert predict.main([str(laboratory.root / "predict.yaml"), "--replace"]) == 0
    [made] = read_predictions(laboratory.store, "harmed")
    made.verify()
    assert made.manifest.digest == whole.manifest.digest


def test_a_prediction_from_local_files_loads_no_client_of_a_cloud(laboratory: Laboratory):
    laboratory.predict("quick", laboratory.images / "D" / "D0_1.png")
    laboratory.store.clear("predictions/quick")
    code = (
        "import sys; from jobs.predict import predict; assert predict.main(sys.argv[1:]) == 0; "
        "print(sorted({'gcsfs', 's3fs', 'aiohttp', 'onnx', 'matplotlib'} & set(sys.modules)))"
    )
    arguments = [sys.executable, "-c", code, str(laboratory.root / "predict.yaml")]
    assert subprocess.run(arguments, check=True, capture_output=True, text=True).stdout.splitlines()[-1] == "[]"


def test_two_files_of_one_name_size_and_time_are_two_images(laboratory: Laboratory, tmp_path: Path):
    for number, folder in enumerate(("one", "other")):
        (tmp_path / folder).mkdir()
        colours = np.full((70, 100, 3), (200 - 40 * number, 90, 150), np.uint8)
        Image.fromarray(colours).save(tmp_path / folder / "same.tif")
        os.utime(tmp_path / folder / "same.tif", (1e9, 1e9))
    sizes = {(tmp_path / folder / "same.tif").stat().st_size for folder in ("one", "other")}
    assert len(sizes) == 1
    laboratory.predict("same", tmp_path / "one")
    assert len(laboratory.predict("same", tmp_path / "other").artefacts) == 2


def test_a_job_ends_when_another_model_has_taken_its_name_meanwhile(laboratory: Laboratory):
    base = {"job": "predict", "name": "meanwhile", "store": laboratory.store.url, "region": "FRA", "evaluation": "demo"}
    ours = PredictSpec.parse(base | {"images": str(laboratory.images / "D"), "workers": 1})
    held = PredictionSet(Job(ours, laboratory.store), laboratory.evaluation(), new_images(ours.images))
    laboratory.predict("meanwhile", laboratory.images / "PD" / "PD0_1.png", min_patches=2)
    with pytest.raises(NameTaken, match="made by another spec: min_patches was 2, is 3"):
        held.grade(lambda _image: pytest.fail("nothing is graded"), lambda _draft, _graded: None)


def test_a_slide_tells_its_scale(laboratory: Laboratory, tmp_path: Path):
    write_pyramid(tmp_path / "slide.tif", tissue(300, 200), um_per_px=0.25)
    predictions = laboratory.predict("scale", tmp_path / "slide.tif", um_per_px=0.5, min_tissue_share=0)
    [row] = predictions.read_csv("images.csv")
    assert (float(row["um_per_px"]), row["um_per_px_of_training"]) == (0.5, "")
    page = predictions.of("slide.tif").read("index.html").decode()
    assert "the images of training do not record µm/px" in page
