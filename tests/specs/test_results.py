"""Result files: one schema each, from which a file is written as it was read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from neurograde.errors import DataError
from neurograde.specs.records import Manifest
from neurograde.specs.results.accounting import Accounting, PixelAccount, Review
from neurograde.specs.results.balance import Balance
from neurograde.specs.results.base import Result
from neurograde.specs.results.evaluation import EvaluationResult
from neurograde.specs.results.independence import Independence, NearDuplicates
from neurograde.specs.results.partition import PartitionSummary
from neurograde.specs.results.sessions import ShardSessions
from neurograde.specs.results.standardisation import Standardisation
from neurograde.storage.artefact import Artefact, encode_json
from neurograde.storage.draft import Draft
from neurograde.storage.store import Store

GOLDEN = Path(__file__).parents[1] / "golden" / "store"
SCHEMAS: dict[str, type[Result]] = {
    "patches/*/accounting.json": Accounting,
    "partitions/*/summary.json": PartitionSummary,
    "partitions/*/independence.json": Independence,
    "datasets/*/balance.json": Balance,
    "datasets/*/standardisation.json": Standardisation,
    "runs/*/*/sessions.json": ShardSessions,
}
PIXELS = {
    "images": 1, "patches": 1, "total_px": 5, "kept_px": 1, "labels_px": 1, "background_px": 1, "borders_px": 1,
    "precrop_px": 1,
}  # fmt: skip


@pytest.mark.parametrize("pattern", SCHEMAS)
def test_a_released_file_is_written_again_to_the_byte(pattern: str):
    paths = sorted(GOLDEN.glob(pattern))
    assert paths
    for path in paths:
        data = path.read_bytes()
        assert encode_json(SCHEMAS[pattern].of(json.loads(data)).as_json()) == data


def test_a_released_evaluation_keeps_its_values_and_the_order_of_its_keys():
    [path] = GOLDEN.glob("evaluations/*/metrics.json")
    before = json.loads(path.read_bytes())
    after = EvaluationResult.of(before).as_json()
    assert [key for key in after if key in before] == list(before)
    assert {key: after[key] for key in before} == before
    assert list(after["sessions"][0]) == list(before["sessions"][0])


def test_keys_come_in_the_order_of_the_file_and_an_absent_one_is_left_out():
    plain = Accounting(patch_size_px=250, **PIXELS, classes={"D": PixelAccount(families=1, **PIXELS)}).as_json()
    assert list(plain)[:3] == ["format", "patch_size_px", "images"]
    assert list(plain["classes"]["D"])[:2] == ["families", "images"]
    reviewed = Accounting(patch_size_px=250, **PIXELS, classes={}, review=Review(images=1, reviewers={})).as_json()
    assert list(reviewed)[:3] == ["review", "format", "patch_size_px"]


def test_a_writer_may_not_add_a_key_that_readers_do_not_know():
    alike = {"count": 0, "pairs": [], "too_plain": 0}
    with pytest.raises(ValidationError, match="leak"):
        Independence.of({"near_duplicates": alike, "leak": True})
    with pytest.raises(ValidationError, match=r"near_duplicates\.plain"):
        Independence.of({"near_duplicates": alike | {"plain": 1}})


def test_a_reader_passes_over_keys_of_a_later_version_and_names_a_field_that_does_not_fit(memory_url: str):
    store = Store(memory_url)
    assert read(store, {"near_duplicates": {"count": 1, "too_plain": 0}, "later": 1}).near_duplicates == NearDuplicates(
        count=1, too_plain=0
    )
    with pytest.raises(DataError, match=r"partitions/p/independence\.json: near_duplicates\.count: "):
        read(store, {"near_duplicates": {"count": "many", "too_plain": 0}})
    with pytest.raises(DataError, match="format 99 is newer"):
        read(store, {"format": 99, "near_duplicates": {"count": 1, "too_plain": 0}})


def read(store: Store, values: dict[str, object]) -> Independence:
    draft = Draft(store, "partitions/p")
    draft.write_json("independence.json", values)
    manifest = Manifest(kind="partitions", name="p", job="partition", spec={}, spec_digest="0" * 64, files=draft.files)
    draft.finish(manifest)
    return Artefact(store, "partitions/p", manifest).read_result(Independence, "independence.json")
