"""verify: whatever is wrong with a store is named, and the command it gives makes it right."""

from __future__ import annotations

import importlib
import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs.chain import chain
from jobs.verify import verify as job
from neurograde.maths.digest import sha256_hex
from neurograde.storage.artefact import read_manifest
from neurograde.storage.claim import Claim
from neurograde.storage.store import Store
from tests.servers.fixtures import Bucket
from tests.support.small import write_small

GOLDEN = Path(__file__).parents[1] / "golden" / "store"
SHARD = "runs/golden/squeezenet1_1-straightforward"
ARTEFACTS = tuple(f"{kind}/golden" for kind in ("images", "patches", "partitions", "datasets", "evaluations"))
PATCH = "patches/golden/D/D-01/D-01_1_r00_c00.png"
(LEDGER,) = (f"ledgers/{path.name}" for path in (GOLDEN / "ledgers").iterdir())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with every kind of artefact, to be broken."""
    shutil.copytree(GOLDEN, tmp_path / "store")
    return Store(str(tmp_path / "store"))


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Exit code and findings."""

    def verify(store: Store, *options: str) -> tuple[int, dict[str, Any]]:
        code = job.main([store.url, "--json", *options])
        return code, json.loads(capsys.readouterr().out)

    return verify


def flip(store: Store, key: str) -> None:
    """Change one bit of an object."""
    data = bytearray(store.get(key))
    data[len(data) // 2] ^= 1
    store.put(key, bytes(data))


def edit(store: Store, where: str, **changes: object) -> None:
    """Change fields of a record."""
    store.put(where, json.dumps(json.loads(store.get(where)) | changes).encode())


def newest_checkpoint(store: Store) -> str:
    return f"{SHARD}/{json.loads(store.get(f'{SHARD}/commits/e0002.json'))['key']}"


def test_a_whole_store_is_found_whole(store: Store, verify):
    code, found = verify(store)
    assert code == 0
    assert (found["artefacts"], found["broken"], found["unfinished"]) == (6, [], [])
    assert (found["unreferenced"], found["unknown"], found["mend"]) == ({}, {}, [])
    named = sum(len(read_manifest(store, folder).files) for folder in (*ARTEFACTS, SHARD))
    assert found["files"] == named + len(store.list(f"{SHARD}/checkpoints"))


BREAKAGES = {
    "a byte of a patch": (flip, PATCH, "has sha256", "jobs.patch", True),
    "a patch's length": (lambda store, key: store.put(key, b""), PATCH, "has 0 bytes", "jobs.patch", True),
    "a patch": (Store.delete, PATCH, "is gone", "jobs.patch", True),
    "a table": (flip, "datasets/golden/samples.csv", "has sha256", "jobs.augment", True),
    "weights": (flip, f"{SHARD}/best.safetensors", "has sha256", "jobs.train", True),
    "a page of figures": (flip, "evaluations/golden/metrics.json", "has sha256", "jobs.evaluate", True),
    "a manifest": (
        lambda store, key: store.put(key, store.get(key)[:-9]),
        "partitions/golden/manifest.json",
        "is damaged",
        "jobs.partition",
        False,
    ),
    "a grid": (lambda store, key: store.put(key, b"{}"), "runs/golden/grid.json", "is damaged", "jobs.train", False),
    "a commit": (
        lambda store, key: store.put(key, b""),
        f"{SHARD}/commits/e0001.json",
        "is damaged",
        "jobs.train",
        False,
    ),
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_what_is_broken_is_named_with_the_command_that_makes_it_again(breakage: str, store: Store, verify):
    harm, key, what, command, replaces = BREAKAGES[breakage]
    harm(store, key)
    code, found = verify(store)
    assert code == 65
    (finding,) = [each for each in found["broken"] if each["where"] == key]
    assert what in finding["what"]
    assert f"python -m {command} SPEC --store {store.url}" in finding["mend"]
    assert ("--replace" in finding["mend"]) == replaces
    assert ("delete" in finding["mend"]) == (not replaces)
    assert finding["mend"] in found["mend"]


def test_an_upstream_that_is_gone_is_named_by_everything_made_from_it(store: Store, verify):
    store.clear("patches/golden")
    code, found = verify(store)
    assert code == 65
    assert {each["where"] for each in found["broken"]} == {"partitions/golden", "datasets/golden"}
    assert all("patches/golden of digest" in each["what"] and "is gone" in each["what"] for each in found["broken"])
    (command,) = found["mend"]
    assert "jobs.patch SPEC" in command


def test_features_that_are_gone_are_made_again_by_the_spec_of_their_grid(store: Store, verify):
    manifest = read_manifest(store, SHARD)
    features = {"kind": "features", "name": "0" * 64, "digest": "0" * 64}
    inputs = [*(each.model_dump() for each in manifest.inputs), features]
    edit(store, f"{SHARD}/manifest.json", inputs=inputs)
    _, found = verify(store)
    (finding,) = [each for each in found["broken"] if "features/" in each["what"]]
    assert finding["where"] == SHARD
    assert finding["mend"] == f"python -m jobs.features SPEC --store {store.url}   (a train spec with name: golden)"


def test_an_upstream_of_another_digest_is_named_with_both_by_what_was_made_from_it(store: Store, verify):
    before = read_manifest(store, "datasets/golden")
    edit(store, "datasets/golden/manifest.json", marks=[])
    _, found = verify(store)
    (finding,) = [each for each in found["broken"] if each["where"].startswith("runs/")]
    after = read_manifest(store, "datasets/golden")
    assert before is not None
    assert after is not None
    assert before.digest in finding["what"]
    assert after.digest in finding["what"]
    assert "jobs.train" in finding["mend"]


def test_a_manifest_whose_spec_is_not_that_of_its_digest_is_named(store: Store, verify):
    manifest = read_manifest(store, "patches/golden")
    assert manifest is not None
    edit(store, "patches/golden/manifest.json", spec=manifest.spec | {"patch_size_px": 99})
    _, found = verify(store)
    assert [each["where"] for each in found["broken"]] == ["patches/golden/manifest.json"]
    assert f"records a spec of digest {manifest.spec_digest}, but holds" in found["broken"][0]["what"]


def test_a_manifest_in_another_artefact_s_place_is_named(store: Store, verify):
    store.put("patches/other/manifest.json", store.get("patches/golden/manifest.json"))
    _, found = verify(store)
    assert found["broken"][0]["where"] == "patches/other/manifest.json"
    assert "is that of patches/golden" in found["broken"][0]["what"]


def test_a_lost_opening_of_a_test_set_is_named_and_nothing_can_make_it_again(store: Store, verify):
    store.put(f"{LEDGER}/0003.json", store.get(f"{LEDGER}/0001.json"))
    code, found = verify(store)
    assert code == 65
    assert found["broken"] == [
        {"where": LEDGER, "what": "has lost its record 2 of 3", "mend": "cannot be made again"},
    ]
    store.put(f"ledgers/{'0' * 64}/0001.json", store.get(f"{LEDGER}/0001.json"))
    _, found = verify(store)
    assert {"where": f"ledgers/{'0' * 64}", "what": f"its record 1 is of the test set {LEDGER[8:]}"}.items() <= (
        found["broken"][0].items()
    )


def test_what_nothing_names_is_listed_and_breaks_nothing(store: Store, verify):
    store.put("patches/golden/stray.txt", b"12345")
    store.put("patches/interrupted/D/a/a.png", b"123")
    store.put(f"{SHARD}/checkpoints/e0003-a02-000000000000.safetensors", b"1")
    code, found = verify(store)
    assert code == 0
    assert found["unreferenced"] == {
        "patches/golden/stray.txt": 5,
        "patches/interrupted/D/a/a.png": 3,
        f"{SHARD}/checkpoints/e0003-a02-000000000000.safetensors": 1,
    }


def test_kinds_of_a_newer_version_are_listed_and_break_nothing(store: Store, verify):
    store.put("futures/x/manifest.json", b'{"format": 9}')
    store.put("futures/x/data", b"123")
    code, found = verify(store)
    assert code == 0
    assert found["unknown"] == {"futures/x/data": 3, "futures/x/manifest.json": 13}
    assert found["unreferenced"] == {}


def test_an_unfinished_grid_is_told_from_a_broken_one_by_its_newest_checkpoint(store: Store, verify):
    store.delete(f"{SHARD}/manifest.json")
    store.clear("evaluations")
    code, found = verify(store)
    assert code == 0
    assert found["unfinished"][0]["where"] == "runs/golden"
    assert "0 of 1 shards done" in found["unfinished"][0]["what"]
    assert "jobs.train" in found["mend"][0]
    checkpoint = newest_checkpoint(store)
    store.delete(checkpoint)
    code, found = verify(store)
    assert code == 65
    assert [each["where"] for each in found["broken"]] == [checkpoint]


def test_a_finished_shard_may_lose_its_checkpoints_but_must_not_keep_damaged_ones(store: Store, verify):
    checkpoint = newest_checkpoint(store)
    flip(store, checkpoint)
    code, found = verify(store)
    assert code == 65
    assert found["broken"][0]["mend"].startswith(f"delete {store.url}/{checkpoint}")
    store.delete(checkpoint)
    assert verify(store)[0] == 0


def test_a_store_in_memory_is_verified_like_one_on_disk(memory_url: str, store: Store, verify):
    other = Store(memory_url)
    other.put_many((key, store.get(key)) for key in store.list())
    assert verify(other)[0] == 0
    flip(other, PATCH)
    assert [each["where"] for each in verify(other)[1]["broken"]] == [PATCH]


def test_a_store_over_http_is_verified_like_one_on_disk(bucket: Bucket, store: Store, verify):
    other = bucket.store()
    other.put_many((key, store.get(key)) for key in store.list())
    flip(other, PATCH)
    other.delete("datasets/golden/balance.json")
    code, found = verify(other)
    assert code == 65
    assert [each["where"] for each in found["broken"]] == ["datasets/golden/balance.json", PATCH]


def test_a_store_that_cannot_be_read_ends_with_its_code_and_not_with_findings(gcs: Bucket, store: Store, capsys):
    gcs.store().put_many((key, store.get(key)) for key in store.list("patches"))
    gcs.faults.fail("GET", "index.csv", times=1000, kind="403")
    assert job.main([gcs.url, "--json"]) == 77
    assert capsys.readouterr().out == ""


def test_large_files_are_read_one_at_a_time_and_compared_too(store: Store, verify, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("neurograde.storage.survey.LARGE", 1000)
    flip(store, PATCH)
    code, found = verify(store)
    assert (code, [each["where"] for each in found["broken"]], found["files"]) == (65, [PATCH], 52)


def test_the_findings_are_lines_where_there_is_no_terminal(store: Store, capsys):
    flip(store, PATCH)
    store.put("patches/golden/stray.txt", b"12345")
    assert job.main([store.url]) == 65
    broken, outdated, stray, mend, summary = capsys.readouterr().out.splitlines()
    assert broken.split("\t")[:2] == ["broken", PATCH]
    assert stray.split("\t") == [
        "unreferenced",
        "patches/golden",
        "objects: 1, bytes: 5, the first patches/golden/stray.txt",
    ]
    assert outdated.startswith("outdated\tevaluations/golden\twas made by revision 1: ")
    assert mend.startswith("mend\tpython -m jobs.patch SPEC")
    assert summary.endswith(": 1 broken, 0 unfinished, 1 unreferenced, 0 unknown, 1 outdated")


def test_the_findings_are_a_table_on_a_terminal(store: Store, capsys, monkeypatch: pytest.MonkeyPatch):
    from neurograde.runtime import findings

    monkeypatch.setenv("COLUMNS", "200")
    flip(store, PATCH)
    store.put("patches/golden/[bold]stray.txt", b"12345")
    found = json.loads((job.main([store.url, "--json"]), capsys.readouterr().out)[1])
    findings.show(found)
    shown = capsys.readouterr().out
    assert PATCH in shown
    assert "[bold]stray.txt" in shown
    assert "mend: python -m jobs.patch" in shown


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 64, "STORE_URL"),
        (["nowhere://x"], 64, "Protocol not known"),
        (["memory://void"], 66, "there is no store"),
        (["memory://void", "--specs", "/void"], 64, "no specs"),
    ],
)
def test_a_wrong_call_and_an_absent_store_end_with_their_codes(arguments: list[str], code: int, message: str, capsys):
    assert job.main(arguments) == code
    event = json.loads(capsys.readouterr().err.splitlines()[-1])["event"]
    assert re.search(message, event)


