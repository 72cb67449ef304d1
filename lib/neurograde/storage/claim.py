"""Claims: the right to write something, taken before anything of it is written.

    claims/<kind>/<name>/2.json             create-only: the claim; its number is the fencing token
                        /alive/2.json       its heartbeat
    drafts/<kind>/<name>/2-<token>/000001   the files so far, moved into place when it publishes

The highest number holds and every lower one is fenced off: its holder finds that out before it publishes anything.
Nothing of a claim is left once its artefact is published. A claim that was left by a kill stays, and is heard of no
more: after two minutes of silence anybody may take over.
"""

from __future__ import annotations

import logging
import re
import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from neurograde.errors import AccessDenied, Fenced, NameTaken, NeurogradeError
from neurograde.specs.base import Record
from neurograde.specs.records import Attempt, Status
from neurograde.storage.series import ATTEMPTS
from neurograde.storage.store import Store

CLAIMS, DRAFTS = "claims", "drafts"
SECONDS_BETWEEN_HEARTBEATS = 20.0
ABANDONED_AFTER_SECONDS = 120.0
"""Silence after which a claim of other work counts as left by a kill: six heartbeats, and the patience of the store."""

log = logging.getLogger("neurograde")


class Fence:
    """Numbered, create-only records in one folder: the highest number holds, every lower one is fenced off."""

    def __init__(self, store: Store, folder: str) -> None:
        """Open the fence in `folder` of `store`; nothing is written before `claim`."""
        self.store, self.folder = store, folder
        self.number = 0

    def numbers(self) -> list[int]:
        """Return the numbers of all claims, in order; objects of other names are none of them."""
        names = (key[len(self.folder) + 1 :] for key in self.store.list(self.folder))
        numbers = (ATTEMPTS.number(f"{ATTEMPTS.folder}/{name}") for name in names)
        return sorted(number for number in numbers if number is not None)

    def newest(self) -> int:
        """Return the number of the newest claim, 0 where there is none; a record that is left out is none."""
        numbers = reversed(self.numbers())
        return next((number for number in numbers if number == self.number or self.holds(number)), 0)

    def holds(self, number: int) -> bool:
        """Return True if the record of that number is a claim, and no damaged one or a copy of another."""
        try:
            data = self.store.get(self.key(number))
        except FileNotFoundError:
            return False
        return not isinstance(ATTEMPTS.parse(data, number, f"{self.store.url}/{self.key(number)}"), str)

    def claim(self, record: Callable[[int], Record], judge: Callable[[], int] | None = None) -> int:
        """Create the claim that follows the newest, and return its number; every older one is fenced off by it.

        Args:
            record: Makes the record of a number; no two calls give the same bytes.
            judge: Returns the number of the newest claim, or raises if it may not be overtaken. Asked again whenever
                another process was quicker, so that no claim is overtaken unjudged.
        """
        passed = 0  # highest number whose object is left out
        while True:
            number = max((judge or self.newest)(), passed) + 1
            try:
                self.store.create(self.key(number), record(number).encode())
            except FileExistsError:
                if not self.holds(number):  # else another process took that number just now
                    passed = number
                continue
            self.number = number
            return number

    def key(self, number: int) -> str:
        """Return the key of the claim of that number."""
        return f"{self.folder}/{number}.json"


