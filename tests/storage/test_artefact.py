"""Artefacts: nothing is trusted, nothing is half there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from neurograde.errors import DataError, DigestMismatch
from neurograde.maths.digest import sha256_hex
from neurograde.specs.records import FileRecord, Manifest
from neurograde.storage.artefact import Artefact, decode_csv, encode_csv, read_manifest
from neurograde.storage.backends.local import LocalFiles
from neurograde.storage.draft import Draft
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


def test_a_published_draft_removes_what_interrupted_ones_left(store: Store):
    store.put("patches/demo/stray.txt", b"of a version that wrote in place")
    Draft(store, "patches/demo").write("stray.txt", b"1")
    publish(store)
    assert set(store.list()) == {"patches/demo/a/b.txt", "patches/demo/manifest.json"}


def test_what_is_published_stays_until_another_is_published_and_nothing_of_it_after(store: Store):
    old = publish(store)
    draft = Draft(store, "patches/demo")
    draft.write("c.txt", b"2")
    old.verify()
    draft.claim.release()
    assert set(store.list()) == {"patches/demo/a/b.txt", "patches/demo/manifest.json"}
    draft = Draft(store, "patches/demo")
    draft.write("c.txt", b"2")
    draft.finish(old.manifest.model_copy(update={"files": draft.files}))
    assert set(store.list()) == {"patches/demo/c.txt", "patches/demo/manifest.json"}


def test_a_draft_of_the_same_that_another_published_meanwhile_leaves_it_as_it_is(store: Store):
    late = Draft(store, "patches/demo")
    late.write("a/b.txt", b"content")
    ours = Manifest(kind="patches", name="demo", job="patch", spec={}, spec_digest=DIGEST, files=late.files)
    store.put("patches/demo/a/b.txt", b"content")
    theirs = ours.model_copy(update={"wall_seconds": 7.0})
    store.put("patches/demo/manifest.json", theirs.encode())
    late.finish(ours)
    assert read_manifest(store, "patches/demo") == theirs
    assert set(store.list()) == {"patches/demo/a/b.txt", "patches/demo/manifest.json"}


def test_a_file_that_an_older_claim_moves_into_place_too_late_is_replaced(store: Store):
    class Late(Store):
        def promote(self, source: str, target: str) -> None:
            if not self.exists(target) and self.strays:
                self.put(self.strays.pop(), b"of an older claim")
            super().promote(source, target)

    late = Late(store.url)
    late.strays = ["patches/demo/manifest.json", "patches/demo/a/b.txt"]
    publish(late, wall_seconds=3.0)
    artefact = Artefact(store, "patches/demo", read_manifest(store, "patches/demo"))
    artefact.verify()
    assert artefact.read("a/b.txt") == b"content"


def test_names_that_differ_only_in_case_are_refused_where_the_disk_takes_them_for_one(tmp_path: Path):
    class IgnoresCase(LocalFiles):
        """A local disk as Windows and macOS have it."""

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            kept, _, rest = super()._strip_protocol(path).partition(str(tmp_path))
            return f"{kept}{tmp_path}{rest.lower()}"

        def ignores_case(self, folder: str) -> bool:
            upper = f"{self._strip_protocol(folder)}/PROBE"
            self.pipe_file(upper, b"")
            return self.exists(upper.replace("PROBE", "probe"))

    for disk, refused in ((IgnoresCase(), True), (LocalFiles(), False)):
        store = Store(f"file://{tmp_path}/{refused}")
        store._fs = disk
        draft = Draft(store, "patches/demo")
        draft.write("D/case 1/a.png", b"1")
        draft.write("D/case 2/a.png", b"1")
        if refused:
            with pytest.raises(DataError, match="ignores case and cannot hold both 'D/case 1' and 'D/Case 1'"):
                draft.write("D/Case 1/b.png", b"2")
        else:
            draft.write("D/Case 1/b.png", b"2")


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


TABLES_DAMAGED = {
    "no UTF-8": (b"patch,class,family,image\n\xff,D,f,i\n", "no CSV table in UTF-8"),
    "a column that is missing": (b"patch,class,family\na,D,f\n", "the column 'image' is missing"),
    "a row that is short": (b"patch,class,family,image\na,D,f\n", "row 2 has other columns than the header"),
    "a row that is long": (b"patch,class,family,image\na,D,f,i,1\n", "row 2 has other columns than the header"),
    "a number that is none": (
        b"patch,class,family,image,row\na,D,f,i,0\nb,D,f,i,x\n", "row 3, column 'row': 'x' is not a number",
    ),
    "a number that is not finite": (
        b"patch,class,family,image,tissue_share\na,D,f,i,nan\n", "row 2, column 'tissue_share': 'nan' is not",
    ),
}  # fmt: skip


@pytest.mark.parametrize("damage", TABLES_DAMAGED)
def test_a_table_that_has_its_digest_but_not_its_columns_is_refused_by_row_and_column(store: Store, damage: str):
    data, reason = TABLES_DAMAGED[damage]
    record = FileRecord(sha256=sha256_hex(data), size=len(data))
    store.put("patches/p/index.csv", data)
    manifest = Manifest(
        kind="patches", name="p", job="patch", spec={}, spec_digest="0" * 64, files={"index.csv": record}
    )
    with pytest.raises(DataError) as raised:
        Artefact(store, "patches/p", manifest).read_csv("index.csv")
    assert f"patches/p/index.csv: {reason}" in str(raised.value)
