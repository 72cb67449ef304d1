"""The grammar of study.yaml: sections, lists of specs, shared fields and words of names."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from neurograde.specs.composition import CompositionError, compose

STUDY = """
all: {store: memory://s, region: FRA, seed: 1, classes: [PD, D]}
lists:
  experiments: [{experiment: 0, dataset: apart}, {experiment: 1, dataset: exchanged}]
  case: [a, b]
patch: {name: stained, source: {url: x, pattern: '(?P<class>a{2})/(?P<family>b)'}}
partition:
  - {each: case, name: "{case}", folds: {k: families, test: "{case}"}}
  - {name: whole, strategy: ifpo}
train: {each: experiments, name: "leak-{experiment}", epochs: 3}
evaluate: {each: experiments, name: "leak-{experiment}", run: "{name}", opens: best}
"""


def composed(text: str) -> dict[str, dict[str, Any]]:
    return {spec.label: spec.data for spec in compose(yaml.safe_load(text))}


def mistakes(text: str) -> list[str]:
    with pytest.raises(CompositionError) as caught:
        compose(yaml.safe_load(text))
    return [f"{'.'.join(map(str, place))}: {message}" for place, message in caught.value.mistakes]


def test_a_section_makes_a_spec_and_a_list_makes_several():
    assert list(composed(STUDY)) == [
        "patch", "partition-a", "partition-b", "partition-whole",
        "train-leak-0", "train-leak-1", "evaluate-leak-0", "evaluate-leak-1",
    ]  # fmt: skip


def test_a_shared_field_goes_into_the_specs_whose_jobs_have_it():
    specs = composed(STUDY)
    assert specs["train-leak-0"]["classes"] == ["PD", "D"]
    assert {"seed", "classes"} & specs["patch"].keys() == set()
    assert {(spec["store"], spec["region"]) for spec in specs.values()} == {("memory://s", "FRA")}


def test_the_field_of_an_item_goes_into_the_spec_and_its_word_into_the_name():
    specs = composed(STUDY)
    assert [(specs[f"train-leak-{n}"]["name"], specs[f"train-leak-{n}"]["dataset"]) for n in (0, 1)] == [
        ("leak-0", "apart"),
        ("leak-1", "exchanged"),
    ]
    assert "experiment" not in specs["train-leak-0"]
    assert specs["evaluate-leak-1"]["run"] == "leak-1"
    assert specs["partition-b"]["folds"] == {"k": "families", "test": "b"}


def test_the_braces_of_a_regular_expression_stay():
    assert composed(STUDY)["patch"]["source"]["pattern"] == "(?P<class>a{2})/(?P<family>b)"


def test_a_text_of_one_word_takes_its_value_as_it_is_and_own_fields_go_before_shared_ones():
    text = "all: {seed: 1}\ntrain: {each: [{n: 3, way: a}], name: x, epochs: '{n}', seed: '{n}', dataset: 'd{n}{way}'}"
    [spec] = composed(text).values()
    assert (spec["epochs"], spec["seed"], spec["dataset"]) == (3, 3, "d3a")


def test_the_field_of_an_item_goes_before_the_section_s():
    specs = composed("train: {each: [{name: a}, {name: b, epochs: 9}], epochs: 3}")
    assert [spec["epochs"] for spec in specs.values()] == [3, 9]


def test_fields_are_in_the_order_of_the_job_s_model_and_unknown_ones_last():
    [spec] = composed("all: {region: FRA}\naugment: {colour: red, balance: ngca, name: x, partition: p}").values()
    assert list(spec) == ["job", "name", "region", "partition", "balance", "colour"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trian: {name: x}", "trian: no such section; did you mean train?; accepted: all, lists, a job's name"),
        ("features: {name: x}", "features: no such section"),
        ("train: 3", "train: 3: a section is a mapping of fields, or a list of them"),
        ("train: [{name: x}, 3]", "train.1: 3: a section is a mapping"),
        ("train: {epochs: 3}", "train: name: required, and not given"),
        ("train: {name: ../x}", "train.name: name: '../x': accepted is a text of letters"),
        ("train: {each: [{n: 3}], name: '{n}'}", "train.name: name: 3: accepted is a text"),
        ("train: {name: x, job: train}", "train.job: job: a section is named for its job"),
        ("train: [{name: x}, {name: x}]", "train.1: name: 'x': two specs of this job have the name"),
        ("train: {each: [{epohcs: 3}], name: x}", "did you mean epochs?"),
        ("train: {each: [{n: 3}], name: 'x-{m}'}", "train.name: name: 'x-{m}': no word 'm'; accepted: n"),
        ("train: {each: tests, name: x}", "train.each: each: 'tests': no such list; accepted: none"),
        ("lists: {tests: [{n: 1}]}\ntrain: {each: test, name: 'x{n}'}", "did you mean tests?; accepted: tests"),
        ("train: {each: [], name: x}", "train.each: each: []: give a list of mappings"),
        ("train: {each: {n: [1]}, name: x}", "give a list of mappings, or the name of one under lists"),
        ("train: {each: [1], name: x}", "train.each.0: each: 1: give a mapping of fields and words"),
        ("all: {seeed: 1}\ntrain: {name: x}", "all.seeed: seeed: no section's job has this field"),
        ("all: 3\ntrain: {name: x}", "all: 3: give a mapping"),
        ("lists: {n: [1]}\ntrain: {name: x}", "lists.n: n: no section goes through this list"),
        ("lists: {n: [{n: 1, m: 2}]}\ntrain: {each: n, name: 'x{n}'}", "lists.n: n: m: no section has this field"),
    ],
)
def test_a_study_that_breaks_the_grammar_is_refused_with_place_value_and_what_is_accepted(text: str, message: str):
    assert message in "\n".join(mistakes(text))


def test_every_mistake_is_listed():
    assert len(mistakes("trian: {name: x}\ntrain: [{epochs: 3}, {name: a}, {name: a}]\nall: {seeed: 1}")) == 4
