"""A whole attempt at a shard, from claim to manifest, with an engine that takes no time; or in a process to kill."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Any

import torch
from torch import Tensor

import jobs.train
from neurograde.errors import NeurogradeError
from neurograde.learning.run.attempt import Attempt
from neurograde.learning.run.results import result_files
from neurograde.learning.run.shard import publish
from neurograde.runtime.job import Job
from neurograde.specs.grid import expand
from neurograde.specs.records import Metrics
from neurograde.specs.train import TrainSpec
from neurograde.storage import edge
from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.journal import Journal
from neurograde.storage.store import Store
from tests.support.kills import MortalStore
from tests.support.material import sessions_of, train_spec

SHARD = "runs/grid/leaknet-straightforward"
SESSION = sessions_of(train_spec())[0].id
PROCESSES = multiprocessing.get_context("forkserver")  # torch is imported once, and no thread goes through a fork
PROCESSES.set_forkserver_preload(["tests.support.shards", "tests.jobs.conftest", "jobs.train", "gcsfs", "s3fs"])


@dataclass
class Plan:
    """How a test wants its attempt."""

    epochs: int = 2
    checkpoint_every: int = 1
    keep_last: int = 1
    seconds: float = 0.0
    """Time that an epoch takes."""
    flaw: float = 0.0
    """Added to the state in epoch 1: another machine's rounding."""
    stop_at: int | None = None
    """Epoch in which the attempt fails by a bug."""
    dies_at: int | None = None
    """The operation on the store, from 1, before which the process kills itself."""


class Walk:
    """An engine whose state is a chaotic number: any epoch lost, doubled or out of order shows in all that follow."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.state_now = torch.tensor([0.3, 0.0], dtype=torch.float64)
        self.diverged: dict[str, int] = {}
        self.tick = lambda _samples: None

    def run_epoch(self, epoch: int) -> dict[str, Metrics]:
        self.tick(1)
        if epoch == self.plan.stop_at:
            raise MemoryError
        time.sleep(self.plan.seconds)
        value = float(self.state_now[0])
        value = 3.9 * value * (1 - value) + (self.plan.flaw if epoch == 1 else 0.0)
        self.state_now = torch.tensor([value, float(epoch)], dtype=torch.float64)
        self.tick(1)
        return {SESSION: Metrics(train_loss=value, train_accuracy=0.5, valid_loss=value, valid_accuracy=0.5)}

    def state(self) -> dict[str, Tensor]:
        return {"walk": self.state_now}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        self.state_now = state["walk"]

    def best(self) -> dict[str, Tensor]:
        return {f"{SESSION}/walk": self.state_now}


def attempt_at(store: Store, plan: Plan | None = None) -> int:
    """Go on with the shard to its end, and publish it; the exit code of the job."""
    plan = plan or Plan()
    fields = {"epochs": plan.epochs, "checkpoint_every": plan.checkpoint_every}
    spec = train_spec(keep_last=plan.keep_last, store=store.url, **fields)
    job, grid = Job(spec, store), expand(spec, ())
    (shard,) = grid.shards
    attempt = Attempt(Journal(store, SHARD), shard.sessions, job.meter)
    engine = Walk(plan)
    engine.tick = attempt.tick
    try:
        with attempt.claimed(engine, {}):
            attempt.train(engine, plan.keep_last, 2, plan.checkpoint_every)
            files = result_files(shard.sessions, attempt.journal.commits(), engine.best(), None)
            publish(job, grid, shard, files, attempt)
    except NeurogradeError as error:
        return error.exit_code
    except MemoryError:
        return 1
    return 0


def process_at(url: str, plan: Plan) -> BaseProcess:
    """The same in a process of its own, under way."""
    passed = ("AWS_", "STORAGE_EMULATOR_HOST", "GCSFS_")
    environment = {name: value for name, value in os.environ.items() if name.startswith(passed)}
    process = PROCESSES.Process(target=_attempt_in_process, args=(url, plan, environment, edge.PATIENCE))
    process.start()
    return process


def train_process(store: Store, spec: Mapping[str, Any]) -> BaseProcess:
    """The train job of that spec on `store` in a process of its own, under way; its exit code is 1 if it fails."""
    process = PROCESSES.Process(target=_train, args=(store, TrainSpec.parse(spec)))
    process.start()
    return process


def command_process(*arguments: str) -> BaseProcess:
    """The train job's command line in a process of its own, under way."""
    process = PROCESSES.Process(target=_command, args=(arguments,))
    process.start()
    return process


def code_of(process: BaseProcess) -> int | None:
    """Exit code of the process, or minus the signal that ended it."""
    process.join(60)
    code = process.exitcode
    process.close()
    return code


def _train(store: Store, spec: TrainSpec) -> None:
    jobs.train.train.body(Job(spec, store))


def _command(arguments: Sequence[str]) -> None:
    sys.exit(jobs.train.train.main(arguments))


def _attempt_in_process(url: str, plan: Plan, environment: dict[str, str], patience: edge.Patience) -> None:
    os.environ.update(environment)
    edge.PATIENCE = patience
    torch.set_num_threads(1)
    os._exit(attempt_at(Store(url) if plan.dies_at is None else MortalStore(url, plan.dies_at), plan))


def results(store: Store) -> dict[str, Any]:
    """All that must not depend on what went wrong: the artefact, and every committed state and metric."""
    manifest = read_manifest(store, SHARD)
    assert manifest is not None
    Artefact(store, SHARD, manifest).verify()
    commits = Journal(store, SHARD).commits()
    return {
        "digest": manifest.digest,
        "states": {commit.epoch: commit.sha256 for commit in commits},
        "metrics": {epoch: metrics for commit in commits for epoch, metrics in commit.epochs.items()},
        "best": commits[-1].best,
    }


def nothing_is_half_there(store: Store) -> int:
    """Whatever was killed: every record can be read, the newest commit has its blob; returns how many there are."""
    journal = Journal(store, SHARD)
    journal.attempts(), journal.statuses()
    commits = journal.commits()
    found = journal.latest()
    assert (found is None) == (not commits)
    assert found is None or found[0] == commits[-1]
    assert [epoch for commit in commits for epoch in commit.epochs] == list(range(len(commits)))
    manifest = read_manifest(store, SHARD)
    if manifest is not None:
        Artefact(store, SHARD, manifest).verify()
    return len(commits)
