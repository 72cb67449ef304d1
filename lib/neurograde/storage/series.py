"""The numbered records of a journal, as they are read: each is held against its name, its digest and its shard.

A store is written by many hands: a copy, a renamed file or a truncated one must not enter a history. Records that
contradict themselves are logged and left out, by every reader alike; those of a newer format end the work.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from neurograde.errors import DataError
from neurograde.specs.base import FORMAT, Record
from neurograde.specs.records import Attempt, Commit, Session, Status
from neurograde.storage.artefact import parse_record
from neurograde.storage.store import Store

log = logging.getLogger("neurograde")
RecordT = TypeVar("RecordT", bound=Record)


@dataclass(frozen=True)
class Series(Generic[RecordT]):
    """One kind of numbered records, in one folder."""

    folder: str
    """The folder, in that of the journal."""
    model: type[RecordT]
    """The schema of the records."""
    field: str
    """The field that repeats the number in the record."""
    name: str
    """Format of the name of the number."""

    def key(self, number: int) -> str:
        """Return the key of the record of that number, in the folder of the journal."""
        return f"{self.folder}/{self.name.format(number)}.json"

    def number(self, path: str) -> int | None:
        """Return the number of the record at `path` in the folder of the journal; None if it is none of the series.

        No shard comes to a number of eight digits: an object of such a name is a stray, whatever it holds.

        >>> [COMMITS.number(f"commits/{name}") for name in ("e0003.json", "e3.json", "e-001.json", "e99999999.json")]
        [3, None, None, None]
        """
        match = re.fullmatch(r"[^/]+/[a-z]?(\d{1,7})\.json", path, re.ASCII)
        return int(match[1]) if match and path == self.key(int(match[1])) else None

    def numbers(self, store: Store, folder: str) -> dict[int, str]:
        """Return the keys in the journal `folder` by number, without objects of other names."""
        keys = store.list(f"{folder}/{self.folder}")
        return {number: key for key in keys if (number := self.number(key.removeprefix(f"{folder}/"))) is not None}

    def read(
        self, store: Store, folder: str, epochs: Mapping[str, int] | None = None, logged: set[str] | None = None
    ) -> Iterator[RecordT]:
        """Yield the records of the journal `folder` in the order of their numbers; log those that are left out.

        Args:
            store: Holds the journal.
            folder: The folder of the journal.
            epochs: Last epoch of each session of the shard; when not given, that is not checked.
            logged: Warnings that are not logged again; new ones are added.
        """
        logged = set() if logged is None else logged

        def leave_out(key: str, reason: str) -> None:
            warning = f"{store.url}/{key} {reason}; it is left out"
            if warning not in logged:
                logged.add(warning)
                log.warning(warning)

        keys = {}
        for key in store.list(f"{folder}/{self.folder}"):
            number = self.number(key.removeprefix(f"{folder}/"))
            if number is None:
                leave_out(key, f"is no record of {self.folder}/ by its name")
            else:
                keys[number] = key
        keys = dict(sorted(keys.items()))
        for (number, key), data in zip(keys.items(), store.get_many(keys.values()), strict=True):
            record = self.parse(data, number, f"{store.url}/{key}", epochs)
            if isinstance(record, str):
                leave_out(key, record)
            else:
                yield record

    def parse(self, data: bytes, number: int, where: str, epochs: Mapping[str, int] | None = None) -> RecordT | str:
        """Return the record in `data`, or why it cannot be the record of that number.

        Raises:
            DataError: It is of a newer format, which a newer version may have written.
        """
        try:
            record = parse_record(self.model, data, where)
        except DataError as error:
            if _is_newer(data):
                raise
            return f"is damaged: {str(error).removeprefix(f'{where}: ')}"
        return contradiction(record, getattr(record, self.field), number, epochs) or record


ATTEMPTS = Series("attempts", Attempt, "attempt", "{}")
COMMITS = Series("commits", Commit, "epoch", "e{:04d}")
STATUSES = Series("status", Status, "attempt", "a{:02d}")
SERIES: tuple[Series[Any], ...] = (ATTEMPTS, COMMITS, STATUSES)


def last_epochs(sessions: Iterable[Session]) -> dict[str, int]:
    """Return the last epoch of each session of a shard."""
    return {session.id: session.epochs for session in sessions}


def checkpoint_key(epoch: int, attempt: int, sha256: str) -> str:
    """Return the key of a checkpoint, in the folder of the journal."""
    return f"checkpoints/e{epoch:04d}-a{attempt:02d}-{sha256[:12]}.safetensors"


def contradiction(record: Record, own: int, number: int, epochs: Mapping[str, int] | None) -> str | None:
    """Return why the record cannot be that of `number`, or None.

    Args:
        record: The record.
        own: The number that it holds.
        number: The number in its name.
        epochs: Last epoch of each session of its shard; when not given, that is not checked.
    """
    if own != number:
        return f"is the record of {own} by its content, and of {number} by its name"
    if not isinstance(record, Commit):
        return None
    key = checkpoint_key(record.epoch, record.attempt, record.sha256)
    if record.key != key:
        return f"names the checkpoint {record.key!a}; that of its epoch, attempt and sha256 is {key}"
    if record.first_epoch < 0:
        return f"covers {len(record.earlier)} epochs before epoch {record.epoch}, and the first is 0"
    return None if epochs is None else _other_shard(record, epochs)


def _other_shard(commit: Commit, epochs: Mapping[str, int]) -> str | None:
    """Return why the commit cannot be one of a shard with these last epochs, or None."""
    last = max(epochs.values())
    if commit.epoch > last:
        return f"is of epoch {commit.epoch}, and the last epoch of its shard is {last}"
    for epoch, metrics in commit.epochs.items():
        for session in metrics:
            if session not in epochs:
                return f"has metrics of the session {session!a}, which its shard does not have"
            if epoch > epochs[session]:
                return f"has metrics of {session} in epoch {epoch}, and its last is {epochs[session]}"
    return None


def history(commits: Iterable[Commit]) -> list[Commit]:
    """Return the commits up to the first gap, in order, with each epoch once.

    An epoch that two commits cover, after `checkpoint_every` has changed, counts by the first of them.
    """
    kept: list[Commit] = []
    following = 0
    for commit in commits:
        if commit.first_epoch > following:
            break
        doubled = following - commit.first_epoch
        kept.append(commit.model_copy(update={"earlier": commit.earlier[doubled:]}) if doubled else commit)
        following = commit.epoch + 1
    return kept


def _is_newer(data: bytes) -> bool:
    try:
        value = json.loads(data)["format"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return False
    return isinstance(value, int) and value > FORMAT
