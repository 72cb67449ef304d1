"""synthesise: the table of labels, which patch takes to pre-crop what it cuts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.store import Store

CLASSES = [{"label": label, "families": 4, "differentiation": 0.5} for label in ("PD", "D")]


@pytest.fixture
def paint(run: Callable[..., tuple[int, list[dict[str, str]]]]) -> Callable[..., None]:
    def paint(**changes: object) -> None:
        size = {"min_size_px": [90, 90], "max_size_px": [120, 110]}
        assert run("synthesise", classes=CLASSES, **size, irregular_share=0.5, seed=2, **changes)[0] == 0

    return paint


def opened(url: str, kind: str) -> Artefact:
    manifest = read_manifest(Store(url), f"{kind}/demo")
    assert manifest is not None
    return Artefact(Store(url), f"{kind}/demo", manifest)


def cut(run: Callable[..., tuple[int, list[dict[str, str]]]], table: str) -> tuple[int, list[dict[str, str]]]:
    source = {"images": "demo", "table": table}
    return run("patch", source=source, patch_size_px=32, min_tissue_share=0.0)


def test_patch_pre_crops_by_the_table_of_the_image_set(paint, run, memory_url: str):
    paint(labels=True)
    assert cut(run, "labels.csv")[0] == 0
    truth = {row["image"]: row for row in opened(memory_url, "images").read_csv("truth.csv")}
    patches = opened(memory_url, "patches")
    cropped = {row["image"]: int(row["precrop_px"]) > 0 for row in patches.read_csv("images.csv")}
    assert cropped == {image: row["watermark"] == "True" for image, row in truth.items()}
    assert set(cropped.values()) == {True, False}
    assert patches.manifest.raw == ()  # the set is the input, its table with it


def test_a_set_has_no_table_unless_its_spec_asks_for_one(paint, run, memory_url: str):
    paint()
    assert [path for path in opened(memory_url, "images").manifest.files if ".csv" in path] == ["truth.csv"]
    code, lines = cut(run, "labels.csv")
    assert code == 65
    assert "labels.csv: no such table" in lines[-1]["event"]