def follow(commands: list[str]) -> None:
    """Do what the commands say, in this process."""
    for command in commands:
        _, _, module, *arguments = shlex.split(command)
        assert getattr(importlib.import_module(module), module.removeprefix("jobs.")).main(arguments) == 0, command


def test_the_commands_make_a_store_whole_again(verify, tmp_path: Path, capsys):
    specs, store = write_small(tmp_path / "specs"), Store(str(tmp_path / "store"))
    assert chain.main([str(specs), "--store", store.url]) == 0
    kept = [key for key in store.list() if not key.endswith(".json") and not key.startswith("reports/")]
    before = {key: store.get(key) for key in kept}  # reports and records tell times
    folders = [key.removesuffix("/manifest.json") for key in store.list() if key.endswith("/manifest.json")]
    assert len(folders) == 7
    for folder in folders:
        flip(store, next(key for key in store.list(folder) if not key.endswith("json") and "checkpoints" not in key))
    capsys.readouterr()
    code, found = verify(store, "--specs", str(specs))
    assert (code, len(found["broken"]), len(found["mend"])) == (65, 7, 7)
    follow(found["mend"])
    store.clear("patches")
    capsys.readouterr()
    follow(verify(store, "--specs", str(specs))[1]["mend"])
    capsys.readouterr()
    code, found = verify(store)
    assert (code, found["broken"], found["mend"]) == (0, [], [])
    assert {key: store.get(key) for key in before} == before


