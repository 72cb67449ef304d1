"""The journal of a shard: checkpoints without a pointer.

    <folder>/attempts/3.json                          create-only: the claim; its number is the fencing token
            /checkpoints/e0007-a03-<sha12>.safetensors   one put, immutable, unique to its attempt
            /commits/e0007.json                       create-only, after the blob that it names; never deleted
            /agreements/e0007-a03.json                a second result for an epoch, the same as the committed one
            /conflicts/e0007-a03.json                 a second result for an epoch, other than the committed one
            /damaged/e0007-a02-<sha12>-<sha12>        a damaged blob or commit, by the digest of its present bytes
            /status/a03.json                          heartbeat

No object points to the latest state, so none can be torn, stale or contended: the latest state is the highest epoch
of an unbroken history whose blob has the digest in the commit. Writers exclude each other by create-only commits
alone, so two processes at one shard can waste work but never mix it. Records that contradict their name, their digest
or their shard are left out (`storage.series`); an epoch whose commit is one of them is trained and committed again.

Longer than other files: claim, fence, commit and pruning keep one promise together.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

from neurograde.errors import AccessDenied, Fenced, NoProgress, StoreUnavailable
from neurograde.maths.digest import sha256_hex
from neurograde.specs.records import Attempt, Commit, Lap, Metrics, Status
from neurograde.storage.claim import SECONDS_BETWEEN_HEARTBEATS, Fence, now
from neurograde.storage.series import ATTEMPTS, COMMITS, STATUSES, checkpoint_key, history
from neurograde.storage.store import Store

ATTEMPTS_WITHOUT_PROGRESS = 5
PREEMPTIONS_WITHOUT_PROGRESS = 50
ASKED_TO_STOP = ("SIGTERM", "SIGINT")

log = logging.getLogger("neurograde")


class Journal:
    """One attempt at one shard: claim it, find its latest state, commit epoch after epoch."""

    def __init__(self, store: Store, folder: str, epochs: Mapping[str, int] | None = None) -> None:
        """Open a journal; nothing is written before `claim`.

        Args:
            store: Holds the journal.
            folder: The folder of the shard.
            epochs: Last epoch of each session of the shard: commits of others are left out. Not needed to read.
        """
        self.store, self.folder, self.epochs = store, folder, epochs
        self._fence = Fence(store, f"{folder}/attempts")
        self._last_heartbeat = float("-inf")
        self._logged: set[str] = set()

    @property
    def attempt(self) -> int:
        """The number of this attempt, 0 before `claim`."""
        return self._fence.number

    def claim(self, machine: Mapping[str, Any] | None = None) -> int:
        """Claim the next attempt and return its number; it fences off every older attempt.

        Raises:
            NoProgress: The last five attempts (or fifty, if they were asked to stop) have committed nothing.
        """
        commits = self.commits()
        newest = commits[-1].epoch if commits else None
        self._stop_without_progress(self.attempts(), newest)
        return self._fence.claim(
            lambda number: Attempt(
                attempt=number,
                resumes_from=newest,
                token=secrets.token_hex(8),
                claimed_at=now(),
                machine=dict(machine or {}),
            )
        )

    def latest(self) -> tuple[Commit, bytes] | None:
        """Return the newest commit whose blob is whole, and the blob; None without one.

        A missing or damaged blob is logged, a damaged one is copied to `damaged/`, and the epoch before it is tried:
        the epochs since are trained again, and must give the same bits. The same holds of a missing or damaged commit.
        """
        commits = list(COMMITS.read(self.store, self.folder, self.epochs, self._logged))
        for commit in reversed(history(commits)):
            blob = self._blob(commit)
            if blob is not None:
                if commit.epoch < commits[-1].epoch:
                    log.warning(
                        f"{self.store.url}/{self.folder}: continuing from epoch {commit.epoch}, the last whole one"
                    )
                return commit, blob
        if commits:
            log.warning(f"{self.store.url}/{self.folder}: no checkpoint is whole; beginning again")
        return None

    def commit(self, epoch: int, blob: bytes, metrics: Mapping[str, Metrics], **facts: Any) -> bool:
        """Make `blob` the state after `epoch`: the blob first, then the record that names it.

        An epoch that is committed already (by a twin, or before its blob was damaged) must have the same digest. That
        is recorded, and the blob is restored if it is not whole.

        Args:
            epoch: The epoch.
            blob: The state after it.
            metrics: Metrics of the epoch, by session.
            facts: Other fields of the `Commit`.

        Returns:
            True if the commit is ours; False if it existed already, with the same digest.

        Raises:
            Fenced: A newer attempt has claimed the shard, or the epoch is committed with another digest.
        """
        digest = sha256_hex(blob)
        key = checkpoint_key(epoch, self.attempt, digest)
        ours = Commit(
            epoch=epoch,
            attempt=self.attempt,
            key=key,
            sha256=digest,
            size=len(blob),
            metrics=dict(metrics),
            **facts,
        ).sealed()
        path = f"{self.folder}/{COMMITS.key(epoch)}"
        theirs = self._committed(epoch) if self.store.exists(path) else None
        if theirs is None:
            self.store.put(f"{self.folder}/{key}", blob)
            self.check_fence()
            if self._create(path, ours):
                return True
            self.store.delete(f"{self.folder}/{key}")  # a twin was faster; its blob holds
            theirs = self._committed(epoch)
        if theirs is None:
            raise Fenced(f"{self.store.url}/{path} is being written by another attempt; this one leaves it the shard")
        self._agree(ours, theirs, blob)
        return False

    def prune(self, keep_last: int) -> None:
        """Delete the blobs of all but the `keep_last` newest commits, after checking that the newest blob is whole."""
        epochs = sorted(COMMITS.numbers(self.store, self.folder), reverse=True)
        genuine = (commit for epoch in epochs if (commit := self._committed(epoch)) is not None)
        newest = list(islice(genuine, keep_last))
        if not newest or self._blob(newest[0]) is None:
            return
        kept = {f"{self.folder}/{commit.key}" for commit in newest}
        for key in self.store.list(f"{self.folder}/checkpoints"):
            # A blob of a later epoch is not committed yet: a newer attempt may be about to commit it.
            if key not in kept and _epoch(key) <= newest[0].epoch:
                self.store.delete(key)

    def discard(self) -> None:
        """Delete every checkpoint, once the shard is published: nothing reads them again, and commits keep the history.

        A twin that is still at work restores what it commits, and discards it when it comes to publish the same.
        """
        for key in self.store.list(f"{self.folder}/checkpoints"):
            self.store.delete(key)

    def commits(self) -> list[Commit]:
        """Return the committed epochs up to the first gap, in order: the history of the shard."""
        return history(COMMITS.read(self.store, self.folder, self.epochs, self._logged))

    def attempts(self) -> list[Attempt]:
        """Return every claim so far, in order."""
        return list(ATTEMPTS.read(self.store, self.folder, logged=self._logged))

    def began_on(self) -> dict[str, Any]:
        """Return facts of the machine that made the first commit; nothing without one, or if its claim is gone."""
        first = next(COMMITS.read(self.store, self.folder, self.epochs, self._logged), None)
        claims = {} if first is None else {attempt.attempt: attempt for attempt in self.attempts()}
        return claims[first.attempt].machine if first is not None and first.attempt in claims else {}

    def statuses(self) -> dict[int, Status]:
        """Return the last heartbeat of every attempt that sent one."""
        return {status.attempt: status for status in STATUSES.read(self.store, self.folder, logged=self._logged)}

    @property
    def heartbeat_due(self) -> bool:
        """True if it is time for a heartbeat."""
        return time.monotonic() - self._last_heartbeat >= SECONDS_BETWEEN_HEARTBEATS

    def heartbeat(
        self,
        epoch: int,
        carbon: Mapping[str, Any] | None = None,
        ended: str | None = None,
        *,
        laps: Sequence[Lap] = (),
        exit_code: int | None = None,
    ) -> None:
        """Record that this attempt is alive and its epoch; or, with `ended`, how it ended.

        If the store does not accept it, that is logged; the next commit will show if the store is back.

        Raises:
            Fenced: A newer attempt has claimed the shard.
        """
        self._last_heartbeat = time.monotonic()
        status = Status(
            attempt=self.attempt,
            at=now(),
            epoch=epoch,
            ended=ended,
            exit_code=exit_code,
            carbon=None if carbon is None else dict(carbon),
            laps=tuple(laps),
        )
        try:
            self.store.put(f"{self.folder}/{STATUSES.key(self.attempt)}", status.encode())
            if ended is None:
                self.check_fence()
        except (AccessDenied, StoreUnavailable) as error:
            log.warning(f"no heartbeat: {error}")

    def check_fence(self) -> None:
        """Raise Fenced if a newer attempt has claimed the shard."""
        newest = self._fence.newest()
        if newest > self.attempt:
            raise Fenced(
                f"{self.store.url}/{self.folder}: attempt {newest} has taken over from attempt {self.attempt}; "
                "this one leaves it the shard"
            )

    def _agree(self, ours: Commit, theirs: Commit, blob: bytes) -> None:
        """Check that an epoch that was trained twice gave the same bits; Fenced if it did not."""
        where = f"{self.store.url}/{self.folder}: epoch {ours.epoch}"
        same = ours.sha256 == theirs.sha256
        record = f"{self.folder}/{'agreements' if same else 'conflicts'}/e{ours.epoch:04d}-a{ours.attempt:02d}.json"
        self.store.put(record, ours.encode())
        if not same:
            raise Fenced(
                f"{where} has digest {ours.sha256} in attempt {ours.attempt}, but attempt {theirs.attempt} has "
                f"committed {theirs.sha256}: not deterministic, or not the same kind of machine; see {record}"
            )
        log.info(f"{where} gave the same bits in attempts {theirs.attempt} and {ours.attempt}")
        if self._blob(theirs) is None:
            self.store.put(f"{self.folder}/{theirs.key}", blob)
        self.check_fence()

    def _stop_without_progress(self, attempts: list[Attempt], newest: int | None) -> None:
        statuses = self.statuses()
        idle = []  # the ends of the attempts since the last commit, newest first
        for attempt in reversed(attempts):
            if attempt.resumes_from != newest:
                break
            status = statuses.get(attempt.attempt)
            idle.append(status.ended if status else None)
        failed = sum(ended not in ASKED_TO_STOP for ended in idle)
        if failed >= ATTEMPTS_WITHOUT_PROGRESS or len(idle) >= PREEMPTIONS_WITHOUT_PROGRESS:
            raise NoProgress(
                f"{self.store.url}/{self.folder}: {len(idle)} attempts in a row have committed nothing "
                f"({len(idle) - failed} of them were asked to stop); mend the cause, delete its attempts/ and run again"
            )

    def _blob(self, commit: Commit) -> bytes | None:
        """Return the blob of the commit; log why and return None if it is gone or damaged."""
        key = f"{self.folder}/{commit.key}"
        blob = b""
        for _ in range(2):  # the transfer may have damaged it
            try:
                blob = self.store.get(key)
            except FileNotFoundError:
                log.warning(f"{self.store.url}/{key} is gone")
                return None
            if sha256_hex(blob) == commit.sha256:
                return blob
        aside = self._copy_aside(commit.key, blob)
        log.warning(f"{self.store.url}/{key} is damaged: its sha256 is not {commit.sha256}; a copy is kept as {aside}")
        return None

    def _copy_aside(self, key: str, data: bytes) -> str:
        """Copy a damaged object and return the key of the copy; the object stays, for a twin may just restore it."""
        name = key.rpartition("/")[2].partition(".")[0]
        aside = f"{self.folder}/damaged/{name}-{sha256_hex(data)[:12]}"
        self.store.put(aside, data)
        return aside

    def _committed(self, epoch: int) -> Commit | None:
        """Return the commit of the epoch; None if it is gone or is left out."""
        where = f"{self.folder}/{COMMITS.key(epoch)}"
        try:
            commit = COMMITS.parse(self.store.get(where), epoch, f"{self.store.url}/{where}", self.epochs)
        except FileNotFoundError:
            return None
        return None if isinstance(commit, str) else commit

    def _create(self, path: str, ours: Commit) -> bool:
        """Create the commit, in the place of one that is left out; return False if there is another that counts."""
        try:
            self.store.create(path, ours.encode())
        except FileExistsError:
            if self._committed(ours.epoch) is not None:
                return False
        else:
            return True
        aside = self._copy_aside(path, self.store.get(path))
        log.warning(f"{self.store.url}/{path} is written again; what was there is kept as {aside}")
        self.store.delete(path)
        with suppress(FileExistsError):
            self.store.create(path, ours.encode())
            return True
        return False


def _epoch(key: str) -> int:
    """Return the epoch of a checkpoint by its name; 0 for other objects, which are never the newest."""
    match = re.search(r"/e(\d{1,7})-a", key, re.ASCII)
    return int(match[1]) if match else 0
