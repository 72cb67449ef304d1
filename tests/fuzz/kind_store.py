"""Store objects: a store with every kind of artefact, one object of it damaged, edited, moved or digested again.

`verify` must name what is broken and never end in a traceback; the journal, the watcher and the readers of runs and
ledgers must read what is whole, or refuse it by name.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from neurograde.errors import DataError
from neurograde.maths.digest import sha256_hex
from neurograde.pages.watch.reading import Watcher
from neurograde.runtime.findings import as_json, lines
from neurograde.runtime.verification import verify_store
from neurograde.specs.records import Grid
from neurograde.storage.artefact import Artefact, parse_record, read_manifest
from neurograde.storage.journal import Journal
from neurograde.storage.ledger import listed_images, read_ledger
from neurograde.storage.run import read_run
from neurograde.storage.series import last_epochs
from neurograde.storage.store import Store, is_key
from tests.fuzz.bytes_of import damaged
from tests.fuzz.frame import Kind

GOLDEN = Path(__file__).parents[1] / "golden"
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1, 2.5, 10**30, 1e308, "", " ", "x", "../..", "a/../../b", "\x1b[2J\n", "\ud800", "NaN",
    "0" * 64, [], {}, [[]], [{}], {"": None}, [1] * 50, "9" * 5000,
)  # fmt: skip
"""Values of JSON that a field may be given."""
NAMES = (
    "99999999.json", "e99999999.json", "e-001.json", "e0003 (copy).json", "a99.json", "0001.json", "0.json", "1.json",
    "9" * 250, "manifest.json", "grid.json", "images.json", ".hidden", "a\nb.json", "a\x1b[2Jb", "back\\slash",
    "%2e%2e", "e00\u0661.json", "\u0661.json",
)  # fmt: skip
"""Names that an object may be copied to."""


def attempt(random: Random, folder: Path) -> None:
    """Damage a copy of the store and have every reader of records read it; DataError for what `verify` finds broken."""
    store = Store(f"memory://{folder.name}")
    try:
        store.put_many(objects().items())
        mutate(store, random)
        survey = verify_store(store)
        findings = as_json(survey, {})
        for line in (*lines(findings), json.dumps(findings)):
            line.encode()
            assert "\x1b" not in line
        for read in (_journal, _watch, _run, _ledger, _files):
            _refused(read, store)
        if survey.broken:
            raise DataError(survey.broken[0].what)
    finally:
        store._fs.rm(store._root, recursive=True)


@cache
def objects() -> dict[str, bytes]:
    """Return the objects of a store: finished artefacts, and a grid in its middle."""
    folders = (GOLDEN / "store", GOLDEN / "training")
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "/sealed/" not in str(path)
    }


def mutate(store: Store, random: Random) -> None:
    """Change one object of the store."""
    tables = [key for key in objects() if not key.endswith((".png", ".svg", ".safetensors"))]
    key = random.choice(tables if random.random() < 0.9 else sorted(objects()))
    change = random.choice((_bytes, _bytes, _value, _value, _value, _copy, _delete, _digested, _digested))
    change(store, key, random)


def _bytes(store: Store, key: str, random: Random) -> None:
    store.put(key, damaged(store.get(key), random))


def _value(store: Store, key: str, random: Random) -> None:
    """Give a field of a record another value, at any depth."""
    if not key.endswith(".json"):
        _bytes(store, key, random)
        return
    store.put(key, json.dumps(_edited(json.loads(store.get(key)), random)).encode())


def _edited(value: Any, random: Random) -> Any:
    if isinstance(value, dict) and value and random.random() < 0.8:
        name = random.choice(sorted(value))
        if random.random() < 0.1:
            return {other: part for other, part in value.items() if other != name}
        if random.random() < 0.1:
            return value | {random.choice(("", "x", "../x", "\x1b", "9" * 300)): random.choice(VALUES)}
        return value | {name: _edited(value[name], random)}
    if isinstance(value, list) and value and random.random() < 0.7:
        at = random.randrange(len(value))
        return [*value[:at], _edited(value[at], random), *value[at + 1 :]]
    return random.choice(VALUES)


def _copy(store: Store, key: str, random: Random) -> None:
    """Copy the object to another name, or to the place of another object; sometimes away from its own."""
    folder = key.rpartition("/")[0]
    target = random.choice((f"{folder}/{random.choice(NAMES)}", random.choice(sorted(objects())), random.choice(NAMES)))
    data = store.get(key)
    if is_key(target):
        store.put(target, data)
    else:
        store._fs.pipe_file(f"{store._root}/{target}", data)  # another program wrote it
    if random.random() < 0.3:
        store.delete(key)


def _delete(store: Store, key: str, random: Random) -> None:
    store.clear(key.rpartition("/")[0]) if random.random() < 0.3 else store.delete(key)


def _digested(store: Store, key: str, random: Random) -> None:
    """Change a file of an artefact, and its digest in the manifest with it."""
    (_value if random.random() < 0.6 else _bytes)(store, key, random)
    for manifest in (name for name in objects() if name.endswith("/manifest.json")):
        folder = manifest.rpartition("/")[0]
        if key.startswith(f"{folder}/") and key != manifest:
            record, data = json.loads(store.get(manifest)), store.get(key)
            record["files"][key[len(folder) + 1 :]] = {"sha256": sha256_hex(data), "size": len(data)}
            store.put(manifest, json.dumps(record).encode())


def _refused(read: Callable[[Store], object], store: Store) -> None:
    with suppress(DataError, FileNotFoundError):  # refused by name; a job that reads it says what is missing
        read(store)


def _grid(store: Store, name: str) -> Grid:
    key = f"runs/{name}/grid.json"
    return parse_record(Grid, store.get(key), key)


def _journal(store: Store) -> None:
    for shard in _grid(store, "stopped").shards:
        journal = Journal(store, f"runs/stopped/{shard.name}", last_epochs(shard.sessions))
        journal.latest(), journal.commits(), journal.attempts(), journal.statuses(), journal.began_on()
        journal.claim()


def _watch(store: Store) -> None:
    for name in ("stopped", "golden"):
        watcher = Watcher(store, _grid(store, name))
        watcher.refresh()
        for shard in watcher.grid.shards:
            watcher.commits(shard.name)


def _run(store: Store) -> None:
    run = read_run(store, "golden")
    run.histories(), run.diverged(), run.artefact()


def _ledger(store: Store) -> None:
    listed_images(store)
    for ledger in {key.split("/")[1] for key in store.list("ledgers") if key.count("/") > 1}:
        read_ledger(store, ledger)


def _files(store: Store) -> None:
    for kind in ("patches", "partitions", "datasets", "evaluations"):
        manifest = read_manifest(store, f"{kind}/golden")
        if manifest is None:
            continue
        artefact = Artefact(store, f"{kind}/golden", manifest)
        for path in manifest.files:
            if path.endswith(".csv"):
                _refused(lambda _store, artefact=artefact, path=path: artefact.read_csv(path), store)


KIND = Kind("store", 440, attempt)
