"""The fields that differ between a spec and the one that an artefact was made by."""

from __future__ import annotations

from neurograde.specs.changes import changes
from tests.support.material import train_spec

SPEC = train_spec("leaknet")
BEFORE = SPEC.model_dump(mode="json")


def test_a_changed_field_is_named_with_both_values_by_its_path():
    now = SPEC.parse(BEFORE | {"seed": 77, "learning_rates": [0.5], "optimiser": {"kind": "sgd", "momentum": 0.25}})
    said = changes(BEFORE, now)
    assert f"seed was {SPEC.seed}, is 77" in said
    assert f"learning_rates was {list(SPEC.learning_rates)}, is [0.5]" in said
    assert f"optimiser.momentum was {SPEC.optimiser.momentum}, is 0.25" in said
    assert said.count(" was ") == 3


def test_a_field_in_a_list_of_mappings_is_named_with_its_number():
    now = SPEC.parse(BEFORE | {"backbones": [{"name": "leaknet", "weights": "w.pth"}]})
    assert changes(BEFORE, now) == 'backbones.0.weights was "none", is "w.pth"'


def test_where_a_job_runs_and_a_field_that_an_earlier_version_did_not_have_are_no_changes():
    older = {key: value for key, value in BEFORE.items() if key not in ("early_stopping", "schedule")}
    assert changes(older, SPEC.model_copy(update={"store": "memory://elsewhere", "region": "DEU", "workers": 7})) == ""


def test_the_spec_of_another_version_is_compared_as_it_was_written():
    assert changes(BEFORE | {"colour": "red"}, SPEC) == 'colour was "red", is absent'


def test_long_values_and_many_fields_are_cut():
    said = changes(BEFORE | {f"k{number}": "x" * 900 for number in range(12)}, SPEC)
    assert said.endswith("; and 4 more fields")
    assert len(said) < 2000