class Claim:
    """The claim of one process on the artefact in a folder, kept alive by a thread until it is released."""

    def __init__(self, store: Store, folder: str, work: str, *, replace: bool = False) -> None:
        """Claim the artefact in `folder`.

        Args:
            store: Holds the artefact.
            folder: Kind and name of the artefact.
            work: Digest of the spec and the inputs. A claim of the same work is taken over at once.
            replace: Take over from other work, too, though it is under way.

        Raises:
            NameTaken: other work is under way there. The message names its age, its host and its last heartbeat.
        """
        self.store, self.folder, self.work = store, folder, work
        self._fence = Fence(store, f"{CLAIMS}/{folder}")
        self._record = Attempt(attempt=1, resumes_from=None, token="", claimed_at=now())
        self._fenced = False
        self._fence.claim(self._new_record, lambda: self._judge(replace=replace))
        self._end = threading.Lock()
        self._end.acquire()
        self._thread = threading.Thread(target=self._stay_alive, daemon=True)
        self._thread.start()
        self._remove_drafts(abandoned_only=True)

    @property
    def number(self) -> int:
        """The number of the claim: its fencing token."""
        return self._fence.number

    @property
    def draft(self) -> str:
        """The folder for what is not published yet; no other claim has the same."""
        return f"{DRAFTS}/{self.folder}/{self.number}-{self._record.token}"

    def notice(self) -> None:
        """Raise Fenced if the heartbeat has found a newer claim; asks no store."""
        if self._fenced:
            raise Fenced(
                f"{self.store.url}/{self.folder}: another job has claimed it since (this was claim {self.number}); "
                "this one leaves it alone"
            )

    def check(self) -> None:
        """Raise Fenced if there is a newer claim, or this one was removed by a newer one that has published."""
        try:
            ours = self.store.get(self._fence.key(self.number)) == self._record.encode()
        except FileNotFoundError:
            ours = False
        self._fenced = self._fenced or not ours or self._fence.newest() > self.number
        self.notice()

    def release(self) -> None:
        """Remove the claim with its draft: the work failed, or is left to a newer claim."""
        self._stop()
        self.store.clear(self.draft)
        self._remove(self.number)

    def leave(self) -> None:
        """Remove the claim at once, but not its draft, which the next claim removes: the process is asked to stop."""
        self._end_heartbeat()
        self.store.delete(self._fence.key(self.number))

    def fulfil(self) -> None:
        """Remove all claims up to this one, and all drafts: the artefact is published."""
        self._stop()
        self._remove_drafts(abandoned_only=False)
        for number in self._fence.numbers():
            if number <= self.number:
                self._remove(number)

    def _judge(self, *, replace: bool) -> int:
        """Return the number of the newest claim; NameTaken if other work is under way and `replace` is off."""
        newest = self._fence.newest()
        record = self._read(newest) if newest else None
        if record is None:
            return newest
        claimed, heard = seconds_since(record.claimed_at), self._silence(record)
        who = f"claimed {ago(claimed)} on {record.machine.get('host', '?')}, last heard of {ago(heard)}"
        if record.work == self.work:
            log.info(f"{self.folder}: taking over from claim {newest} of the same work, {who}")
        elif heard >= ABANDONED_AFTER_SECONDS:
            log.warning(f"{self.folder}: taking over from claim {newest} of other work, which is abandoned: {who}")
        elif replace:
            log.warning(f"{self.folder}: --replace ends claim {newest} of other work: {who}")
        else:
            raise NameTaken(
                f"{self.folder} in {self.store.url} is being made from another spec or other inputs: {who} (abandoned "
                f"after {ABANDONED_AFTER_SECONDS:.0f} s of silence); wait, choose another name, or --replace it"
            )
        return newest

    def _new_record(self, number: int) -> Attempt:
        self._record = Attempt(
            attempt=number,
            resumes_from=None,
            token=secrets.token_hex(8),
            claimed_at=now(),
            machine={"host": socket.gethostname()},
            work=self.work,
        )
        return self._record

    def _read(self, number: int) -> Attempt | None:
        """Return the record of a claim; None where it is gone or damaged, so that it holds nobody up."""
        try:
            return Attempt.parse(self.store.get(self._fence.key(number)))
        except (FileNotFoundError, ValueError):
            return None

    def _silence(self, record: Attempt) -> float:
        """Return the seconds since the claim was last heard of."""
        try:
            at = Status.parse(self.store.get(self._alive(record.attempt))).at
        except (FileNotFoundError, ValueError):
            at = record.claimed_at
        # The heartbeat may be that of an earlier claim of this number.
        return min(seconds_since(at), seconds_since(record.claimed_at))

    def _alive(self, number: int) -> str:
        return f"{self._fence.folder}/alive/{number}.json"

    def _remove(self, number: int) -> None:
        self.store.delete(self._alive(number))
        self.store.delete(self._fence.key(number))

    def _remove_drafts(self, *, abandoned_only: bool) -> None:
        """Remove all drafts of this artefact but those of newer claims; of older ones that are heard of if so asked."""
        root = f"{DRAFTS}/{self.folder}"
        drafts = {key[len(root) + 1 :].split("/")[0] for key in self.store.list(root)}
        for name in drafts:
            match = re.match(r"(\d{1,7})-", name, re.ASCII)
            if match is None:
                continue  # somebody else's
            number = int(match[1])
            record = self._read(number)
            alive = (
                record is not None and name.endswith(record.token) and self._silence(record) < ABANDONED_AFTER_SECONDS
            )
            if number <= self.number and not (abandoned_only and alive):
                self.store.clear(f"{root}/{name}")

    def _stay_alive(self) -> None:
        """Send heartbeats until the claim ends; a store that does not take one is asked again with the next."""
        while not self._end.acquire(timeout=SECONDS_BETWEEN_HEARTBEATS):
            try:
                status = Status(attempt=self.number, at=now(), epoch=None)
                self.store.put(self._alive(self.number), status.encode())
                self.check()
            except Fenced:
                return
            except NeurogradeError as error:
                log.warning(f"no heartbeat: {error}")

    def _end_heartbeat(self) -> None:
        if self._end.locked():
            self._end.release()

    def _stop(self) -> None:
        self._end_heartbeat()
        self._thread.join()


def sweep(store: Store, folder: str, work: str) -> None:
    """Remove the claims and drafts that a kill left of an artefact that is published; not those of other work."""
    if store.list(f"{CLAIMS}/{folder}") or store.list(f"{DRAFTS}/{folder}"):
        with suppress(NameTaken, AccessDenied):
            Claim(store, folder, work).fulfil()


def now() -> str:
    """Return the time, in ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def seconds_since(at: str) -> float:
    """Return the seconds since a time that `now` gave; 0 where the clocks of two machines disagree about it."""
    return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds())


def ago(seconds: float) -> str:
    """Return how long ago something was, in words.

    >>> [ago(seconds) for seconds in (5, 200, 7500, 900_000)]
    ['5 s ago', '3 min ago', '2 h ago', '10 d ago']
    """
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"
