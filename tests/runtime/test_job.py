"""A job from its command line to its exit code."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
import weakref
from pathlib import Path
from typing import Literal

import pytest

from neurograde.errors import DataError, Fenced, StoreUnavailable
from neurograde.runtime.command import Entry, job
from neurograde.runtime.exits import leave_message
from neurograde.runtime.job import Job
from neurograde.runtime.signals import sigterm_stops
from neurograde.specs.base import JobSpec, Name
from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.claim import Claim
from neurograde.storage.raw import RawFile, RawInputs
from neurograde.storage.store import Store


class ToySpec(JobSpec):
    """A job that copies."""

    job: Literal["toy"]
    """The job this spec is for."""
    upstream: Name | None = None
    """What it reads."""
    text: str = "hello"
    """What it writes."""
    fails: str | None = None
    """How it fails."""


RAW: dict[str, bytes] = {}
READ: list[str] = []


def read_raw(name: str) -> bytes:
    READ.append(name)
    return RAW[name]


@job(ToySpec)
def toy(job: Job[ToySpec]) -> None:
    spec = job.spec
    inputs = [job.upstream("images", spec.upstream)] if spec.upstream else []
    raw = RawInputs({name: RawFile(name, len(data), str(hash(data))) for name, data in RAW.items()}, read_raw)
    with job.publish("images", inputs=inputs, raw=raw) as out:
        out.write("text.txt", spec.text.encode())
        if spec.fails == "data":
            raise DataError("cell.png: truncated")
        if spec.fails == "bug":
            raise ZeroDivisionError("oops")
        if spec.fails == "store":
            raise StoreUnavailable("gs://x: no route")
        if spec.fails == "sigterm":
            os.kill(os.getpid(), signal.SIGTERM)
        if spec.fails == "sigterm in a library":
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            except Exception as error:
                raise DataError(f"cell.png: {error}") from None
        if spec.fails == "sigterm as an object goes":
            gone = weakref.ref(set(), lambda _gone: os.kill(os.getpid(), signal.SIGTERM))
            assert gone() is None
            time.sleep(5)
            raise DataError("the signal was lost")


@pytest.fixture(autouse=True)
def _no_raw_inputs():
    RAW.clear()
    READ.clear()


@pytest.fixture
def run(tmp_path: Path, memory_url: str, capsys: pytest.CaptureFixture[str]):
    def run(*options: str, entry: Entry[ToySpec] = toy, **fields: object) -> tuple[int, list[dict[str, object]]]:
        spec = {"job": "toy", "name": "one", "store": memory_url, "region": "FRA"} | fields
        (tmp_path / "toy.yaml").write_text(json.dumps(spec))
        code = entry.main([str(tmp_path / "toy.yaml"), *options])
        return code, [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    return run


def manifest_of(url: str, name: str = "one"):
    return read_manifest(Store(url), f"images/{name}")


def test_a_job_publishes_its_artefact_and_exits_0(run, memory_url: str):
    code, lines = run()
    manifest = manifest_of(memory_url)
    assert code == 0
    assert manifest is not None
    assert Artefact(Store(memory_url), "images/one", manifest).read("text.txt") == b"hello"
    assert manifest.spec["text"] == "hello"
    assert manifest.software["numpy"]
    assert manifest.carbon is not None
    assert lines[-1]["digest"] == manifest.digest


def test_a_finished_job_is_up_to_date_wherever_it_runs(run, memory_url: str):
    run()
    before = manifest_of(memory_url)
    code, lines = run(region="DEU")
    assert code == 0
    assert "up to date" in str(lines[-1]["event"])
    assert manifest_of(memory_url) == before


def test_an_identical_rerun_is_the_identical_artefact(run, memory_url: str):
    run()
    first = manifest_of(memory_url)
    Store(memory_url).clear("images/one")
    run()
    assert manifest_of(memory_url).digest == first.digest


def test_a_name_taken_by_another_spec_is_73_with_the_fields_that_differ(run, memory_url: str):
    run()
    first = manifest_of(memory_url)
    code, lines = run(text="other")
    assert code == 73
    assert f'it was made by another spec: text was "{first.spec["text"]}", is "other"' in str(lines[-1]["event"])
    assert manifest_of(memory_url) == first


def test_replace_replaces_it(run, memory_url: str):
    run()
    code, _ = run("--replace", text="other")
    assert code == 0
    assert manifest_of(memory_url).spec["text"] == "other"


def test_other_inputs_under_the_same_name_are_73_with_both_digests(run, memory_url: str):
    run(name="up")
    run(upstream="up")
    old = manifest_of(memory_url, "up").digest
    run("--replace", name="up", text="new")
    code, lines = run(upstream="up")
    assert code == 73
    assert old in str(lines[-1]["event"])
    assert manifest_of(memory_url, "up").digest in str(lines[-1]["event"])


def test_a_missing_upstream_is_66_with_the_command_that_makes_it(run):
    code, lines = run(upstream="none")
    assert code == 66
    assert "python -m jobs.synthesise SPEC" in str(lines[-1]["event"])


def test_a_missing_upstream_names_the_sibling_spec_that_makes_it(run, tmp_path: Path):
    (tmp_path / "synthesise.yaml").write_text("job: synthesise\nname: up\n")
    code, lines = run(upstream="up")
    assert code == 66
    assert f"python -m jobs.synthesise {tmp_path}/synthesise.yaml" in str(lines[-1]["event"])


@pytest.mark.parametrize(("how", "code"), [("data", 65), ("store", 69), ("bug", 1)])
def test_a_failed_job_leaves_nothing_and_says_why_in_one_line(run, memory_url: str, how: str, code: int):
    exit_code, lines = run(fails=how)
    assert exit_code == code
    assert Store(memory_url).list("images") == {}
    assert ("traceback" in lines[-1]) == (how == "bug")


@pytest.mark.parametrize(
    ("how", "words"), [("data", "exit 65: cell.png: truncated"), ("bug", "exit 1: a bug in neurograde")]
)
def test_a_failed_job_leaves_its_last_words_where_the_cluster_looks(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, words: str
):
    path = tmp_path / "termination-log"
    monkeypatch.setenv("NEUROGRADE_LAST_WORDS", str(path))
    run(fails=how)
    assert path.read_text().startswith(words)
    path.unlink()
    assert run()[0] == 0
    assert not path.exists()


def test_last_words_are_cut_to_what_a_cluster_keeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NEUROGRADE_LAST_WORDS", str(tmp_path / "log"))
    leave_message("ü" * 5000, 65)
    assert (tmp_path / "log").stat().st_size == 4096


@pytest.mark.parametrize("where", ["sigterm", "sigterm in a library", "sigterm as an object goes"])
def test_sigterm_is_75_wherever_it_comes_and_the_next_run_finishes(run, memory_url: str, where: str):
    code, _ = run(fails=where)
    assert code == 75
    assert manifest_of(memory_url) is None
    assert run()[0] == 0


def test_what_else_is_raised_where_nothing_can_be_is_still_reported(monkeypatch: pytest.MonkeyPatch):
    reported: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda lost: reported.append(lost.exc_type))
    with sigterm_stops():
        weakref.ref(set(), lambda _gone: 1 // 0)
    assert reported == [ZeroDivisionError]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_raw_input_is_hashed_again_only_when_size_or_stamp_differ(run, memory_url: str):
    RAW["a.jpg"] = b"pixels"
    run()
    READ.clear()
    assert run()[0] == 0
    assert READ == []
    Store(memory_url).put("images/one/manifest.json", manifest_of(memory_url).model_copy(
        update={"raw": tuple(each.model_copy(update={"stamp": "touched"}) for each in manifest_of(memory_url).raw)}
    ).encode())  # fmt: skip
    assert run()[0] == 0
    assert READ == ["a.jpg"]


def test_a_changed_raw_input_is_73_with_both_digests(run, memory_url: str):
    RAW["a.jpg"] = b"pixels"
    run()
    recorded = manifest_of(memory_url).raw[0].sha256
    RAW["a.jpg"] = b"other pixels"
    code, lines = run()
    assert code == 73
    assert recorded in str(lines[-1]["event"])


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["none.yaml"], ["--colour"]])
def test_a_wrong_command_line_is_64(arguments: list[str]):
    assert toy.main(arguments) == 64


@pytest.mark.parametrize(
    "fields", [{"region": "Atlantis"}, {"store": "bogus://x"}, {"store": "gs:/x"}, {"text": 3}, {"more": 1}]
)
def test_an_invalid_spec_is_78(run, fields: dict[str, object]):
    code, lines = run(**fields)
    assert code == 78
    assert "traceback" not in lines[-1]


@pytest.mark.parametrize("option", ["--store", "--into"])
@pytest.mark.parametrize("url", ["gs:/bucket/study", "s3:bucket", "C:\\store"])
def test_a_store_with_a_slip_on_the_command_line_is_64_and_nothing_is_written(
    run, option: str, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.iterdir())
    code, lines = run(option, url, entry=job(ToySpec, elsewhere=True)(toy.body))
    assert code == 64
    assert f"{option}: {url!r} is no store" in str(lines[-1]["event"])
    assert set(tmp_path.iterdir()) - before == {tmp_path / "toy.yaml"}


def test_a_name_that_the_disk_takes_for_another_is_73(run, memory_url: str):
    run(name="one")
    store = Store(memory_url)
    store.put("images/ONE/manifest.json", store.get("images/one/manifest.json"))  # as a disk that ignores case has it
    code, lines = run(name="ONE", text="other")
    assert code == 73
    assert "its disk ignores case, and holds images/one" in str(lines[-1]["event"])


def test_a_name_that_another_spec_is_writing_is_73_with_age_and_host_and_replace_ends_that_work(run, memory_url: str):
    other = Claim(Store(memory_url), "images/one", "f" * 64)
    code, lines = run()
    assert code == 73
    assert "toy.yaml: images/one in memory://" in str(lines[-1]["event"])
    assert f"s ago on {socket.gethostname()}, last heard of" in str(lines[-1]["event"])
    assert run("--replace")[0] == 0
    with pytest.raises(Fenced):
        other.check()
    assert set(Store(memory_url).list()) == {"images/one/manifest.json", "images/one/text.txt"}


def test_the_older_of_two_jobs_of_the_same_work_exits_75_and_the_younger_publishes(run, memory_url: str):
    @job(ToySpec)
    def slow(job: Job[ToySpec]) -> None:
        with job.publish("images") as out:
            out.write("text.txt", b"older")
            Claim(job.store, "images/one", out.claim.work)

    code, lines = run(entry=slow)
    assert code == 75
    assert "another job has claimed it since" in str(lines[-1]["event"])
    assert Store(memory_url).list("images") == {}
    assert run()[0] == 0
    assert set(Store(memory_url).list()) == {"images/one/manifest.json", "images/one/text.txt"}