def test_claims_and_drafts_of_work_under_way_are_known_and_break_nothing(store: Store, verify):
    claim = Claim(store, "patches/next", "a" * 64)
    store.put(f"{claim.draft}/000001", b"half a draft")
    code, found = verify(store)
    assert code == 0
    assert {f"{claim.draft}/000001", "claims/patches/next/1.json"} <= set(found["unreferenced"])
    assert not found["unknown"]


def test_an_evaluation_whose_opening_is_in_no_ledger_is_broken(store: Store, verify):
    store.clear(LEDGER)
    code, found = verify(store)
    assert code == 65
    what = "opened a test set, but its opening is in no ledger"
    assert {"where": "evaluations/golden", "what": what, "mend": "cannot be made again"} in found["broken"]


def digested(store: Store, folder: str, path: str, data: bytes) -> None:
    """Change a file, and its digest in the manifest with it."""
    store.put(f"{folder}/{path}", data)
    key = f"{folder}/manifest.json"
    record = {"format": 1, "sha256": sha256_hex(data), "size": len(data)}
    edit(store, key, files=json.loads(store.get(key))["files"] | {path: record})


@pytest.mark.parametrize(
    ("folder", "path"),
    [
        ("patches/golden", "accounting.json"),
        ("partitions/golden", "summary.json"),
        ("partitions/golden", "independence.json"),
        ("datasets/golden", "balance.json"),
        ("datasets/golden", "standardisation.json"),
        ("evaluations/golden", "metrics.json"),
        (SHARD, "sessions.json"),
    ],
)
@pytest.mark.parametrize("data", [b"{}", b"[]", b"", b"\xff", b"[" * 100_000])
def test_a_result_file_that_has_its_digest_but_not_its_schema_is_broken(
    folder: str, path: str, data: bytes, store: Store, verify
):
    digested(store, folder, path, data)
    code, found = verify(store)
    assert code == 65
    (finding,) = [finding for finding in found["broken"] if finding["where"] == f"{folder}/{path}"]
    assert "is not of its schema: " in finding["what"]


