"""The driver of a shard, with an engine that trains nothing: only the journal, the account and the endings count."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from neurograde.errors import AccessDenied, Fenced, Stopped, StoreUnavailable
from neurograde.learning.run.attempt import Attempt
from neurograde.learning.run.results import result_files
from neurograde.runtime.carbon import CarbonMeter
from neurograde.specs.records import Metrics
from neurograde.storage.journal import Journal
from neurograde.storage.store import Store
from tests.support.material import sessions_of, train_spec

SESSIONS = sessions_of(train_spec(epochs=4))


class Counter:
    """An engine whose state is the number of epochs it has run."""

    def __init__(self, fails_at: tuple[int, BaseException] | None = None, diverges_at: int | None = None) -> None:
        self.epochs, self.fails_at, self.diverges_at = 0, fails_at, diverges_at
        self.diverged: dict[str, int] = {}
        self.tick = lambda samples: None

    def run_epoch(self, epoch: int) -> dict[str, Metrics]:
        self.tick(1)
        if self.fails_at and self.fails_at[0] == epoch:
            raise self.fails_at[1]
        self.epochs += 1
        if epoch == self.diverges_at:
            self.diverged[SESSIONS[0].id] = epoch
        loss = 1.0 / self.epochs
        metrics = Metrics(train_loss=loss, train_accuracy=0.5, valid_loss=loss + 0.2 * (epoch > 2), valid_accuracy=0.5)
        return {SESSIONS[0].id: metrics}

    def state(self) -> dict[str, Tensor]:
        return {"epochs": torch.tensor(self.epochs), "diverged": torch.tensor(len(self.diverged))}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        self.epochs = int(state["epochs"])
        self.diverged = {SESSIONS[0].id: self.epochs - 1} if state["diverged"] else {}

    def best(self) -> dict[str, Tensor]:
        return {}


@pytest.fixture
def store(memory_url: str) -> Store:
    return Store(memory_url)


def run(store: Store, engine: Counter) -> Attempt:
    attempt = Attempt(Journal(store, "runs/grid/shard"), SESSIONS, CarbonMeter("FRA"))
    engine.tick = attempt.tick
    with attempt.claimed(engine, {}):
        attempt.train(engine, 2, 1)
    return attempt


def test_every_epoch_from_0_to_the_last_is_committed_once(store: Store):
    attempt = run(store, Counter())
    assert [commit.epoch for commit in attempt.journal.commits()] == [0, 1, 2, 3, 4]
    assert attempt.journal.statuses()[1].ended == "done"
    assert len(store.list("runs/grid/shard/checkpoints")) == 2


@pytest.mark.parametrize(
    ("error", "ended"),
    [
        (Stopped("asked"), "SIGTERM"),
        (Fenced("newer"), "fenced"),
        (KeyboardInterrupt(), "SIGINT"),
        (MemoryError(), "error"),
    ],
)
def test_however_an_attempt_ends_it_says_so_and_the_next_goes_on_from_there(
    store: Store, error: BaseException, ended: str
):
    with pytest.raises(type(error)):
        run(store, Counter(fails_at=(2, error)))
    attempt = run(store, Counter())
    assert attempt.journal.statuses()[1].ended == ended
    assert [(commit.epoch, commit.attempt) for commit in attempt.journal.commits()] == [
        (0, 1), (1, 1), (2, 2), (3, 2), (4, 2),
    ]  # fmt: skip


def test_work_that_was_lost_is_charged_and_counted_as_wasted(store: Store):
    with pytest.raises(MemoryError):
        run(store, Counter(fails_at=(2, MemoryError())))
    total, wasted = run(store, Counter()).carbon()
    assert wasted.work == "wasted"
    assert 0 < wasted.wall_seconds < total.wall_seconds
    untroubled, nothing = run(Store(f"{store.url}/other"), Counter()).carbon()
    assert nothing is None
    assert untroubled.work == "useful"


def test_a_heartbeat_whose_epoch_was_committed_after_all_is_not_wasted(store: Store):
    run(store, Counter())  # its first tick sent a heartbeat of epoch 0, and epoch 0 was committed
    journal = Journal(store, "runs/grid/shard")
    status = journal.statuses()[1].model_copy(update={"epoch": 0, "carbon": CarbonMeter("FRA").peek().model_dump()})
    store.put("runs/grid/shard/status/a01.json", status.encode())
    assert run(store, Counter()).carbon()[1] is None


def test_an_epoch_that_comes_out_the_same_again_is_wasted_work(store: Store):
    run(store, Counter())
    for key in store.list("runs/grid/shard/checkpoints"):
        store.put(key, b"rotten")
    attempt = run(store, Counter())
    assert attempt.carbon()[1] is not None
    assert {commit.attempt for commit in attempt.journal.commits()} == {1}
    assert attempt.journal.latest()[0].epoch == 4


def test_when_every_session_has_diverged_no_further_epoch_is_trained_now_or_later(store: Store):
    assert len(run(store, Counter(diverges_at=1)).journal.commits()) == 2
    assert len(run(store, Counter()).journal.commits()) == 2


def test_the_results_are_the_union_of_the_commits(store: Store):
    files = result_files(SESSIONS, run(store, Counter()).journal.commits(), {}, None)
    lines = files["history.csv"].decode().splitlines()
    assert lines[0] == "session,epoch,train_loss,train_accuracy,valid_loss,valid_accuracy"
    assert lines[3] == f"{SESSIONS[0].id},2,{1 / 3!r},0.5,{1 / 3!r},0.5"
    assert len(lines) == 6
    assert b'"best_epoch_by_loss": 4' not in files["sessions.json"]
    assert b'"best_epoch_by_loss": 2' in files["sessions.json"]


def test_checkpoints_are_uploaded_while_the_next_epoch_is_trained_and_one_at_a_time(store: Store):
    under_way, trained, together = [], [], []

    class Slow(Store):
        def put(self, key: str, data: bytes) -> None:
            if "/checkpoints/" in key:
                under_way.append(key)
                together.append(len(under_way))
                deadline = time.monotonic() + 10
                while len(trained) < min(5, len(together) + 1) and time.monotonic() < deadline:
                    time.sleep(0.001)  # ends at once if the next epoch is trained meanwhile
                assert len(trained) >= min(5, len(together) + 1), "nothing was trained during the upload"
                under_way.pop()
            super().put(key, data)

    class Noted(Counter):
        def run_epoch(self, epoch: int) -> dict[str, Metrics]:
            trained.append(epoch)
            return super().run_epoch(epoch)

    run(Slow(store.url), Noted())
    assert together == [1] * 5


def test_an_upload_that_fails_ends_the_attempt_with_its_own_error(store: Store):
    class Refusing(Store):
        def put(self, key: str, data: bytes) -> None:
            if "/checkpoints/e0001" in key:
                raise AccessDenied("no more")
            super().put(key, data)

    with pytest.raises(AccessDenied):
        run(Refusing(store.url), Counter())
    status = Journal(store, "runs/grid/shard").statuses()[1]
    assert (status.ended, status.exit_code) == ("error", 77)
    assert [commit.epoch for commit in Journal(store, "runs/grid/shard").commits()] == [0]


def test_asked_to_stop_an_attempt_waits_for_no_upload(store: Store):
    release = threading.Event()

    class Stuck(Store):
        def put(self, key: str, data: bytes) -> None:
            if "/checkpoints/e0001" in key:
                release.wait(30)
                raise StoreUnavailable("cut off")
            super().put(key, data)

    start = time.monotonic()
    with pytest.raises(Stopped):
        run(Stuck(store.url), Counter(fails_at=(2, Stopped("asked"))))
    release.set()
    assert time.monotonic() - start < 10
    status = Journal(store, "runs/grid/shard").statuses()[1]
    assert (status.ended, status.exit_code) == ("SIGTERM", 75)
    assert [lap.epoch for lap in status.laps] == [1, 2]


def test_the_records_add_up_to_the_account(store: Store):
    with pytest.raises(MemoryError):
        run(store, Counter(fails_at=(3, MemoryError())))
    attempt = run(store, Counter())
    whole, wasted = attempt.carbon()
    commits = attempt.journal.commits()
    lost = attempt.journal.statuses()[1].laps
    assert wasted.wall_seconds == pytest.approx(sum(lap.carbon["wall_seconds"] for lap in lost))
    useful = [commit.carbon["wall_seconds"] for commit in commits]
    assert commits[-1].carbon_so_far["wall_seconds"] == pytest.approx(sum(useful))
    after = attempt.meter.peek().wall_seconds  # since the last commit
    assert sum(useful) + wasted.wall_seconds <= whole.wall_seconds <= sum(useful) + wasted.wall_seconds + after
    assert commits[-1].best[SESSIONS[0].id].epoch == 2
