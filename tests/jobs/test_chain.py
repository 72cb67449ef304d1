"""The chain from images to page, in memory and on real images."""

from __future__ import annotations

import csv
import html
import importlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.chain import chain
from neurograde.errors import UsageError
from neurograde.runtime.spec_folder import specs_in_order, specs_of
from neurograde.specs.catalogue import BY_NAME, JOBS
from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.store import Store
from tests.support.small import write_small

ROOT = Path(__file__).parents[2]
ARTEFACTS = ("images", "patches", "partitions", "datasets", "evaluations", "reports")
RAN = """
import importlib, json, sys
entry = getattr(importlib.import_module(f"jobs.{sys.argv[1]}"), sys.argv[1])
codes = []
for arguments in json.loads(sys.argv[2]):
    try:
        codes.append(entry.main(arguments))
    except SystemExit as end:
        codes.append(end.code)
print(codes, sorted({"torch", "matplotlib", "scipy", "skimage", "sklearn"} & set(sys.modules)))
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """The demo's specs, made smaller."""
    return write_small(tmp_path / "specs")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Small specs, and a store on disk in which all their jobs are done."""
    folder = tmp_path_factory.mktemp("finished")
    specs, url = write_small(folder / "specs"), f"file://{folder}/store"
    assert chain.main([str(specs), "--store", url]) == 0
    return specs, url


def manifest(url: str, folder: str):
    found = read_manifest(Store(url), folder)
    assert found is not None
    return found


def test_the_chain_goes_from_nothing_to_the_page_and_then_stands(small: Path, memory_url: str, capsys):
    assert chain.main([str(small), "--store", memory_url]) == 0
    first = {kind: manifest(memory_url, f"{kind}/demo").digest for kind in ARTEFACTS}
    out = capsys.readouterr().out
    *_, done, result, page, advice = out.splitlines()
    assert re.fullmatch(r"done: \d+ jobs in .+", done)
    assert re.match(r"result: \w+: leaknet, whole: test loss \d", result)
    assert page == f"page: {memory_url}/reports/demo/index.html"
    assert advice.startswith("next: open the page in a browser; ")
    assert f"chain {small}" in advice
    assert chain.main([str(small), "--store", memory_url]) == 0
    assert capsys.readouterr().err.count("up to date") == 7
    assert {kind: manifest(memory_url, f"{kind}/demo").digest for kind in ARTEFACTS} == first


def test_the_chain_of_digests_goes_from_the_images_to_the_page(finished: tuple[Path, str]):
    _, url = finished
    for kind, upstream in (
        ("patches", "images"),
        ("partitions", "patches"),
        ("datasets", "partitions"),
        ("reports", "evaluations"),
    ):
        named = {each.kind: each.digest for each in manifest(url, f"{kind}/demo").inputs}
        assert named[upstream] == manifest(url, f"{upstream}/demo").digest
    assert all("synthetic" in manifest(url, f"{kind}/demo").marks for kind in ARTEFACTS)


def test_two_stores_get_identical_artefacts(finished: tuple[Path, str], memory_url: str):
    specs, local = finished
    assert chain.main([str(specs), "--store", memory_url]) == 0
    for kind in ARTEFACTS[:-1]:  # the page tells times and energy, which differ
        assert manifest(memory_url, f"{kind}/demo").digest == manifest(local, f"{kind}/demo").digest


@pytest.mark.parametrize("job", [entry.name for entry in JOBS])
def test_help_and_a_bad_spec_never_load_the_heavy_libraries(small: Path, job: str):
    spec = small / f"{BY_NAME[job].spec_of or job}.yaml"
    if not spec.exists():
        spec.write_text(json.dumps({"job": job, "extends": "common.yaml", "name": "demo"}))
    assert ran(job, ["--help"], [str(spec), "--set", "colour=red"]) == "[0, 78] []"


@pytest.mark.parametrize("job", ["synthesise", "patch", "partition", "augment", "train", "stage", "evaluate", "report"])
def test_a_finished_job_never_loads_the_heavy_libraries(finished: tuple[Path, str], job: str):
    specs, url = finished
    spec = specs / f"{'train' if job == 'stage' else job}.yaml"
    assert ran(job, [str(spec), "--store", url]) == "[0] []"


def ran(job: str, *arguments: list[str]) -> str:
    """The exit codes of the job, run with these arguments in turn, and what heavy libraries that has loaded."""
    command = [sys.executable, "-c", RAN, job, json.dumps(arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("job", "key"),
    [
        ("partition", "patches/demo/accounting.json"),
        ("augment", "partitions/demo/summary.json"),
        ("train", "datasets/demo/balance.json"),
        ("report", "evaluations/demo/predictions.csv"),
    ],
)
def test_a_byte_changed_in_a_file_that_the_next_job_would_not_even_read_is_refused(
    finished: tuple[Path, str], tmp_path: Path, job: str, key: str
):
    specs, url = finished
    shutil.copytree(url.removeprefix("file://"), tmp_path / "store")
    store = Store(f"file://{tmp_path}/store")
    store.clear({"partition": "partitions", "augment": "datasets", "train": "runs", "report": "reports"}[job])
    store.put(key, store.get(key) + b" ")
    entry = getattr(importlib.import_module(f"jobs.{job}"), job)
    assert entry.main([str(specs / f"{job}.yaml"), "--store", store.url]) == 65


def test_the_frozen_features_are_computed_before_the_sessions_that_read_them(small: Path, memory_url: str, caplog):
    train = small / "train.yaml"
    fields = json.loads(train.read_text()) | {"strategies": [{"kind": "straightforward"}], "crop": "center"}
    train.write_text(json.dumps(fields | {"repeats": 1, "epochs": 1}))
    assert [job for job, _ in specs_in_order(small)][4:6] == ["features", "train"]
    assert chain.main([str(small), "--store", memory_url]) == 0
    store = Store(memory_url)
    made = {key.split("/")[1] for key in store.list("features")}
    [shard] = [manifest(memory_url, key.removesuffix("/manifest.json")) for key in store.list("runs/demo")
               if key.endswith("/manifest.json")]  # fmt: skip
    assert {each.name for each in shard.features} == made
    assert all(manifest(memory_url, f"features/{name}").job == "features" for name in made)
    assert {manifest(memory_url, f"features/{name}").carbon is not None for name in made} == {True}
    store.clear("features")
    assert chain.main([str(small), "--store", memory_url]) == 0
    assert list(store.list("features")) == []  # the grid is trained


def test_the_chain_stops_at_the_first_job_that_fails_with_its_exit_code(small: Path, memory_url: str):
    path = small / "patch.yaml"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"patch_size_px": 4000}))
    assert chain.main([str(small), "--store", memory_url]) == 65
    assert read_manifest(Store(memory_url), "images/demo") is not None
    assert read_manifest(Store(memory_url), "patches/demo") is None


def test_a_folder_without_specs_or_with_an_unknown_job_is_a_usage_error(tmp_path: Path):
    assert chain.main([]) == 64
    assert chain.main([str(tmp_path)]) == 64
    (tmp_path / "x.yaml").write_text("job: magic\n")
    with pytest.raises(UsageError, match="'magic' is not in the chain"):
        specs_in_order(tmp_path)


def test_the_chain_runs_on_real_images_with_real_weights(shared: Path, tmp_path: Path, memory_url: str):
    images = tmp_path / "images"
    rows = list(csv.DictReader(io.StringIO((shared / "osteosarcoma_tcia" / "manifest.csv").read_text())))
    slides_of = {
        label: {row["source_slide"] for row in rows if row["class"] == label} for label in ("Non-Tumor", "Viable")
    }
    for label, other in (("Non-Tumor", "Viable"), ("Viable", "Non-Tumor")):
        slides = sorted(slides_of[label] - slides_of[other])[:4]
        for row in rows:
            if row["class"] == label and row["source_slide"] in slides:
                (images / label).mkdir(parents=True, exist_ok=True)
                shutil.copy(shared / "osteosarcoma_tcia" / row["file"], images / row["file"])
    specs = tmp_path / "specs"
    specs.mkdir()
    study = specs_of(ROOT / "specs" / "osteosarcoma")
    for job in ("patch", "partition", "augment", "train", "evaluate"):
        data = next(spec for spec in study.values() if spec["job"] == job)
        text = json.dumps(data).replace("out/data/osteosarcoma", str(images))
        text = text.replace("out/data/weights/mobilenet_v2.pth", f"{shared}/weights/mobilenet_v2_torchvision_fp32.pth")
        text = text.replace('"repeats": 3', '"repeats": 1').replace('"epochs": 10', '"epochs": 1')
        text = text.replace('"transforms": 1', '"transforms": 0').replace('"ngca"', '"subsample"')
        (specs / f"{job}.yaml").write_text(text)
    (specs / "report.yaml").write_text(
        "region: FRA\nstore: memory://x\njob: report\nname: few\nevaluations: [independent]\ntitle: A few real tiles\n"
    )
    assert chain.main([str(specs), "--store", memory_url]) == 0
    store = Store(memory_url)
    account = Artefact(store, "patches/tiles", manifest(memory_url, "patches/tiles")).read_json("accounting.json")
    parts = ("kept_px", "labels_px", "background_px", "borders_px", "precrop_px")
    assert sum(account[part] for part in parts) == account["total_px"] == account["images"] * 1024**2
    page = store.get("reports/few/index.html").decode()
    assert "A few real tiles" in page
    assert "Viable" in page


def test_the_commands_on_the_page_run_in_another_folder_and_find_everything_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    home, elsewhere, programs = tmp_path / "home", tmp_path / "elsewhere", tmp_path / "bin"
    for folder in (home, programs):
        folder.mkdir()
    monkeypatch.chdir(home)
    assert chain.main([str(write_small(home / "specs")), "--store", "out/small"]) == 0
    page = home / "out/small/reports/demo"
    shutil.copytree(page / "specs", elsewhere / "specs")
    printed = re.findall(r"<pre[^>]*><code>(.+?)</code></pre>", (page / "index.html").read_text(), re.DOTALL)
    program = programs / "neurograde"  # as pip writes it
    program.write_text(f"#!{sys.executable}\nimport sys\nfrom neurograde.__main__ import main\nsys.exit(main())\n")
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "lib")}
    shell = ["sh", "-ec", html.unescape(printed[-1])]
    done = subprocess.run(shell, cwd=elsewhere, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("up to date") == 7
    assert sorted(path.name for path in elsewhere.iterdir()) == ["specs"]
