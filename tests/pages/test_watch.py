"""watch: every state told from the store alone, little read twice, and a page that keeps up with a grid."""

from __future__ import annotations

import importlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from rich.console import Console

from neurograde.pages.watch.app import curves
from neurograde.pages.watch.reading import Watcher
from neurograde.pages.watch.terminal import carbon, headline, view
from neurograde.pages.watch.views import ShardView
from neurograde.runtime.carbon_record import total
from neurograde.runtime.invocation import arguments_of_process
from neurograde.storage.store import Store
from tests.servers.faults import FOREVER
from tests.servers.fixtures import Bucket
from tests.support.browser import ROOT, Served
from tests.support.grids import LAP, NOW, finish, grid_of, metrics_of, train
from tests.support.small import write_small
from tests.support.watch import spec_file

watch = importlib.import_module("jobs.watch").watch


def shard_view(store: Store, **changes: object) -> ShardView:
    grid = grid_of(store)
    train(store, grid, 0, 2, **changes)  # type: ignore[arg-type]
    return Watcher(store, grid).refresh(NOW).shards[0]


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "running"),
        ({"seconds_ago": 61}, "stale"),
        ({"ended": "SIGTERM", "exit_code": 75}, "stopped"),
        ({"ended": "fenced", "exit_code": 75}, "stopped"),
        ({"ended": "error", "exit_code": 69}, "failed"),
    ],
)
def test_the_newest_attempt_says_how_a_shard_stands(memory_url: str, changes: dict, state: str):
    shard = shard_view(Store(memory_url), **changes)
    assert (shard.state, shard.epoch, shard.epochs) == (state, 2, 4)
    assert shard.exit_code == changes.get("exit_code")
    assert shard.machine == "Tesla T4 on node-7"
    assert shard.heartbeat_seconds == changes.get("seconds_ago", 5)
    assert (shard.epochs_per_second is None) == (state != "running")


def test_a_shard_that_nobody_claimed_waits_and_a_published_one_is_done(memory_url: str):
    store = Store(memory_url)
    grid = grid_of(store)
    train(store, grid, 1, 4, ended="done", exit_code=0)
    finish(store, grid, 1)
    found = Watcher(store, grid).refresh(NOW)
    assert [each.state for each in found.shards] == ["waiting", "done"]
    assert (found.epochs_done, found.epochs_all) == (48, 96)
    assert headline(found).endswith(f" · next: {grid.shards[0].name}")
    assert {(cell.backbone, cell.finished) for cell in found.cells} == {("resnet18", 0), ("vgg19", 3)}


def test_a_published_shard_without_a_living_session_has_diverged(memory_url: str):
    store = Store(memory_url)
    grid = grid_of(store)
    train(store, grid, 0, 1, diverged={each.id: 1 for each in grid.shards[0].sessions})
    finish(store, grid, 0)
    assert Watcher(store, grid).refresh(NOW).shards[0].state == "diverged"


def test_rate_and_time_left_are_those_of_the_attempt(memory_url: str):
    shard = shard_view(Store(memory_url))
    assert shard.epochs_per_second == pytest.approx(12 * 2 / 60)
    assert shard.seconds_left == pytest.approx(12 * 2 / (12 * 2 / 60))


def test_energy_is_that_of_the_commits_and_of_what_attempts_lost(memory_url: str):
    store = Store(memory_url)
    grid = grid_of(store)
    train(store, grid, 0, 0, attempt=1, ended="SIGTERM", lost=LAP)
    train(store, grid, 0, 2, attempt=2, lost=LAP)
    train(store, grid, 1, 4)
    finish(store, grid, 1)
    found = Watcher(store, grid).refresh(NOW)
    lap = LAP.co2e_kg_tdp
    assert found.shards[0].co2e_kg == pytest.approx(5 * lap)  # epochs 0 to 2, a lost one, one under way
    assert found.shards[0].wasted_kg == pytest.approx(lap)
    assert found.shards[1].co2e_kg == pytest.approx(total([LAP] * 5).co2e_kg_tdp)
    assert carbon(found).endswith("10.0 % of it wasted")


def test_a_cell_is_the_mean_of_its_sessions_best_losses_without_those_that_diverged(memory_url: str):
    store = Store(memory_url)
    grid = grid_of(store)
    sessions = grid.shards[0].sessions
    train(store, grid, 0, 4, diverged={sessions[0].id: 1})
    cells = Watcher(store, grid).refresh(NOW).cells
    assert len(cells) == 8
    best = [min(metrics_of(each, epoch).valid_loss or 9 for epoch in (1, 2, 3, 4)) for each in sessions[1:3]]
    assert cells[0].loss == pytest.approx(sum(best) / 2)
    assert (cells[0].counted, cells[0].repeats, cells[0].finished) == (2, 3, 3)
    assert cells[4].loss is None


