"""Every page people look at, by axe-core, in both colour schemes; and none scrolls sideways, however narrow."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from jobs.audit import audit
from neurograde.learning.networks.architecture import architectures
from neurograde.maths.patch_grid import Margins
from neurograde.patches.illustration import CroppedImage, Illustrations
from neurograde.reports.grades_page import prediction_page
from neurograde.reports.page import compose
from neurograde.specs.results.evaluation import EvaluationResult
from neurograde.specs.results.prediction import GradedImage, Heatmap
from neurograde.storage.store import Store
from tests.support.accessibility import check, violations
from tests.support.browser import Cable, Served
from tests.support.grids import grid_of, train
from tests.support.page import chains
from tests.support.review import opened, write_review
from tests.support.study import write_study
from tests.support.watch import spec_file

Show = Callable[[Page], None]
LONG = f"{'a slide with a very long name indeed ' * 4}.png"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"file://{tmp_path_factory.mktemp('study')}"
    write_study(url)
    return url


def test_the_report(study: str, tmp_path: Path, page: Page):
    path = tmp_path / "index.html"
    cropped = CroppedImage("D/a.png", np.full((30, 40, 3), 200, np.uint8), 400, 300, Margins(left=40, bottom=30), 100)
    pictures = Illustrations((cropped,), np.zeros((8, 8, 3), np.uint8))
    found = [
        replace(each, networks=tuple(architectures(each.run.spec)), illustrations=pictures)
        for each in chains(study, "independent", "shuffled")
    ]
    path.write_bytes(compose("A study", found, 3).html())
    page.goto(path.as_uri())
    check(page)


def test_the_grades_of_new_images(study: str, tmp_path: Path, page: Page):
    [chain] = chains(study, "independent")
    picture = io.BytesIO()
    Image.fromarray(np.full((900, 1600, 3), 128, np.uint8)).save(picture, "JPEG")
    size = {"cells": 16, "width_px": 1600, "height_px": 900, "overlay": "a.jpg"}
    distance = {"distance": 0.9, "distance_limit": 0.4, "valid_images": 8, "valid_images_nearer": 8}
    plain = {"grade": "PD", "likeliest": "PD", "confidence": 0.91, "patches": 12, "used_in": "valid+test"}
    images = [
        GradedImage(image="plain.png", **size, **plain, **distance),
        GradedImage(image=LONG, reason="too little tissue: 0 patches, 3 are asked for", **size),
    ]
    maps = [Heatmap(image=LONG, row=0, col=1, named="PD", confidence=0.8, heatmap="a.jpg")]
    metrics = chain.evaluation.read_result(EvaluationResult, "metrics.json")
    path = tmp_path / "index.html"
    path.write_bytes(prediction_page("Grades", metrics, 1.3, images, maps, {"a.jpg": picture.getvalue()}).html())
    page.goto(path.as_uri())
    expect(page.locator("img")).to_have_count(3)
    check(page)


@pytest.fixture
def review_spec(tmp_path: Path) -> Path:
    """A review of two images."""
    return write_review(tmp_path)


def test_the_review(served: Callable[..., Served], review_spec: Path, page: Page):
    opened(page, served("review", review_spec).address)
    check(page)


def test_the_review_of_an_image_that_cannot_be_read_and_its_end(
    served: Callable[..., Served], review_spec: Path, page: Page, cable: Cable
):
    server = served("review", review_spec)
    opened(page, server.address)
    page.keyboard.press("Space")
    expect(page.locator("#saved")).to_have_text("saved")
    page.keyboard.press("f")
    expect(page.locator("#end code").first).to_be_visible()
    cable.cut = True
    page.keyboard.press("Space")
    expect(page.locator("#saved")).to_contain_text("not saved")
    check(page)
    server.stop()
    for image in review_spec.parent.rglob("*.png"):
        image.write_bytes(b"no image")
    page.goto(served("review", review_spec).address)
    expect(page.locator("#message")).to_contain_text("not an image that can be read")
    check(page)


def test_the_watch_of_a_grid_that_waits_and_of_one_in_trouble_and_out_of_reach(
    served: Callable[..., Served], tmp_path: Path, page: Page
):
    spec = spec_file(tmp_path)
    store = Store(f"file://{tmp_path}/store")
    grid = grid_of(store)
    server = served("watch", spec, "--serve", "--every", "1")
    page.goto(server.address)
    expect(page.locator("#chosen")).to_contain_text("no epoch is committed yet")
    check(page)
    train(store, grid, 0, 2, ended="error", exit_code=69)
    train(store, grid, 1, 1, diverged={grid.shards[1].sessions[0].id: 1})
    expect(page.locator("#shards")).to_contain_text("failed (exit 69)")
    server.stop()
    expect(page.locator("#message")).to_contain_text("Not up to date")
    check(page)


def test_the_watch(served: Callable[..., Served], tmp_path: Path, page: Page):
    spec = spec_file(tmp_path)
    store = Store(f"file://{tmp_path}/store")
    train(store, grid_of(store), 0, 2)
    page.goto(served("watch", spec, "--serve").address)
    page.locator('[data-cell="0"]').click()
    expect(page.locator("#curves circle")).to_have_count(3)
    check(page)


def test_the_check_sees_a_picture_without_words_and_a_page_that_is_too_wide(page: Page):
    page.set_content(
        '<html lang="en"><title>t</title><main><img src="data:,"><p style="width: 3000px">a</p></main></html>'
    )
    assert violations(page)[0].startswith("image-alt")
    with pytest.raises(AssertionError):
        check(page)


def test_the_audit_of_a_split(tmp_path: Path, page: Page):
    split = tmp_path / "split.csv"
    names = [f"TCGA-AA-{n % 30:04d}-01Z-00-DX{n}.{LONG}" for n in range(60)]
    rows = [f"{name},{('train', 'valid', 'test')[n % 7 % 3]},{'ab'[n % 2]}" for n, name in enumerate(names)]
    np.savez(tmp_path / "features.npz", names=names, features=np.random.default_rng(0).normal(size=(60, 4)))
    split.write_text("\n".join(["slide_id,split,label", *rows]))
    assert audit.main(["--out", str(tmp_path), "--features", str(tmp_path / "features.npz"), str(split)]) == 65
    page.goto((tmp_path / "audit.html").as_uri())
    expect(page.get_by_role("note")).to_contain_text("on both sides")
    expect(page.get_by_role("heading", name="Class against family")).to_be_visible()
    check(page)
