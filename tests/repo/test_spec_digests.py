"""The digest of a spec never changes: it names the artefacts that laboratories keep."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest

from neurograde.specs.base import JobSpec
from neurograde.specs.strategies import Activation
from neurograde.specs.train import Loss, TrainSpec
from tests.repo import spec_digests
from tests.repo.spec_digests import DIGITS, add_missing, parsed, pinned, specs

COMMAND = "python -m tests.repo.spec_digests"


def complaints(table: Mapping[str, str], now: Mapping[str, JobSpec]) -> list[str]:
    """Return a sentence for each row that does not fit the specs of today."""
    found = []
    for key, spec in now.items():
        digest = spec.digest()[:DIGITS]
        if key not in table:
            found.append(f"{key} has no row: run `{COMMAND}`")
        elif table[key] != digest:
            found.append(
                f"{key} had the digest {table[key]} and has {digest}. If its file was edited on purpose, delete its "
                f"row and run `{COMMAND}`. If not, a change of the spec model turns every finished artefact of such "
                "specs into that of another spec (exit 73): give the new field a default, and leave old defaults alone"
            )
    gone = sorted(table.keys() - now.keys())
    return [*found, *(f"{key} is in the table, but no spec makes it any more: delete its row" for key in gone)]


@pytest.fixture(scope="module")
def now() -> dict[str, JobSpec]:
    return specs()


def test_every_spec_has_the_digest_of_its_row(now: dict[str, JobSpec]):
    assert complaints(pinned(), now) == []


def test_variants_have_every_kind_of_optimiser_loss_activation_and_strategy(now: dict[str, JobSpec]):
    trained = [spec for key, spec in now.items() if key.startswith("variants") and isinstance(spec, TrainSpec)]
    assert {spec.optimiser.kind for spec in trained} == {"sgd", "adagrad", "rmsprop", "adam", "adamw"}
    assert {spec.loss.kind for spec in trained} == set(get_args(Loss.model_fields["kind"].annotation))
    strategies = [strategy for spec in trained for strategy in spec.strategies]
    assert {strategy.kind for strategy in strategies} == {"straightforward", "extension", "unfreezing", "whole"}
    activations = {strategy.activation for strategy in strategies if strategy.kind == "extension"}
    assert activations == set(get_args(Activation))


def test_a_changed_a_missing_and_a_left_over_row_are_named(now: dict[str, JobSpec]):
    key, spec = next(iter(now.items()))
    other = spec.model_copy(update={"name": "another"})
    (changed,) = complaints({key: spec.digest()[:DIGITS]}, {key: other})
    assert changed.startswith(f"{key} had the digest {spec.digest()[:DIGITS]} and has {other.digest()[:DIGITS]}")
    assert complaints({}, {key: spec}) == [f"{key} has no row: run `{COMMAND}`"]
    assert complaints({"a b c": "0"}, {}) == ["a b c is in the table, but no spec makes it any more: delete its row"]


def test_the_command_adds_rows_and_changes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    rows = spec_digests.TABLE.read_text().splitlines()
    kept = [f"{'0' * DIGITS}{rows[0][DIGITS:]}", *rows[2:]]  # a wrong row, and one that is missing
    monkeypatch.setattr(spec_digests, "TABLE", tmp_path / "table.txt")
    spec_digests.TABLE.write_text("\n".join(kept) + "\n")
    assert add_missing() == [rows[1].partition("  ")[2]]
    assert spec_digests.TABLE.read_text().splitlines() == [kept[0], *rows[1:]]


def test_what_is_left_at_its_default_and_where_a_job_runs_do_not_count():
    spec = parsed({**spec_digests.COMMON, "job": "augment", "name": "n", "partition": "p", "balance": "none"}, "here")
    same = spec.model_copy(update={"store": "gs://other/store", "region": "europe-west4", "transforms": 7})
    assert same.digest() == spec.digest()
    assert spec.model_copy(update={"transforms": 6}).digest() != spec.digest()