class Counting(Store):
    """Notes what is read."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.reads: list[str] = []

    def get_many(self, keys: Iterable[str]) -> Iterator[bytes]:
        wanted = list(keys)
        self.reads += wanted
        return super().get_many(wanted)


def test_a_refresh_reads_what_is_new_and_the_heartbeats_and_nothing_else(memory_url: str):
    store = Counting(memory_url)
    grid = grid_of(store)
    train(store, grid, 0, 2)
    train(store, grid, 1, 4)
    finish(store, grid, 1)
    watcher = Watcher(store, grid)
    watcher.refresh(NOW)
    assert len(store.reads) == 6  # manifest; two commits, two attempts, one heartbeat
    store.reads.clear()
    watcher.refresh(NOW)
    assert [key.rsplit("/", 2)[1] for key in store.reads] == ["status"]
    train(store, grid, 0, 3)
    store.reads.clear()
    assert watcher.refresh(NOW).shards[0].epoch == 3
    assert sorted(key.rsplit("/", 2)[1] for key in store.reads) == ["commits", "status"]


@pytest.mark.parametrize("name", ["e0003", "e0009", "e-001", "e99999999"])
def test_a_stray_or_damaged_commit_is_left_out_and_read_again_once_it_is_mended(memory_url: str, name: str):
    store = Store(memory_url)
    grid = grid_of(store)
    train(store, grid, 0, epochs=3)
    folder = f"runs/{grid.name}/{grid.shards[0].name}/commits"
    whole = store.get(f"{folder}/e0003.json")
    store.put(f"{folder}/{name}.json", whole if name != "e0003" else b"{")
    watcher = Watcher(store, grid)
    assert watcher.refresh(NOW).shards[0].epoch == (2 if name == "e0003" else 3)
    assert [commit.epoch for commit in watcher.commits(grid.shards[0].name)][-1] == (2 if name == "e0003" else 3)
    store.put(f"{folder}/e0003.json", whole)
    assert watcher.refresh(NOW).shards[0].epoch == 3


def test_the_curves_of_a_cell_are_mean_and_deviation_over_its_sessions(memory_url: str):
    store = Store(memory_url)
    grid = grid_of(store)
    train(store, grid, 0, 4)
    watcher = Watcher(store, grid)
    cell = watcher.refresh(NOW).cells[0]
    found = curves(watcher, cell.sessions)
    valid = found["curves"]["valid_loss"]
    assert [each["epoch"] for each in valid] == [0, 1, 2, 3, 4]
    middle = metrics_of(grid.shards[0].sessions[1], 2)
    assert valid[2] == {"epoch": 2, "mean": pytest.approx(middle.valid_loss), "std": pytest.approx(0.01), "n": 3}
    assert {each["epoch"] for each in found["best"]} == {4}


def test_the_curves_of_a_cell_have_every_epoch_where_checkpoints_cover_several(memory_url: str):
    store = Store(memory_url)
    grid = grid_of(store)
    train(store, grid, 0, 4)
    every_epoch = Watcher(store, grid)
    cell = every_epoch.refresh(NOW).cells[0]
    expected = curves(every_epoch, cell.sessions)["curves"]
    store.clear(f"runs/{grid.name}/{grid.shards[0].name}/commits")
    train(store, grid, 0, 4, checkpoint_every=3)
    assert len(list(store.list(f"runs/{grid.name}/{grid.shards[0].name}/commits"))) == 3
    watcher = Watcher(store, grid)
    watcher.refresh(NOW)
    assert curves(watcher, cell.sessions)["curves"] == expected


def test_the_terminal_shows_what_runs_first_and_says_how_much_it_leaves_out(memory_url: str):
    store = Store(memory_url)
    grid = grid_of(store)
    train(store, grid, 1, 2)
    found = Watcher(store, grid).refresh(NOW)
    console = Console(width=200)
    with console.capture() as shown:
        console.print(view(found, 1))
    text = shown.get()
    assert "vgg19-straightforward" in text
    assert "and 1 more shard" in text
    assert headline(found) in text


def test_without_a_grid_the_command_says_what_begins_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert watch.main([str(spec_file(tmp_path)), "--once"]) == 66
    assert "begin with: python -m jobs.train" in capsys.readouterr().err


def test_one_look_in_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    spec = spec_file(tmp_path)
    store = Store(f"file://{tmp_path}/store")
    train(store, grid_of(store), 0, 2, ended="error", exit_code=69)
    assert watch.main([str(spec), "--once"]) == 0
    assert "failed (69)" in capsys.readouterr().out


@pytest.mark.parametrize("every", ["0.5", "60", "soon", "nan"])
def test_what_is_watched_is_never_older_than_a_minute_nor_asked_without_pause(
    every: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert watch.main([str(spec_file(tmp_path)), "--once", "--every", every]) == 64
    assert f"'{every}'; accepted: 1 to 55 seconds" in capsys.readouterr().err


def test_rights_to_read_objects_are_enough(gcs: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    store = gcs.store()
    train(store, grid_of(store), 0, 2)
    gcs.faults.clear()
    gcs.faults.fail("POST|PUT|PATCH|DELETE", kind="403", times=FOREVER)
    assert watch.main([str(spec_file(tmp_path)), "--once", "--store", gcs.url]) == 0
    assert "vgg19-straightforward" in capsys.readouterr().out
    assert gcs.faults.struck == 0
    # What roles/storage.objectViewer allows: objects are read and listed, the bucket itself is asked nothing.
    assert all(re.match(r"GET .*/b/[^/]+/o[/?]", each) for each in gcs.faults.requests)


def test_the_page_keeps_up_with_the_grid(served: Callable[..., Served], tmp_path: Path, page: Page):
    spec = spec_file(tmp_path)
    store = Store(f"file://{tmp_path}/store")
    grid = grid_of(store)
    train(store, grid, 0, 2)
    page.goto(served("watch", spec, "--serve", "--every", "1").address)
    expect(page.locator("#headline")).to_contain_text("24 of 96 session-epochs")
    expect(page.locator("#shards")).to_contain_text("Tesla T4 on node-7")
    tile = page.locator('[data-cell="0"]')
    expect(tile).to_contain_text("n = 3")
    expect(page.locator("#shards tbody tr").first).to_contain_text("stale")  # its clock stands still
    tile.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#chosen")).to_contain_text("mean ± standard deviation over 3 repeats")
    expect(page.locator("#curves circle")).to_have_count(3)
    train(store, grid, 0, 4)
    finish(store, grid, 0)
    expect(page.locator("#headline")).to_contain_text("48 of 96 session-epochs")
    expect(page.locator("#shards")).to_contain_text("done")


def test_the_page_says_when_it_is_not_up_to_date(served: Callable[..., Served], tmp_path: Path, page: Page):
    spec = spec_file(tmp_path)
    store = Store(f"file://{tmp_path}/store")
    grid_of(store)
    server = served("watch", spec, "--serve", "--every", "1")
    page.goto(server.address)
    expect(page.locator("#shards")).to_contain_text("waiting")
    expect(page.locator("#chosen")).to_contain_text("no epoch is committed yet")
    server.stop()
    expect(page.locator("#message")).to_contain_text("Not up to date")


@pytest.fixture
def training(tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[bytes]]]:
    """A grid's spec, and the process that trains it: 2 sessions of 8 epochs; its images are painted here."""
    specs = write_small(tmp_path / "specs", store=f"file://{tmp_path}/store")
    for job in ("synthesise", "patch", "partition", "augment"):
        assert getattr(importlib.import_module(f"jobs.{job}"), job).main([str(specs / f"{job}.yaml")]) == 0
    spec = specs / "train.yaml"
    process = subprocess.Popen(
        arguments_of_process("train", str(spec), "--set", "epochs=8"), cwd=ROOT, stderr=subprocess.DEVNULL
    )
    yield spec, process
    process.kill()
    process.wait()


