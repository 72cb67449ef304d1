"""evaluate: from a finished run to its figures, and the test set's ledger."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as reference

from neurograde.learning.data.samples import Statistics, read_samples
from neurograde.learning.inference.session_outputs import predict
from neurograde.maths.temperature import at_temperature, fit_temperature
from neurograde.specs.records import Opening
from neurograde.storage.artefact import Artefact, decode_csv, read_manifest
from neurograde.storage.run import read_run
from neurograde.storage.store import Store
from tests.support.artefacts import png, publish
from tests.support.finished import STATISTICS, write_patches, write_run

BETTER = [(0.7, 0.7, 0.5, 0.5), (0.3, 0.35, 0.9, 0.8), (0.2, 0.35, 0.95, 0.9), (0.1, 0.5, 0.99, 0.85)]
THRESHOLD = 0.45
LUCKY = [(0.7, 0.7, 0.5, 0.5), (0.1, 0.1, 0.99, 0.99), (0.1, 0.2, 0.99, 0.95), (0.1, 0.2, 0.99, 0.95)]


@dataclass
class Outcome:
    code: int
    events: list[str]
    store: Store

    @property
    def metrics(self) -> dict[str, Any]:
        return json.loads(self.artefact().read("metrics.json"))

    def artefact(self, name: str = "demo") -> Artefact:
        manifest = read_manifest(self.store, f"evaluations/{name}")
        assert manifest is not None, self.events
        return Artefact(self.store, f"evaluations/{name}", manifest)

    def predictions(self, subset: str) -> list[dict[str, str]]:
        return [row for row in decode_csv(self.artefact().read("predictions.csv")) if row["subset"] == subset]


@pytest.fixture
def evaluate(run, memory_url: str) -> Callable[..., Outcome]:
    """Run `evaluate` on the grid with whatever a test changes; a hundred resamples are enough to be seen."""

    def evaluate(*options: str, **fields: object) -> Outcome:
        given = {"run": "grid", "opens": "best", "seed": 1, "resamples": 100, "device": "cpu", "workers": 1}
        code, events = run("evaluate", *options, **given | fields)
        return Outcome(code, [event["event"] for event in events], Store(memory_url))

    return evaluate


def numbers(rows: list[dict[str, str]], positive: str = "D") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, decision and probability of the positive class."""
    return (
        np.array([row["label"] == positive for row in rows]),
        np.array([row["predicted"] == positive for row in rows]),
        np.array([float(row[f"p_{positive}"]) for row in rows]),
    )


