"""A grid that is being trained, read from the store alone: no database, no access to the cluster, nothing written.

One listing has the name of every record. Commits never change and each holds the best epochs and the energy up to
it, so of a shard only the newest commit is read, once; of a running one, its heartbeat each time. What was read stays
in memory, so that a refresh costs the listing and as many small objects as there are running shards.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from neurograde.pages.watch.views import CellView, GridView, ShardView
from neurograde.runtime.carbon_record import CarbonRecord
from neurograde.specs.base import Record
from neurograde.specs.records import Attempt, Best, Commit, Grid, Manifest, Session, Shard, Status
from neurograde.storage.artefact import MANIFEST, parse_record
from neurograde.storage.series import SERIES, history, last_epochs
from neurograde.storage.store import Store

SECONDS_TO_STALE = 60.0
"""A heartbeat comes every 20 s: after three that are missing, the attempt counts as stale."""

RecordT = TypeVar("RecordT", bound=Record)

log = logging.getLogger("neurograde")


@dataclass
class _Keys:
    """The entries of the listing for one shard: number and key of each record, and its manifest if it is done."""

    attempts: dict[int, str] = field(default_factory=dict)
    commits: dict[int, str] = field(default_factory=dict)
    status: dict[int, str] = field(default_factory=dict)
    manifest: str | None = None

    def numbered(self, folder: str) -> dict[int, str]:
        """Return the keys of the records in one folder of the journal, by number."""
        return {"attempts": self.attempts, "commits": self.commits, "status": self.status}[folder]


class Watcher:
    """Reads a grid again and again, each time only what is new."""

    def __init__(self, store: Store, grid: Grid) -> None:
        """Watch `grid`; nothing is read yet."""
        self.store, self.grid, self.folder = store, grid, f"runs/{grid.name}"
        self._kept: dict[str, Record] = {}
        self._logged: set[str] = set()  # of those that are left out
        self._keys: dict[str, _Keys] = {}
        self._epochs = {shard.name: last_epochs(shard.sessions) for shard in grid.shards}

    def refresh(self, now: datetime | None = None) -> GridView:
        """Return the progress of the grid; `now` is this machine's clock when not given."""
        now = now or datetime.now(UTC)
        self._keys = self._listed()
        while not self._read(self._wanted()):
            pass  # in the place of a record that is left out, the one before it
        shards = [self._shard(shard, now) for shard in self.grid.shards]
        return GridView(self.grid.name, now, shards, self._cells(shards))

    def commits(self, shard: str) -> list[Commit]:
        """Return the commits of a shard up to the first gap, in order: the curves. Each is read once."""
        self._read(dict.fromkeys(self._keys[shard].commits.values(), Commit))
        keys = (key for _, key in sorted(self._keys[shard].commits.items()))
        return history(self._get(Commit, key) for key in keys)

    def _listed(self) -> dict[str, _Keys]:
        by_shard = {shard.name: _Keys() for shard in self.grid.shards}
        for key in self.store.list(self.folder):
            shard, path = self._path(key)
            if shard not in by_shard:
                continue
            if path == MANIFEST:
                by_shard[shard].manifest = key
            for series in SERIES:
                number = series.number(path)
                if number is not None:
                    by_shard[shard].numbered(series.folder)[number] = key
        return by_shard

    def _path(self, key: str) -> tuple[str, str]:
        """Return the shard of an object, and its path in the shard's folder."""
        shard, _, path = key.removeprefix(f"{self.folder}/").partition("/")
        return shard, path

    def _wanted(self) -> dict[str, type[Record]]:
        """Return the records to read: new ones, and those that may have changed."""
        wanted: dict[str, type[Record]] = {}
        for keys in self._keys.values():
            if keys.manifest:
                wanted[keys.manifest] = Manifest
            if keys.commits:
                wanted[keys.commits[max(keys.commits)]] = Commit
            if keys.attempts:
                wanted[keys.attempts[max(keys.attempts)]] = Attempt
            if not keys.manifest:
                if keys.status:
                    self._kept.pop(keys.status[max(keys.status)], None)  # the one that may still beat
                wanted |= dict.fromkeys(keys.status.values(), Status)
        return wanted

    def _read(self, wanted: Mapping[str, type[Record]]) -> bool:
        """Read the records that are not known yet; log those that lie, forget their keys, and return False then."""
        keys = [key for key in wanted if key not in self._kept]
        whole = True
        for key, data in zip(keys, self.store.get_many(keys), strict=True):
            shard, path = self._path(key)
            numbered = [(series, number) for series in SERIES if (number := series.number(path)) is not None]
            if not numbered:
                self._kept[key] = parse_record(wanted[key], data, f"{self.store.url}/{key}")
                continue
            ((series, number),) = numbered
            record = series.parse(data, number, f"{self.store.url}/{key}", self._epochs[shard])
            if isinstance(record, str):
                if key not in self._logged:
                    log.warning(f"{self.store.url}/{key} {record}; it is left out")
                self._logged.add(key)
                del self._keys[shard].numbered(series.folder)[number]
                whole = False
            else:
                self._kept[key] = record
        return whole

    def _get(self, model: type[RecordT], key: str) -> RecordT:
        record = self._kept[key]
        assert isinstance(record, model)
        return record

    def _shard(self, shard: Shard, now: datetime) -> ShardView:
        keys = self._keys[shard.name]
        longest = max(session.epochs for session in shard.sessions)
        commit = self._get(Commit, keys.commits[max(keys.commits)]) if keys.commits else None
        epoch = commit.epoch if commit else None
        view = ShardView(
            name=shard.name,
            state="waiting",
            sessions=len(shard.sessions),
            epochs=longest,
            epoch=epoch,
            epochs_done=sum(min(epoch, session.epochs) for session in shard.sessions) if epoch is not None else 0,
            epochs_all=sum(session.epochs for session in shard.sessions),
            diverged=len(commit.diverged) if commit else 0,
        )
        statuses = [self._get(Status, key) for key in keys.status.values()] if not keys.manifest else []
        if keys.attempts:
            self._tell_of_the_attempt(view, shard, keys, statuses, now)
        if keys.manifest:
            view.state = "diverged" if view.diverged == view.sessions else "done"
            view.epochs_done = view.epochs_all
            view.exit_code = view.heartbeat_seconds = None
        self._count_energy(view, keys, commit, statuses)
        return view

    def _tell_of_the_attempt(
        self, view: ShardView, shard: Shard, keys: _Keys, statuses: list[Status], now: datetime
    ) -> None:
        view.attempt = max(keys.attempts)
        attempt = self._get(Attempt, keys.attempts[view.attempt])
        view.machine = _machine(attempt.machine)
        status = next((status for status in statuses if status.attempt == view.attempt), None)
        began, last = datetime.fromisoformat(attempt.claimed_at), status and datetime.fromisoformat(status.at)
        view.heartbeat_seconds = max(0.0, (now - (last or began)).total_seconds())
        if status and status.ended:
            view.exit_code = status.exit_code
            view.state = "failed" if status.ended == "error" else "stopped"
            return
        view.state = "running" if view.heartbeat_seconds <= SECONDS_TO_STALE else "stale"
        seconds = (last - began).total_seconds() if last else 0.0
        if view.state == "running" and seconds > 0 and view.epoch is not None:
            before = attempt.resumes_from if attempt.resumes_from is not None else 0
            trained = sum(max(0, min(view.epoch, session.epochs) - before) for session in shard.sessions)
            view.epochs_per_second = trained / seconds or None
            if view.epochs_per_second:
                view.seconds_left = (view.epochs_all - view.epochs_done) / view.epochs_per_second

    def _count_energy(self, view: ShardView, keys: _Keys, commit: Commit | None, statuses: list[Status]) -> None:
        wasted: list[dict[str, Any] | None] = []
        if keys.manifest:
            manifest = self._get(Manifest, keys.manifest)
            spent, wasted = [manifest.carbon], [manifest.carbon_wasted]
        else:
            lost = [status.carbon for status in statuses if status.attempt != view.attempt]
            under_way = [status.carbon for status in statuses if status.attempt == view.attempt]
            wasted = lost + (under_way if view.state in ("failed", "stopped", "stale") else [])
            spent = [commit.carbon_so_far if commit else None, *lost, *under_way]
        where = f"{self.store.url}/{self.folder}/{view.name}: carbon"
        records = [CarbonRecord.of(record, where) for record in spent if record]
        view.co2e_kg = sum(record.co2e_kg_tdp for record in records)
        view.kwh = sum(record.gpu_kwh_tdp + (record.cpu_kwh or 0.0) + (record.ram_kwh or 0.0) for record in records)
        view.wasted_kg = sum(CarbonRecord.of(record, where).co2e_kg_tdp for record in wasted if record)

    def _cells(self, shards: Iterable[ShardView]) -> list[CellView]:
        states = {shard.name: shard.state for shard in shards}
        members: dict[str, list[_Member]] = {}
        for shard in self.grid.shards:
            keys = self._keys[shard.name]
            commit = self._get(Commit, keys.commits[max(keys.commits)]) if keys.commits else None
            for session in shard.sessions:
                best = commit.best.get(session.id) if commit and session.id not in commit.diverged else None
                ends = commit is not None and (commit.epoch >= session.epochs or session.id in commit.diverged)
                runs = states[shard.name] == "running" and not ends
                members.setdefault(session.cell, []).append(
                    _Member(session, best, runs=runs, ends=ends or states[shard.name] == "done")
                )
        return [_cell(member) for member in members.values()]


class _Member(NamedTuple):
    """A session of a setting."""

    session: Session
    best: Best | None
    runs: bool
    ends: bool


def _cell(members: list[_Member]) -> CellView:
    session = members[0].session
    losses = [member.best.loss for member in members if member.best]
    return CellView(
        backbone=session.backbone,
        strategy=session.adaptation.label,
        learning_rate=session.learning_rate,
        batch_size=session.batch_size,
        repeats=len(members),
        counted=len(losses),
        loss=sum(losses) / len(losses) if losses else None,
        running=sum(member.runs for member in members),
        finished=sum(member.ends for member in members),
        sessions=tuple(member.session.id for member in members),
    )


def _machine(facts: Mapping[str, Any]) -> str:
    """Return `NVIDIA L4 on node-7`, or the processor on a machine without a GPU."""
    what = facts.get("gpu_model") or facts.get("cpu_model") or "unknown machine"
    return f"{what} on {facts['node']}" if facts.get("node") else str(what)
