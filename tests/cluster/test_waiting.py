"""Waiting for Jobs, against answers that a real API server gave: it never hangs, and reports the pod that decided."""

from __future__ import annotations

import io
import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from jobs.cluster import cluster
from neurograde.cluster import progress
from neurograde.cluster.finished import Epochs, committed_epochs, is_done
from neurograde.cluster.folder import FolderStep, PlannedJob, Quota
from neurograde.cluster.kubectl import Kubectl, KubectlFailed
from neurograde.cluster.observed import ObservedJob
from neurograde.cluster.progress import StepTable
from neurograde.cluster.queue import room
from neurograde.cluster.verdict import JobFailed
from neurograde.cluster.waiting import JobGone, Waiter
from neurograde.errors import UsageError
from neurograde.runtime.log import log
from neurograde.specs.grid import expand
from neurograde.specs.records import Manifest
from neurograde.storage.store import Store
from tests.cluster.recorded_kubectl import RECORDED, Recorded, put_on_path
from tests.support.material import train_spec


@pytest.fixture(autouse=True)
def _log_reaches_caplog(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Undo what a command did to the log of this process in an earlier test."""
    monkeypatch.setattr(log, "propagate", True)
    caplog.set_level("INFO", logger="neurograde")


@pytest.fixture
def replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Put the kubectl of a recorded situation on the PATH."""

    def replay(name: str, **options: Any) -> Recorded:
        return put_on_path(RECORDED / f"{name}.json", tmp_path, monkeypatch, **options)

    return replay


def waiter(**options: Any) -> Waiter:
    kubectl = Kubectl(away_seconds=options.pop("away_seconds", 60.0), pause_seconds=0.01)
    return Waiter(kubectl, **{"every_seconds": 0.0, "stuck_seconds": 0.0, "retry": False} | options)


class Enough(Exception):
    """Ends a wait that would go on for ever."""


def some_rounds(count: int):
    """Return a sleep that ends the wait after `count` rounds."""
    rounds = itertools.count(1)

    def sleep(_seconds: float) -> None:
        if next(rounds) == count:
            raise Enough

    return sleep


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.mark.parametrize(
    ("situation", "reasons"),
    [
        ("unschedulable", ["no node takes it: 0/11 nodes are available", "2 Insufficient ephemeral-storage"]),
        (
            "waiting",
            [
                "train-image: 1 of its pods cannot start: the image cannot be pulled: rpc error: code = NotFound",
                'train-config-env: 1 of its pods cannot start: CreateContainerConfigError: configmap "specs-missing0"',
                'train-config-volume: 1 of its pods cannot start: MountVolume.SetUp failed for volume "specs"',
            ],
        ),
        ("quota", ["train-second: Error creating: its pods is forbidden: exceeded quota: neurograde, requested"]),
        ("suspended", ["train-small is suspended: by a person, or it waits for Kueue"]),
    ],
)
def test_pods_that_do_not_start_are_reported_with_the_reason_and_once(situation, reasons, replay, caplog):
    recorded = replay(situation)
    with pytest.raises(Enough) if situation in ("unschedulable", "waiting") else _nothing():
        waiter(sleep=some_rounds(9)).run(recorded.step)
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    for reason in reasons:
        assert sum(reason in warning for warning in warnings) == 1, warnings


class _nothing:  # noqa: N801 - reads like pytest.raises
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def test_a_job_that_starts_within_its_minute_is_not_reported(replay, caplog):
    waiter(stuck_seconds=60.0).run(replay("quota").step)
    assert [record for record in caplog.records if record.levelname == "WARNING"] == []


@pytest.mark.parametrize(
    ("situation", "code", "words"),
    [
        ("fail-job", 66, "train-small failed: exit 66: /specs/train.yaml: datasets/small is not in"),
        ("fail-index", 65, "train-small failed, 1 of 5 indexes given up (1): exit 65"),
        ("max-failed-indexes", 80, "train-small failed, 2 of 5 indexes given up (1, 3): exit 80"),
    ],
)
def test_the_pod_that_decided_is_reported_and_never_a_preempted_one(situation, code, words, replay):
    with pytest.raises(JobFailed) as caught:
        waiter().run(replay(situation).step)
    assert caught.value.exit_code == code
    assert str(caught.value).startswith(words)


def test_a_complete_job_that_its_ttl_removed_is_remembered(replay):
    waiter().run(replay("ttl").step)


def test_a_job_that_was_deleted_before_it_was_seen_complete_ends_the_wait(replay, tmp_path):
    recorded = replay("ttl")
    recorded.content["answers"][1:] = [{"items": []}]
    changed = tmp_path / "scene.json"
    changed.write_text(json.dumps(recorded.content))
    script = recorded.bin / "kubectl"
    script.write_text(script.read_text().replace(str(recorded.scene), str(changed)))
    with pytest.raises(JobGone, match=r"train-\w+ was deleted before it was seen to be complete, and this machine"):
        waiter().run(recorded.step)


def gone(store: str) -> PlannedJob:
    """A Job of the grid in the store, in a situation that no longer shows it."""
    spec = train_spec("leaknet", name="grid", store=store).model_dump(mode="json")
    manifest = {
        "kind": "Job",
        "metadata": {"name": "train-short", "namespace": "ng-f"},
        "spec": {
            "parallelism": 1,
            "template": {
                "spec": {"containers": [{"args": ["jobs.train", "/specs/train.yaml"], "env": [], "resources": {}}]}
            },
        },
    }
    return PlannedJob("train-short", "ng-f", manifest, {"data": {"train.yaml": yaml.safe_dump(spec)}})


def test_the_store_is_the_truth_of_a_job_that_is_gone(tmp_path: Path):
    store = Store(f"file://{tmp_path}/store")
    job = gone(store.url)
    assert is_done(job) is False
    spec = train_spec("leaknet", name="grid", store=store.url)
    for shard in expand(spec, ()).shards:
        manifest = Manifest(
            kind="runs", name=f"grid/{shard.name}", job="train", spec={}, spec_digest=spec.digest(), files={}
        )
        store.create(f"runs/grid/{shard.name}/manifest.json", manifest.encode())
    assert is_done(job) is True
    assert is_done(gone("nowhere://bucket/study")) is None


def test_the_time_left_follows_from_the_epochs_that_are_committed(tmp_path: Path):
    store = Store(f"file://{tmp_path}/store")
    assert committed_epochs([gone(store.url)]) == Epochs(done=0, total=2)
    [shard] = expand(train_spec("leaknet", name="grid"), ()).shards
    store.create(f"runs/grid/{shard.name}/commits/e0001.json", b"{}")
    epochs = committed_epochs([gone(store.url)])
    assert epochs == Epochs(done=1, total=2)
    assert committed_epochs([gone("nowhere://bucket/study")]) is None
    board = StepTable()
    with board.shown("grid", [gone(store.url)]):
        board.table({}, {}, now=0.0, epochs=Epochs(0, 2))
        table = board.table({}, {}, now=120.0, epochs=epochs)
    assert str(table.caption) == "1 of 2 epochs committed; about 2 min left at this rate"


def test_a_job_that_failed_earlier_is_reported_as_such_and_nothing_is_applied(replay):
    recorded = replay("failed-in-the-way", existing=True)
    with pytest.raises(
        JobFailed, match=r"train-small failed earlier, at 2026-\S+Z, and is still there\n.*--retry"
    ) as caught:
        waiter().run(recorded.step)
    assert caught.value.exit_code == 66
    assert "kubectl --namespace ng-g delete job train-small" in str(caught.value)
    assert recorded.asked()["applied"] == recorded.asked()["deleted"] == []


def test_with_retry_a_job_that_failed_earlier_is_replaced(replay):
    recorded = replay("failed-in-the-way", existing=True)
    waiter(retry=True).run(recorded.step)
    assert (recorded.asked()["applied"], recorded.asked()["deleted"]) == ([["train-small"]], ["train-small"])


def test_a_job_that_exists_is_not_applied_again_so_that_its_patched_parallelism_stays(replay):
    recorded = replay("suspended", existing=True)
    waiter().run(recorded.step)
    assert recorded.asked()["applied"] == []


def test_an_api_server_that_is_away_for_a_while_does_not_end_the_wait(replay, caplog):
    waiter().run(replay("api-away").step)
    said = [record.getMessage() for record in caplog.records if "API server" in record.getMessage()]
    assert len(said) == 2
    assert "the API server is away (The connection to the server 192.0.2.1:443 was refused" in said[0]
    assert "answers again" in said[1]


def test_an_api_server_that_stays_away_ends_it_with_69(replay):
    with pytest.raises(KubectlFailed, match="was refused") as caught:
        waiter(away_seconds=0.0).run(replay("api-away").step)
    assert caught.value.exit_code == 69


def grid(count: int, boards: int) -> FolderStep:
    """Jobs of eight pods each, with a board per pod or none."""
    container = {"resources": {"limits": {"nvidia.com/gpu": "1"} if boards else {}}}
    jobs = [
        {
            "kind": "Job",
            "metadata": {
                "name": f"train-{number}",
                "namespace": "ng",
                "labels": {"kueue.x-k8s.io/queue-name": "neurograde"},
            },
            "spec": {"parallelism": 8, "template": {"spec": {"containers": [container]}}},
        }
        for number in range(count)
    ]
    return FolderStep("grid", (), tuple(PlannedJob(job["metadata"]["name"], "ng", job) for job in jobs))


def test_jobs_are_applied_in_waves_that_fit_the_quota(replay, tmp_path):
    step = grid(5, boards=1)
    recorded = replay("ttl")
    recorded.content = {"jobs": [job.manifest for job in step.jobs], "answers": []}
    for complete in (0, 1, 2, 3, 5):
        ends = [
            {"conditions": [{"type": "Complete", "status": "True"}]} if number < complete else {} for number in range(5)
        ]
        items = [
            {"kind": "Job", "metadata": {"name": f"train-{number}", "namespace": "ng"}, "status": end}
            for number, end in enumerate(ends)
        ]
        recorded.content["answers"].append({"items": items})
    scene = tmp_path / "scene.json"
    scene.write_text(json.dumps(recorded.content))
    script = recorded.bin / "kubectl"
    script.write_text(script.read_text().replace(str(recorded.scene), str(scene)))
    waiter(quota=Quota(pods=500, boards=17)).run(step)
    assert recorded.asked()["applied"] == [["train-0", "train-1"], ["train-2"], ["train-3"], ["train-4"]]


@pytest.mark.parametrize(
    ("words", "unlimited"),
    [
        ('error: the server doesn\'t have a resource type "localqueues"', False),
        ("Error from server (Forbidden): localqueues.kueue.x-k8s.io is forbidden", False),
        ("", True),
    ],
)
def test_kueue_counts_the_quota_where_it_runs(words: str, unlimited: bool, replay):
    replay("ttl", kueue=words)
    quota = Quota(pods=500, boards=64)
    assert (room(Kubectl(), [grid(1, 1)], quota) != quota) == unlimited


def test_kueue_without_the_queue_is_refused_before_any_job_is_applied(replay):
    replay("ttl", kueue='Error from server (NotFound): localqueues.kueue.x-k8s.io "neurograde" not found')
    with pytest.raises(UsageError, match=r"has no LocalQueue neurograde: Jobs would stay suspended; kubectl apply"):
        room(Kubectl(), [grid(1, 1)], Quota(500, 64))


def test_the_command_ends_with_the_code_of_the_pod_that_decided(replay, tmp_path, capsys):
    recorded = replay("fail-job")
    assert cluster.main([str(recorded.write_folder(tmp_path / "k8s")), "--every", "0.01"]) == 66
    assert lines(capsys)[-1]["event"].startswith("train-small failed: exit 66: /specs/train.yaml")


def test_the_table_counts_pods_and_indexes_and_the_time_left(replay):
    recorded = replay("fail-job")
    jobs = [ObservedJob.of(item) for item in recorded.content["answers"][2]["items"] if item["kind"] == "Job"]
    board = StepTable()
    with board.shown("grid", recorded.step.jobs):
        observed = {job.name: job for job in jobs}
        first = board.table(observed, {}, now=0.0)
        assert "time left not known yet" in str(first.caption)
        board._began = (0.0, 0)
        later = board.table(observed, {}, now=120.0)
    assert list(later.columns[0].cells) == ["train-small"]
    assert str(later.caption) == "1 of 4 indexes done; about 6 min left at this rate"


def test_every_test_that_the_runbook_names_exists():
    root = Path(__file__).parents[2]
    text = (
        (root / "k8s/README.md").read_text().partition("## What a real control plane answers")[2].partition("\n## ")[0]
    )
    named = re.findall(r"`(test_\w+)`(?: in (\S+\.py))?", text.partition("\n## ")[0])
    assert len(named) >= 14
    for name, path in named:
        assert f"def {name}(" in (root / (path or "tests/cluster/test_waiting.py")).read_text(), name


def test_on_a_terminal_the_table_is_live_while_the_step_runs(replay, monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(progress, "console", Console(file=screen, force_terminal=True, width=120))
    waiter().run(replay("ttl").step)
    shown = screen.getvalue()
    assert "train-long" in shown
    assert "indexes done; " in shown
    assert "Jobs ended" in shown
