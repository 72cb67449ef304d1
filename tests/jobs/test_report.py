"""report: one command to the page; a second one is up to date."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from neurograde.evaluation.session_table import SessionRow
from neurograde.storage.artefact import decode_csv, read_manifest
from neurograde.storage.run import read_run
from neurograde.storage.store import Store
from tests.servers.faults import FOREVER
from tests.servers.fixtures import Bucket
from tests.support.study import write_study


@pytest.fixture
def report(tmp_path: Path, memory_url: str):
    """Run `report` on one evaluation, with whatever a test changes."""
    write_study(memory_url, leaking=False)

    def report(*options: str, **fields: object) -> int:
        spec = {"job": "report", "name": "demo", "store": memory_url, "region": "FRA", "title": "A study"}
        spec |= {"evaluations": ["independent"]} | fields
        path = tmp_path / "report.yaml"
        path.write_text(json.dumps(spec))
        return importlib.import_module("jobs.report").report.main([str(path), *options])

    return report


def test_the_digest_of_a_report_does_not_depend_on_the_address_of_its_store(report, memory_url: str, tmp_path: Path):
    assert report() == 0
    elsewhere = Store(f"file://{tmp_path}/elsewhere")
    for key in Store(memory_url).list():
        if not key.startswith("reports/"):
            elsewhere.put(key, Store(memory_url).get(key))
    first = read_manifest(Store(memory_url), "reports/demo")
    assert report("--store", elsewhere.url) == 0
    second = read_manifest(elsewhere, "reports/demo")
    assert first is not None
    assert second is not None
    spec = "specs/report-demo.yaml"
    assert elsewhere.url.encode() in elsewhere.get(f"reports/demo/{spec}")
    assert first.files[spec].sha256 != second.files[spec].sha256
    assert first.digest == second.digest


def test_the_page_is_published_with_what_lies_beside_it_and_its_address_is_printed(report, memory_url: str, capsys):
    write_study(memory_url)
    assert report(evaluations=["independent", "shuffled"]) == 0
    manifest = read_manifest(Store(memory_url), "reports/demo")
    assert manifest is not None
    assert "index.html" in manifest.files
    assert {path.partition("/")[0] for path in manifest.files} == {"index.html", "figures", "tables", "specs"}
    assert [each.name for each in manifest.inputs] == ["independent", "shuffled"]
    assert manifest.marks == ("leaking", "synthetic")
    address, lead, other = capsys.readouterr().out.splitlines()
    assert address == f"{memory_url}/reports/demo/index.html"
    assert lead.startswith("independent: mobilenet_v2, extension4: test loss 0.")
    assert other.startswith("shuffled: ")


def test_it_has_a_row_per_session_of_each_grid_once(report, memory_url: str):
    write_study(memory_url)
    assert report(evaluations=["independent", "shuffled"]) == 0
    store = Store(memory_url)
    rows = decode_csv(store.get("reports/demo/tables/sessions.csv"))
    runs = {name: read_run(store, name) for name in dict.fromkeys(row["run"] for row in rows)}
    assert len(runs) == 2
    assert [row["session"] for row in rows] == [session.id for run in runs.values() for session in run.sessions]
    assert list(rows[0]) == list(SessionRow._fields)
    assert {row["state"] for row in rows} <= {"done", "diverged"}


def test_a_second_run_is_up_to_date_and_prints_the_same(report, memory_url: str, capsys):
    write_study(memory_url)
    both = ["independent", "shuffled"]
    assert report(evaluations=both) == 0
    first = capsys.readouterr().out
    before = read_manifest(Store(memory_url), "reports/demo")
    assert report(evaluations=both) == 0
    again = capsys.readouterr()
    assert again.out == first
    assert "up to date" in again.err
    assert read_manifest(Store(memory_url), "reports/demo") == before


def test_a_page_made_again_is_the_identical_artefact(report, memory_url: str):
    assert report() == 0
    before = read_manifest(Store(memory_url), "reports/demo")
    Store(memory_url).clear("reports")
    assert report() == 0
    after = read_manifest(Store(memory_url), "reports/demo")
    assert before is not None
    assert after is not None
    assert after.digest == before.digest


def test_whoever_may_only_read_writes_the_page_elsewhere(report, gcs: Bucket, tmp_path: Path, capsys):
    write_study(gcs.url, leaking=False)
    before = gcs.store().list()
    gcs.faults.fail("POST|PUT|PATCH|DELETE", kind="403", times=FOREVER)
    assert report("--store", gcs.url) == 77
    assert report("--store", gcs.url, "--into", f"file://{tmp_path}/pages") == 0
    assert capsys.readouterr().out.startswith(f"file://{tmp_path}/pages/reports/demo/index.html\n")
    assert gcs.store().list() == before
    assert b"<html" in (tmp_path / "pages/reports/demo/index.html").read_bytes()
    assert report("--store", gcs.url, "--into", f"file://{tmp_path}/pages") == 0
    assert "up to date" in capsys.readouterr().err
    # What roles/storage.objectViewer allows: objects are read and listed, the bucket itself is asked nothing.
    assert all(re.search(r"/b/[^/]+/o[/?]", each) for each in gcs.faults.requests)


def test_another_title_under_the_same_name_is_refused_unless_replaced(report):
    assert report() == 0
    assert report(title="Another") == 73
    assert report("--replace", title="Another") == 0


def test_an_evaluation_that_is_not_there_is_named_with_the_command_that_makes_it(report, capsys):
    assert report(evaluations=["absent"]) == 66
    error = json.loads(capsys.readouterr().err.splitlines()[-1])["event"]
    assert "evaluations/absent" in error
    assert "python -m jobs.evaluate" in error


def test_a_page_that_is_up_to_date_loads_neither_matplotlib_nor_torch():
    code = "import sys, jobs.report, neurograde.reports.headline; print({'matplotlib', 'torch'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