STRANGE_KEYS = (
    f"{SHARD}/commits/e-001.json",
    f"{SHARD}/commits/e99999999.json",
    f"{SHARD}/attempts/99999999.json",
    f"{SHARD}/status/a1.json",
    f"{LEDGER}/0.json",
    "reviews/r/0000000000000000/me-99999999999999.json",
    "patches/a\x1b[31m\nb/manifest.json",
    "patches/back\\slash/manifest.json",
)


@pytest.mark.parametrize("key", STRANGE_KEYS)
def test_an_object_that_no_record_can_be_by_its_name_is_listed_and_breaks_nothing(key: str, store: Store, capsys):
    path = Path(store.url) / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"{}")
    assert job.main([store.url, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["unreferenced"] == {key: 2}
    assert job.main([store.url]) == 0
    assert "\x1b" not in capsys.readouterr().out


LIES: dict[str, tuple[str, dict[str, Any], str]] = {
    "a commit's key leaves the shard": (f"{SHARD}/commits/e0001.json", {"key": "../../x"}, "names the checkpoint"),
    "a commit's metrics were edited": (f"{SHARD}/commits/e0001.json", {"digest": "0" * 64}, "records the digest"),
    "a commit is of another epoch": (f"{SHARD}/commits/e0001.json", {"epoch": 2}, "is the record of 2"),
    "an attempt is of another number": (f"{SHARD}/attempts/1.json", {"attempt": 7}, "is the record of 7"),
    "a heartbeat is of another attempt": (f"{SHARD}/status/a01.json", {"attempt": 7}, "is the record of 7"),
    "a grid is of another name": ("runs/golden/grid.json", {"name": "other", "digest": None}, "is that of runs/other"),
    "a manifest is of no job": ("datasets/golden/manifest.json", {"job": "nothing"}, "names the job 'nothing'"),
    "a manifest is of no kind": ("datasets/golden/manifest.json", {"kind": "nothing"}, "is that of nothing/golden"),
    "an input is of no kind": (
        "datasets/golden/manifest.json",
        {"inputs": [{"kind": "nothing", "name": "../x", "digest": "0" * 64}]},
        "",
    ),
    "a spec's name is no name": ("datasets/golden/manifest.json", {"spec": {"name": [1], "job": {}}}, "but holds"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_record_that_contradicts_itself_is_broken_and_never_a_traceback(lie: str, store: Store, verify, capsys):
    key, changes, what = LIES[lie]
    edit(store, key, **changes)
    code, found = verify(store)
    assert code == 65
    assert any(finding["where"] == key and what in finding["what"] for finding in found["broken"]) or not what
    assert job.main([store.url]) == 65
    capsys.readouterr()


def test_a_record_of_a_number_far_beyond_the_others_shows_the_first_that_is_lost(store: Store, verify):
    store.put(f"{LEDGER}/99999999.json", store.get(f"{LEDGER}/0001.json"))
    code, found = verify(store)
    assert code == 65
    assert f"has lost its record 2 of {99999999}" in found["broken"][0]["what"]


@pytest.mark.parametrize("key", [f"{SHARD}/attempts/1.json", f"{SHARD}/status/a01.json", f"{SHARD}/commits/e0001.json"])
def test_a_truncated_record_of_an_unfinished_shard_is_mended_by_the_trainer_or_deleted(key: str, store: Store, verify):
    store.delete(f"{SHARD}/manifest.json")
    store.clear("evaluations")
    store.put(key, store.get(key)[:20])
    code, found = verify(store)
    assert code == 65
    (mend,) = [finding["mend"] for finding in found["broken"] if finding["where"] == key]
    assert ("delete" in mend) == ("/commits/" not in key)
    assert "jobs.train" in mend
