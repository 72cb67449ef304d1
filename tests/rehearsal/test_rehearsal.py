"""A small grid on the rehearsal's cluster: what preemption, divergence, bad specs and an empty store cost."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from jobs.grid import grid
from neurograde.storage.journal import Journal
from neurograde.storage.run import read_run
from neurograde.storage.store import Store
from tests.rehearsal.cluster import Cluster, Outcome, policy
from tests.support.material import train_spec, write_dataset
from tests.support.small import write_small

RATES = [0.01, 0.003]
GRID = train_spec(
    "leaknet",
    learning_rates=RATES,
    strategies=[{"kind": "whole"}, {"kind": "straightforward"}],
    sessions_per_shard=1,
    epochs=12,
).model_dump(mode="json", exclude={"store"})
DIVERGES = 1e30


class Bench:
    """Manifests and a store in a folder of their own."""

    def __init__(self, folder: Path, **fields: Any) -> None:
        self.store, self.k8s = Store(f"file://{folder}/store"), folder / "k8s"
        (folder / "specs").mkdir()
        (folder / "specs/train.yaml").write_text(yaml.safe_dump(GRID | {"store": self.store.url} | fields))
        assert grid.main([str(folder / "specs"), "--profile", "cpu", "--out", str(self.k8s)]) == 0

    def with_data(self) -> Bench:
        write_dataset(self.store)
        return self

    def train(self, chaos: int | None = None) -> list[Outcome]:
        seed = None if chaos is None else random.Random(chaos)
        return Cluster(2, seed, seconds_between_preemptions=0.1).apply(self.k8s / "grid")

    def results(self) -> dict[str, tuple[str, bytes]]:
        """Digest and history of every shard."""
        run = read_run(self.store, "grid")
        assert run.unfinished == []
        return {name: (each.manifest.digest, each.read("history.csv")) for name, each in run.shards.items()}


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, bytes]]:
    bench = Bench(tmp_path_factory.mktemp("calm")).with_data()
    assert [(each.complete, len(each.exits)) for each in bench.train()] == [(True, 2), (True, 2)]
    return bench.results()


def test_preempted_at_random_the_grid_comes_to_the_same_end_and_preemptions_are_free(tmp_path: Path, calm):
    bench = Bench(tmp_path).with_data()
    outcomes = bench.train(chaos=5)
    assert all(each.complete for each in outcomes)
    assert sum(each.preempted.total() for each in outcomes) >= 1
    codes = {code for each in outcomes for _, code in each.exits}
    assert codes <= {0, 75, 137, 143}  # 143: before there was anybody to ask
    assert sum(each.counted.total() for each in outcomes) == 0
    assert bench.results() == calm


def test_a_session_that_diverges_costs_nobody_else_anything(tmp_path: Path, calm):
    bench = Bench(tmp_path, learning_rates=[*RATES, DIVERGES], sessions_per_shard=3).with_data()
    outcomes = bench.train()
    assert [(each.complete, each.exits) for each in outcomes] == [(True, [(0, 0)]), (True, [(0, 0)])]
    histories = [history.decode().splitlines()[1:] for _, history in bench.results().values()]
    alone = [history.decode().splitlines()[1:] for _, history in calm.values()]
    lines = {line for history in histories for line in history}
    assert {line for history in alone for line in history} <= lines
    assert any(f"lr{DIVERGES:g}" in line for line in lines)


def test_a_shard_whose_sessions_all_diverge_is_published_and_costs_the_others_nothing(tmp_path: Path, calm):
    bench = Bench(tmp_path, learning_rates=[DIVERGES, *RATES]).with_data()
    whole, straightforward = sorted(bench.train(), key=lambda each: "whole" not in each.name)
    assert straightforward.complete  # one layer on frozen features has a bounded gradient: its loss stays finite
    assert whole.complete
    assert sorted(whole.exits) == [(0, 0), (1, 0), (2, 0)]
    shards = read_run(bench.store, "grid").shards
    assert {name for name, shard in shards.items() if shard.manifest.diverged} == {"leaknet-whole-000"}
    ends = {history for _, history in bench.results().values()}
    assert {history for _, history in calm.values()} <= ends


def test_a_shard_that_comes_to_nothing_again_and_again_is_given_up_and_the_others_go_on(tmp_path: Path):
    bench = Bench(tmp_path, strategies=[{"kind": "whole"}]).with_data()
    for _ in range(5):
        Journal(bench.store, "runs/grid/leaknet-whole-000").claim({})  # and then nothing was heard of it
    [outcome] = bench.train()
    assert sorted(outcome.exits) == [(0, 81), (1, 0)]
    assert outcome.failed.keys() == {0}
    assert "5 attempts in a row" in outcome.failed[0]
    assert outcome.succeeded == {1}


def test_a_bad_spec_fails_the_job_before_more_pods_are_paid_for(tmp_path: Path):
    bench = Bench(tmp_path).with_data()
    path = bench.k8s / "grid/specs.yaml"
    path.write_text(path.read_text().replace("epochs: 12", "epochs: -1"))
    for outcome in bench.train():
        assert not outcome.complete
        assert {code for _, code in outcome.exits} <= {78, 75}
        assert len(outcome.exits) <= 2
        assert "train.yaml: epochs: -1: Input should be greater than or equal to 1" in outcome.reason


def test_on_an_empty_store_the_job_fails_at_once_and_says_what_to_run_and_after_that_it_runs(tmp_path: Path):
    specs = write_small(tmp_path / "specs", store=f"file://{tmp_path}/store")
    k8s, cluster = tmp_path / "k8s", Cluster(2)
    assert grid.main([str(specs), "--profile", "cpu", "--out", str(k8s)]) == 0
    [outcome] = cluster.apply(k8s / "grid")
    assert not outcome.complete
    assert outcome.exits == [(0, 66)]
    assert re.search(
        r"datasets/demo is not in .*; make it with: python -m jobs\.augment .*/augment\.yaml", outcome.reason
    )
    for path in sorted((k8s / "chain").glob("[0-9]*")):
        assert all(each.complete for each in cluster.apply(path.parent, path.name)), path
    [outcome] = cluster.apply(k8s / "grid")  # on a cluster, the failed Job is deleted first
    assert (outcome.complete, outcome.exits) == (True, [(0, 0)])
    for path in sorted((k8s / "after").glob("[0-9]*")):
        assert all(each.complete for each in cluster.apply(path.parent, path.name)), path
    assert (tmp_path / "store/reports/demo/index.html").exists()


def test_an_exit_that_no_rule_knows_counts_and_preemption_comes_first():
    rules = [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {"action": "FailJob", "onExitCodes": {"values": [66]}},
    ]
    assert policy(rules, 66, disrupted=False) == "FailJob"
    assert policy(rules, 66, disrupted=True) == "Ignore"
    assert policy(rules, 137, disrupted=False) == "Count"