@pytest.mark.parametrize("level", ["samples", "patches", "images"])
@pytest.mark.parametrize("subset", ["valid", "test"])
def test_the_figures_are_those_that_scikit_learn_gets_from_predictions_csv(
    evaluate, memory_url: str, subset: str, level: str
):
    write_run(memory_url)
    outcome = evaluate(threshold=THRESHOLD)
    rows = outcome.predictions(subset)
    if level != "samples":
        rows = [row for row in rows if row["transform"] == "identity"]
    truth, said, given = numbers(rows)
    if level == "images":
        images = [f"{row['family']}/{row['image']}" for row in rows]
        names = sorted(set(images))
        members = [[place for place, image in enumerate(images) if image == name] for name in names]
        truth, given = truth[[each[0] for each in members]], np.array([given[each].mean() for each in members])
        said = given >= THRESHOLD
    found = outcome.metrics["subsets"][subset][level]
    values = {name: each["value"] for name, each in found["metrics"].items()}
    assert found["n"] == len(truth) == {"samples": 48, "patches": 24, "images": 12}[level]
    assert (found["families"], found["classes"]["D"]) == (6, {"n": len(truth) // 2, "families": 3})
    assert found["confusion"] == reference.confusion_matrix(truth, said).tolist()
    expected = {
        "loss": reference.log_loss(truth, given),
        "accuracy": reference.accuracy_score(truth, said),
        "balanced_accuracy": reference.balanced_accuracy_score(truth, said),
        "majority_baseline": 0.5,
        "f_measure": reference.f1_score(truth, said),
        "sensitivity": reference.recall_score(truth, said),
        "specificity": reference.recall_score(~truth, ~said),
        "roc_auc": reference.roc_auc_score(truth, given),
        "brier": reference.brier_score_loss(truth, given),
    }
    assert {name: values[name] for name in expected} == pytest.approx(expected)
    curve = np.array(found["roc"])
    assert reference.auc(curve[:, 0], curve[:, 1]) == pytest.approx(expected["roc_auc"])
    low, high = found["metrics"]["loss"]["low"], found["metrics"]["loss"]["high"]
    assert low < values["loss"] < high


def test_the_chosen_sessions_weights_predict_with_the_statistics_of_each_subset(evaluate, memory_url: str):
    spec = write_run(memory_url, curves={"lr0.001-b4-r01": BETTER})
    outcome = evaluate()
    store, run = outcome.store, read_run(Store(memory_url), "grid")
    session = next(each for each in run.sessions if each.id == outcome.metrics["chosen"]["session"])
    assert session.id.endswith("lr0.001-b4-r01")
    opened = {
        kind: Artefact(store, f"{kind}/set", read_manifest(store, f"{kind}/set")) for kind in ("datasets", "patches")
    }
    samples = read_samples(spec, opened["datasets"], opened["patches"], ["test"])["test"]
    best = run.shards[run.shard_of(session).name].read("best.safetensors")
    expected = predict(spec, session, best, samples, Statistics(**STATISTICS["test"]))
    assert [[float(row["p_PD"]), float(row["p_D"])] for row in outcome.predictions("test")] == expected.tolist()

    as_new = predict(spec, session, best, samples, Statistics(**STATISTICS["train"]))
    loss = -np.log(as_new[np.arange(len(samples)), samples.labels]).mean()
    found = outcome.metrics["test_standardised_as_train"]["samples"]["metrics"]["loss"]["value"]
    assert found == pytest.approx(loss)
    assert found != outcome.metrics["subsets"]["test"]["samples"]["metrics"]["loss"]["value"]


def test_a_cell_is_ranked_by_its_mean_and_its_best_session_opens_the_test(evaluate, memory_url: str):
    slow = {f"lr0.001-b4-r{repeat:02d}": BETTER for repeat in range(3)}
    write_run(memory_url, curves={"lr0.01-b4-r02": LUCKY} | slow)
    outcome = evaluate(opens="best_of_best_cell")
    first, second = outcome.metrics["cells"]
    assert (first["learning_rate"], first["n"], first["diverged"]) == (0.001, 3, 0)
    assert first["loss"] == {"mean": 0.35, "std": 0.0, "best": 0.35}
    assert second["loss"]["best"] == 0.1
    assert second["loss"]["mean"] == pytest.approx((0.6 + 0.6 + 0.1) / 3)
    assert second["loss"]["std"] == pytest.approx(np.std([0.6, 0.6, 0.1], ddof=1))
    assert outcome.metrics["chosen"]["session"].endswith("lr0.001-b4-r00")
    assert (
        evaluate(name="other")
        .artefact("other")
        .read_json("metrics.json")["chosen"]["session"]
        .endswith("lr0.01-b4-r02")
    )


def test_ties_go_to_the_earliest_epoch_and_the_other_metric_is_of_the_same_epoch(evaluate, memory_url: str):
    write_run(memory_url, curves={"lr0.01-b4-r00": BETTER})
    session = evaluate().metrics["sessions"][0]
    assert session["best_loss"] == {
        "epoch": 1, "loss": 0.35, "accuracy": 0.8,
        "train_loss": 0.3, "valid_loss": 0.35, "train_accuracy": 0.9, "valid_accuracy": 0.8,
    }  # fmt: skip
    assert (session["best_accuracy"]["epoch"], session["best_accuracy"]["accuracy"]) == (2, 0.9)
    assert session["best_accuracy"]["loss"] == 0.35


def test_diverged_sessions_are_left_out_and_counted(evaluate, memory_url: str):
    ruined = [*LUCKY[:2], (None, None, 0.5, 0.5)]
    write_run(memory_url, curves={"lr0.01-b4-r01": ruined}, diverged={"lr0.01-b4-r01": 2})
    outcome = evaluate(opens="best_of_best_cell")
    session = next(each for each in outcome.metrics["sessions"] if each["diverged"])
    assert (session["diverged"], session["best_loss"], session["best_accuracy"]) == (2, None, None)
    cell = next(each for each in outcome.metrics["cells"] if each["learning_rate"] == 0.01)
    assert (cell["n"], cell["diverged"], cell["loss"]["best"]) == (2, 1, 0.6)
    assert any(note.startswith("1 of 6 sessions diverged") for note in outcome.metrics["notes"])
    refused = evaluate(name="refused", opens=session["id"])
    assert (refused.code, "diverged" in refused.events[0]) == (78, True)


def test_a_session_that_is_not_there_is_refused_with_the_nearest_ones(evaluate, memory_url: str):
    write_run(memory_url)
    outcome = evaluate(opens="leaknet-straightforward-lr0.01-b4-r7")
    assert outcome.code == 78
    assert "leaknet-straightforward-lr0.01-b4-r0" in outcome.events[0]
    assert outcome.store.list("ledgers") == outcome.store.list("evaluations") == {}


def test_every_opening_is_in_the_ledger_and_a_rerun_opens_nothing(evaluate, memory_url: str):
    write_run(memory_url)
    first = evaluate()
    test_set, digest = first.metrics["test_set"], first.artefact().manifest.digest
    assert first.metrics["openings"] == 1
    again = evaluate()
    assert (again.code, again.events[-1].endswith("is up to date")) == (0, True)
    assert evaluate(name="second", threshold=0.4).artefact("second").read_json("metrics.json")["openings"] == 2
    keys = list(first.store.list(f"ledgers/{test_set}"))
    opening = Opening.parse(first.store.get(keys[0]))
    assert (len(keys), opening.evaluation, opening.session) == (2, "demo", first.metrics["chosen"]["session"])
    # Lost after its opening, as if killed: the same command ends in the same artefact and opens nothing new.
    first.store.clear("evaluations/demo")
    assert evaluate().artefact().manifest.digest == digest
    assert list(first.store.list(f"ledgers/{test_set}")) == keys


def test_without_a_ledger_that_can_be_trusted_nothing_is_evaluated(evaluate, memory_url: str):
    write_run(memory_url)
    first = evaluate()
    key = f"ledgers/{first.metrics['test_set']}/0001.json"
    first.store.clear("evaluations/demo")
    first.store.put(key, b"{}")
    refused = evaluate()
    assert (refused.code, key in refused.events[-1]) == (65, True)
    assert refused.store.list("evaluations") == {}


def test_the_threshold_can_be_chosen_on_original_valid_patches(evaluate, memory_url: str):
    write_run(memory_url)
    outcome = evaluate(threshold="valid")
    truth, _, given = numbers([row for row in outcome.predictions("valid") if row["transform"] == "identity"])
    best = max(reference.balanced_accuracy_score(truth, given >= each) for each in [*given, 0.5])
    chosen = outcome.metrics["threshold"]
    assert chosen["source"] == "best balanced accuracy on 24 valid patches"
    assert reference.balanced_accuracy_score(truth, given >= chosen["value"]) == pytest.approx(best)
    assert outcome.metrics["subsets"]["valid"]["patches"]["metrics"]["balanced_accuracy"]["value"] == pytest.approx(
        best
    )
    _, said, given = numbers(outcome.predictions("test"))
    assert (said == (given >= chosen["value"])).all()


def test_three_classes_are_graded_by_the_most_probable_one(evaluate, memory_url: str):
    write_run(memory_url, classes=("PD", "D", "U"))
    outcome = evaluate()
    found = outcome.metrics["subsets"]["test"]["patches"]
    rows = [row for row in outcome.predictions("test") if row["transform"] == "identity"]
    classes = outcome.metrics["classes"]
    truth, said = ([classes.index(row[column]) for row in rows] for column in ("label", "predicted"))
    given = np.array([[float(row[f"p_{label}"]) for label in classes] for row in rows])
    assert said == given.argmax(axis=1).tolist()
    values = {name: each["value"] for name, each in found["metrics"].items()}
    assert values["f_macro"] == pytest.approx(reference.f1_score(truth, said, average="macro", zero_division=0))
    assert values["loss"] == pytest.approx(reference.log_loss(truth, given))
    assert values["roc_auc_macro"] == pytest.approx(reference.roc_auc_score(truth, given, multi_class="ovr"))
    assert sorted(found["against_rest"]) == sorted(classes)
    assert found["against_rest"]["U"]["roc_auc"]["value"] == values["roc_auc"]
    assert outcome.metrics["threshold"]["value"] is None
    assert evaluate(name="other", threshold="valid").code == 78


def test_an_external_set_is_tested_as_its_patches_stand_with_the_statistics_of_train(evaluate, memory_url: str):
    spec = write_run(memory_url)
    elsewhere = write_patches(Store(memory_url), "elsewhere", ["D", "PD"], seed=5, families=3)
    outcome = evaluate(external="elsewhere")
    found = outcome.metrics["subsets"]["external"]
    assert [found[level]["n"] for level in ("samples", "patches", "images")] == [24, 24, 12]
    assert outcome.metrics["external"] == {
        "patches": "elsewhere", "openings": 1, "test_set": outcome.metrics["external"]["test_set"],
    }  # fmt: skip
    assert len({key.split("/")[1] for key in outcome.store.list("ledgers")}) == 2
    assert [each.name for each in outcome.artefact().manifest.inputs] == ["grid", "elsewhere"]
    run = read_run(outcome.store, "grid")
    session = next(each for each in run.sessions if each.id == outcome.metrics["chosen"]["session"])
    rows = outcome.predictions("external")
    plan = [(row["patch"], "identity", "test", row["label"]) for row in rows]
    plain = publish(
        outcome.store, "datasets", "plain", {"samples.csv": (("patch", "transform", "subset", "label"), plan)}
    )
    samples = read_samples(spec, plain, elsewhere, ["test"])["test"]
    best = run.shards[run.shard_of(session).name].read("best.safetensors")
    expected = predict(spec, session, best, samples, Statistics(**STATISTICS["train"]))
    assert [float(row["p_D"]) for row in rows] == expected[:, 1].tolist()


def test_an_external_set_that_shares_a_patch_with_training_is_refused(evaluate, memory_url: str):
    write_run(memory_url)
    write_patches(Store(memory_url), "copy", ["PD", "D"], seed=0)
    outcome = evaluate(external="copy")
    assert outcome.code == 65
    assert "shares 48 of its 72 patches with train and valid" in outcome.events[0]
    assert "PD/case PD0/scan0_r00_c00.png" in outcome.events[0]
    assert outcome.store.list("evaluations") == outcome.store.list("ledgers") == {}


def test_an_external_set_of_unknown_class_or_of_smaller_patches_is_refused_before_any_opening(
    evaluate, memory_url: str
):
    write_run(memory_url)
    store = Store(memory_url)
    write_patches(store, "strange", ["PD", "Z"], seed=5)
    columns = ("patch", "class", "family", "image", "pixel_sha256")
    small = png(np.zeros((20, 20, 3), np.uint8))
    publish(store, "patches", "small", {"a.png": small, "index.csv": (columns, [("a.png", "D", "f", "i", "0")])})
    assert (evaluate(external="strange").code, evaluate(external="small").code) == (65, 78)
    assert store.list("ledgers") == {}


def test_a_run_that_is_not_done_says_how_much_of_it_is(evaluate, memory_url: str):
    assert evaluate().code == 66
    write_run(memory_url, shards=1)
    outcome = evaluate()
    assert outcome.code == 66
    assert "runs/grid has 1 of 2 shards done" in outcome.events[0]
    assert "python -m jobs.train" in outcome.events[0]


def test_data_replaced_behind_the_run_are_refused_with_both_digests(evaluate, memory_url: str):
    write_run(memory_url)
    store = Store(memory_url)
    before = read_manifest(store, "patches/set").digest
    after = write_patches(store, "set", ["PD", "D"], seed=9).manifest.digest
    outcome = evaluate()
    assert outcome.code == 65
    assert before in outcome.events[0]
    assert after in outcome.events[0]


@pytest.mark.parametrize("name", ["history.csv", "best.safetensors", "sessions.json"])
def test_a_byte_changed_behind_a_manifest_is_refused(evaluate, memory_url: str, name: str):
    write_run(memory_url)
    store = Store(memory_url)
    for key in store.list("runs"):
        if key.endswith(name):
            store.put(key, store.get(key)[:-1] + b"?")
    outcome = evaluate()
    assert (outcome.code, f"{name} has sha256" in outcome.events[0]) == (65, True)
    assert store.list("evaluations") == store.list("ledgers") == {}


def test_marks_of_the_data_are_handed_on_and_an_all_diverged_run_is_refused(evaluate, memory_url: str):
    write_run(memory_url, marks=("leaking",))
    assert evaluate().artefact().manifest.marks == ("leaking",)
    write_run(memory_url, diverged={f"r{repeat:02d}": 1 for repeat in range(3)})
    outcome = evaluate(name="none")
    assert (outcome.code, "all 6 sessions diverged" in outcome.events[0]) == (65, True)


def test_the_repeats_of_the_chosen_cell_are_averaged_beside_it_in_the_same_opening(evaluate, memory_url: str):
    spec = write_run(memory_url, curves={"lr0.001-b4-r01": BETTER}, diverged={"lr0.001-b4-r02": 1})
    outcome = evaluate()
    found, chosen = outcome.metrics["ensemble"], outcome.metrics["chosen"]["session"]
    assert found["sessions"] == [chosen, chosen.replace("r01", "r00")]
    assert outcome.metrics["openings"] == len(outcome.store.list("ledgers")) == 1
    rows = [row for row in outcome.artefact().read_csv("ensemble.csv") if row["subset"] == "test"]
    run = read_run(outcome.store, "grid")
    data, patches = (
        Artefact(outcome.store, f"{kind}/set", read_manifest(outcome.store, f"{kind}/set"))
        for kind in ("datasets", "patches")
    )
    samples = read_samples(spec, data, patches, ["test"])["test"]
    each = [
        predict(
            spec,
            session,
            run.shards[run.shard_of(session).name].read("best.safetensors"),
            samples,
            Statistics(**STATISTICS["test"]),
        )
        for session in run.sessions
        if session.id in found["sessions"]
    ]
    assert [[float(row["p_PD"]), float(row["p_D"])] for row in rows] == np.mean(each, axis=0).tolist()
    assert [float(row["p_D"]) for row in outcome.predictions("test")] == each[1][:, 1].tolist()
    losses = found["losses"]["test"]
    assert losses[0] == pytest.approx(outcome.metrics["subsets"]["test"]["samples"]["metrics"]["loss"]["value"])
    assert len(set(losses)) == len(found["sessions"])
    for level in ("patches", "images"):
        alone, together = (part["subsets"]["test"][level]["metrics"] for part in (outcome.metrics, found))
        for name, change in found["less_chosen"]["test"][level].items():
            assert change["value"] == pytest.approx(together[name]["value"] - alone[name]["value"])
            assert change["low"] <= change["high"]


def test_a_lone_session_is_no_ensemble_and_an_ensemble_changes_nothing_of_the_chosen_one(evaluate, memory_url: str):
    write_run(memory_url)
    with_ensemble = evaluate()
    without = evaluate(name="without", ensemble=False)
    metrics = without.artefact("without").read_json("metrics.json")
    assert metrics["ensemble"] is None
    assert "ensemble.csv" not in without.artefact("without").manifest.files
    assert metrics["subsets"] == with_ensemble.metrics["subsets"]
    write_run(memory_url, diverged={"lr0.01-b4-r00": 1, "lr0.01-b4-r02": 1, "lr0.001": 1})
    lone = evaluate("--replace", name="demo", opens="leaknet-straightforward-lr0.01-b4-r01")
    assert lone.metrics["ensemble"] is None


def test_a_case_is_graded_by_the_mean_the_votes_and_the_top_of_its_original_patches(evaluate, memory_url: str):
    write_run(memory_url)
    outcome = evaluate(threshold=THRESHOLD, top_k=3)
    found = outcome.metrics["cases"]
    rows = [row for row in outcome.predictions("test") if row["transform"] == "identity"]
    cases = sorted({row["family"] for row in rows})
    of_case = [[row for row in rows if row["family"] == case] for case in cases]
    truth = np.array([members[0]["label"] == "D" for members in of_case])
    given = [np.array([float(row["p_D"]) for row in members]) for members in of_case]
    tops = [(np.sort(each)[-3:].mean(), np.sort(1 - each)[-3:].mean()) for each in given]
    scores = {
        "mean": np.array([each.mean() for each in given]),
        "vote": np.array([(each >= THRESHOLD).mean() for each in given]),
        "top_k": np.array([positive / (positive + other) for positive, other in tops]),
    }
    assert (found["k"], found["subsets"]["test"]["fewer_than_k"]) == (3, 0)
    for how, score in scores.items():
        case = found["subsets"]["test"][how]
        assert (case["n"], case["families"]) == (6, 6)
        said = score >= (0.5 if how == "vote" else THRESHOLD)
        values = {name: each["value"] for name, each in case["metrics"].items()}
        assert values["accuracy"] == pytest.approx(reference.accuracy_score(truth, said))
        assert values["roc_auc"] == pytest.approx(reference.roc_auc_score(truth, score))
        assert values["brier"] == pytest.approx(reference.brier_score_loss(truth, score))
        assert case["metrics"]["brier"]["low"] < values["brier"] < case["metrics"]["brier"]["high"]
    assert evaluate(name="many", top_k=5).artefact("many").read_json("metrics.json")["cases"]["subsets"]["test"][
        "fewer_than_k"
    ] == len(cases)


@pytest.mark.parametrize("classes", [("PD", "D"), ("PD", "D", "U")])
def test_the_temperature_of_valid_is_shown_with_what_it_does_to_the_test_set(evaluate, memory_url: str, classes):
    write_run(memory_url, classes=classes)
    outcome = evaluate()
    found = outcome.metrics["temperature"]
    rows = [row for row in outcome.predictions("valid") if row["transform"] == "identity"]
    numbers_of = [classes.index(row["label"]) for row in rows]
    given = np.array([[float(row[f"p_{label}"]) for label in classes] for row in rows])
    assert found["value"] == fit_temperature(numbers_of, given)
    assert found["source"] == f"least loss on {len(rows)} valid patches"
    for subset in ("valid", "test"):
        patches, change = outcome.metrics["subsets"][subset]["patches"], found["subsets"][subset]
        assert change["n"] == patches["n"]
        assert change["calibration"]["before"] == patches["calibration"]
        for name, before in change["before"].items():
            assert before == pytest.approx(patches["metrics"][name])
            difference = change["after"][name]["value"] - before["value"]
            assert change["change"][name]["value"] == pytest.approx(difference)
    assert found["subsets"]["valid"]["change"]["loss"]["value"] < 0
    after = at_temperature(given, found["value"])
    expected = reference.log_loss(numbers_of, after)
    assert found["subsets"]["valid"]["after"]["loss"]["value"] == pytest.approx(expected)


def head_of(events: list[str]) -> str:
    return next(event for event in events if event.startswith("head digest")).rpartition(" ")[2]


def test_the_head_digest_is_printed_before_the_test_set_is_opened_and_kept(evaluate, memory_url: str):
    write_run(memory_url)
    before = evaluate(open=False)
    assert before.code == 0
    head = head_of(before.events)
    assert not before.store.list("ledgers")
    assert read_manifest(before.store, "evaluations/demo") is None
    after = evaluate()
    assert head_of(after.events) == head == after.artefact().manifest.head
    assert after.events.index(f"head digest, before the test set is opened: {head}") < next(
        number for number, event in enumerate(after.events) if event.startswith("opening number 1")
    )


def test_another_opening_or_another_evaluation_has_another_head(evaluate, memory_url: str):
    write_run(memory_url)
    first = head_of(evaluate(open=False).events)
    assert head_of(evaluate(open=False, seed=99).events) != first
    assert evaluate(name="other", seed=98).code == 0
    assert head_of(evaluate(open=False).events) != first
