"""Artefacts: nothing is trusted, nothing is half there."""

from __future__ import annotations

import json

import pytest

from neurograde.errors import DataError, DigestMismatch
from neurograde.specs.records import Manifest
from neurograde.storage.artefact import Artefact, Draft, decode_csv, encode_csv, read_manifest
from neurograde.storage.store import Store

DIGEST = "0" * 64


@pytest.fixture
def store(memory_url: str) -> Store:
    return Store(memory_url)


def publish(store: Store, **changes: object) -> Artefact:
    draft = Draft(store, "patches/demo")
    draft.write("a/b.txt", b"content")
    fields = {"kind": "patches", "name": "demo", "job": "patch", "spec": {}, "spec_digest": DIGEST}
    manifest = Manifest(**{**fields, "files": draft.files, **changes})
    draft.finish(manifest)
    return Artefact(store, "patches/demo", manifest)


def test_without_a_manifest_there_is_no_artefact(store: Store):
    Draft(store, "patches/demo").write("a.txt", b"1")
    assert read_manifest(store, "patches/demo") is None


def test_a_manifest_survives_the_round_trip(store: Store):
    artefact = publish(store)
    assert read_manifest(store, "patches/demo") == artefact.manifest
    assert artefact.read("a/b.txt") == b"content"


def test_a_changed_byte_is_refused_with_both_digests(store: Store):
    artefact = publish(store)
    store.put("patches/demo/a/b.txt", b"Content")
    with pytest.raises(DigestMismatch, match=artefact.manifest.files["a/b.txt"].sha256):
        artefact.read("a/b.txt")
    with pytest.raises(DigestMismatch, match=r"a/b\.txt"):
        artefact.verify()


def test_a_file_that_is_gone_is_refused_by_name(store: Store):
    artefact = publish(store)
    store.delete("patches/demo/a/b.txt")
    with pytest.raises(DigestMismatch, match=r"a/b\.txt"):
        artefact.verify()


def test_the_digest_knows_spec_inputs_and_files_but_no_time_machine_or_carbon(store: Store):
    digest = publish(store).manifest.digest
    later = publish(store, wall_seconds=9.0, machine={"cpu": "other"}, carbon={"x": 1}, software={"torch": "9"})
    assert later.manifest.digest == digest
    assert publish(store, spec_digest="1" * 64).manifest.digest != digest
    assert publish(store, inputs=({"kind": "images", "name": "x", "digest": DIGEST},)).manifest.digest != digest
    assert publish(store, marks=("leaking",)).manifest.digest != digest


def test_a_newer_format_is_refused_by_name(store: Store):
    manifest = publish(store).manifest.model_dump(mode="json") | {"format": 99}
    store.put("patches/demo/manifest.json", json.dumps(manifest).encode())
    with pytest.raises(DataError, match=r"patches/demo/manifest\.json: format: format 99 is newer"):
        read_manifest(store, "patches/demo")


def test_a_damaged_manifest_is_refused_by_name(store: Store):
    publish(store)
    store.put("patches/demo/manifest.json", b'{"format": 1,')
    with pytest.raises(DataError, match=r"patches/demo/manifest\.json"):
        read_manifest(store, "patches/demo")


def test_a_new_draft_removes_what_an_interrupted_one_left(store: Store):
    Draft(store, "patches/demo").write("stray.txt", b"1")
    Draft(store, "patches/demo").write("a.txt", b"1")
    assert store.list("patches/demo") == {"patches/demo/a.txt": 1}


def test_what_stands_goes_when_the_first_file_comes_to_replace_it_and_not_before(store: Store):
    old = publish(store)
    Draft(store, "patches/demo").abandon()
    old.verify()
    with pytest.raises(ValueError, match="no key"):
        Draft(store, "patches/demo").write("../c.txt", b"2")
    old.verify()
    draft = Draft(store, "patches/demo")
    draft.write("c.txt", b"2")
    assert store.list("patches/demo") == {"patches/demo/c.txt": 1}
    draft.write("d.txt", b"3")
    draft.abandon()
    assert store.list("patches/demo") == {}


def test_a_file_is_written_once_and_stays_inside(store: Store):
    draft = Draft(store, "patches/demo")
    draft.write("a.txt", b"1")
    with pytest.raises(ValueError, match="written twice"):
        draft.write("a.txt", b"2")
    with pytest.raises(ValueError, match="no key"):
        draft.write("../other/manifest.json", b"2")


def test_a_csv_table_survives_the_round_trip_and_a_byte_order_mark():
    data = encode_csv(("name", "value"), [('a "quoted", name', 0.1), ("µ\nline", 1)])
    rows = [{"name": 'a "quoted", name', "value": "0.1"}, {"name": "µ\nline", "value": "1"}]
    assert decode_csv(data) == rows
    assert decode_csv(b"\xef\xbb\xbf" + data) == rows
