"""baseline: from a data set to a method's figures, under the networks' partition and ledger."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from neurograde.storage.artefact import Artefact, decode_csv, read_manifest
from neurograde.storage.store import Store

FRACTAL = {"kind": "fractal"}


@dataclass
class Outcome:
    code: int
    events: list[str]
    store: Store

    def artefact(self, name: str = "demo") -> Artefact:
        manifest = read_manifest(self.store, f"baselines/{name}")
        assert manifest is not None, self.events
        return Artefact(self.store, f"baselines/{name}", manifest)

    @property
    def metrics(self) -> dict[str, Any]:
        return json.loads(self.artefact().read("metrics.json"))

    def descriptions(self) -> list[str]:
        return sorted({each.split("/")[1] for each in self.store.list("descriptions")})


@pytest.fixture
def baseline(run, patch, memory_url: str) -> Callable[..., Outcome]:
    """Run `baseline` on a data set of noisy images, with whatever a test changes."""
    assert patch()[0] == 0
    assert run("partition", patches="demo", strategy="ifpo")[0] == 0
    assert run("augment", partition="demo", balance="ngca", transforms=1)[0] == 0

    def baseline(*options: str, **fields: object) -> Outcome:
        given = {"dataset": "demo", "classes": ["PD", "D"], "positive": "D", "method": FRACTAL, "seed": 1}
        code, events = run("baseline", *options, **given | {"resamples": 100} | fields)
        return Outcome(code, [event["event"] for event in events], Store(memory_url))

    return baseline


def test_a_method_is_judged_like_a_network_and_its_opening_of_the_test_set_is_written_down(baseline):
    outcome = baseline()
    assert outcome.code == 0
    metrics = outcome.metrics
    assert metrics["method"] == "fractal"
    assert set(metrics["subsets"]) == {"valid", "test"}
    assert metrics["openings"] == 1
    assert metrics["chosen"]["chosen"] in metrics["chosen"]["valid_log_loss"]
    assert {"value", "low", "high"} <= set(metrics["subsets"]["test"]["patches"]["metrics"]["accuracy"])
    assert [each.kind for each in outcome.artefact().manifest.inputs] == ["datasets"]
    rows = decode_csv(outcome.artefact().read("predictions.csv"))
    assert {row["subset"] for row in rows} == {"valid", "test"}
    assert all(abs(float(row["p_PD"]) + float(row["p_D"]) - 1) < 1e-6 for row in rows)
    assert baseline(name="again").metrics["openings"] == 1
    assert json.loads(baseline(name="again").artefact("again").read("metrics.json"))["openings"] == 2


def test_no_case_of_test_or_valid_is_learnt_from(baseline):
    rows = decode_csv(baseline().artefact().read("predictions.csv"))
    families = {name: {row["family"] for row in rows if row["subset"] == name} for name in ("valid", "test")}
    assert families["valid"].isdisjoint(families["test"])
    assert 0 < len(families["valid"] | families["test"]) < 8


def test_run_again_it_is_up_to_date_and_made_again_it_is_the_identical_artefact(baseline):
    first = baseline()
    before = first.artefact().manifest
    assert baseline().code == 0
    assert any("up to date" in each for each in baseline().events)
    first.store.clear("baselines")
    first.store.clear("descriptions")
    assert baseline().artefact().manifest.digest == before.digest


def test_descriptions_are_found_again_by_another_seed_and_another_split_and_are_named_for_the_account(run, baseline):
    first = baseline()
    assert first.artefact().manifest.features == ()
    [described] = first.descriptions()
    assert run("partition", name="other", patches="demo", strategy="exact")[0] == 0
    assert run("augment", name="other", partition="other", balance="none")[0] == 0
    for fields in ({"name": "seed", "seed": 2}, {"name": "split", "dataset": "other"}):
        outcome = baseline(**fields)
        assert outcome.code == 0
        assert any("found, " in each for each in outcome.events)
        assert [each.name for each in outcome.artefact(str(fields["name"])).manifest.features] == [described]
    assert first.descriptions() == [described]
    own = read_manifest(first.store, f"descriptions/{described}")
    assert own is not None
    assert own.carbon["wall_seconds"] < first.artefact().manifest.carbon["wall_seconds"]


def test_damaged_descriptions_are_made_again(baseline):
    first = baseline()
    [described] = first.descriptions()
    key = f"descriptions/{described}/descriptions.safetensors"
    whole = first.store.get(key)
    first.store.put(key, whole[:-1] + bytes([whole[-1] ^ 1]))
    again = baseline(name="again")
    assert again.code == 0
    assert any("is damaged and made again" in each for each in again.events)
    assert first.store.get(key) == whole


def test_a_method_of_several_scales_reads_windows_of_the_images_themselves(baseline):
    outcome = baseline(method={"kind": "lab_texture", "scales_px": [64, 32], "most_features": 2})
    assert outcome.code == 0
    assert set(outcome.metrics["chosen"]["features"]) == {"64", "32"}


def test_pseudonyms_hide_the_images_from_a_method_that_wants_windows(run, baseline, patch, tmp_path):
    assert patch(name="coded", pseudonymise=True, pseudonym_key=str(tmp_path / "key"))[0] == 0
    assert run("partition", name="coded", patches="coded", strategy="ifpo")[0] == 0
    assert run("augment", name="coded", partition="coded", balance="none")[0] == 0
    outcome = baseline(dataset="coded", method={"kind": "lab_texture", "scales_px": [64]})
    assert outcome.code == 78
    assert "pseudonyms" in outcome.events[-1]


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"dataset": "absent"}, 66, ["datasets/absent", "python -m jobs.augment"]),
        ({"classes": ["PD", "U"], "positive": "U"}, 78, ["'D'", "PD, U"]),
        ({"positive": "U"}, 78, ["positive", "'U'"]),
        ({"method": {"kind": "surf"}}, 78, ["method", "surf", "lab_texture"]),
        ({"method": {"kind": "sift_bovw", "words": [1]}}, 78, ["words", "2"]),
    ],
)
def test_what_cannot_be_done_is_said(baseline, fields: dict[str, object], code: int, words: list[str]):
    outcome = baseline(**fields)
    assert outcome.code == code
    said = "\n".join(outcome.events)
    assert all(word in said for word in words), said


def test_the_test_set_stays_shut_when_a_method_cannot_learn(baseline):
    outcome = baseline(classes=["PD", "U"], positive="PD")
    assert outcome.code == 78
    assert not list(outcome.store.list("ledgers"))