def epochs_after(folder: Path, epochs: int, process: subprocess.Popen[bytes]) -> int:
    """Let the process train until so many epochs are committed, and hold it; returns how many there are."""
    while len(list(folder.glob("runs/*/*/commits/*.json"))) <= epochs:  # one of them is of epoch 0
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGSTOP)
    os.waitpid(process.pid, os.WUNTRACED)  # it stands still from here on
    return len(list(folder.glob("runs/*/*/commits/*.json"))) - 1


def test_the_page_follows_a_grid_while_it_is_trained(
    served: Callable[..., Served], training: tuple[Path, subprocess.Popen[bytes]], tmp_path: Path, page: Page
):
    spec, process = training
    first = epochs_after(tmp_path / "store", 1, process)
    page.goto(served("watch", spec, "--serve", "--every", "1", "--set", "epochs=8").address)
    headline, tile = page.locator("#headline"), page.locator('[data-cell="0"]')
    expect(headline).to_contain_text(f"{2 * first} of 16 session-epochs")
    expect(headline).to_contain_text("shards: 1 running")
    expect(tile).to_have_class("running")
    expect(page.locator("#shards tbody td.state")).to_have_text("running")
    process.send_signal(signal.SIGCONT)
    second = epochs_after(tmp_path / "store", first + 2, process)
    expect(headline).to_contain_text(f"{2 * second} of 16 session-epochs")
    process.send_signal(signal.SIGCONT)
    assert process.wait(60) == 0
    expect(headline).to_contain_text("16 of 16 session-epochs (100.0 %) · shards: 1 done")
    expect(tile).not_to_have_class("running")
    expect(page.locator("#curves circle")).to_have_count(2)
