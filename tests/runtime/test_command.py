"""One frame for every command, and the `neurograde` command that has them all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from neurograde import __version__
from neurograde.__main__ import main
from neurograde.errors import DataError
from neurograde.runtime import invocation
from neurograde.runtime.command import command
from neurograde.specs.catalogue import COMMANDS, JOBS

ROOT = Path(__file__).parents[2]
NAMES = [*(entry.name for entry in JOBS), *COMMANDS]


@command(lambda parser: parser.add_argument("how"))
def toy(arguments) -> int | None:
    if arguments.how == "data":
        raise DataError("one", "two")
    if arguments.how == "bug":
        raise ZeroDivisionError("oops")
    if arguments.how == "interrupt":
        raise KeyboardInterrupt
    return int(arguments.how)


@pytest.mark.parametrize(
    ("words", "code", "events"),
    [
        (["0"], 0, []),
        (["7"], 7, []),
        (["data"], 65, ["one", "two"]),
        (["bug"], 1, ["a bug in neurograde toy; please report it with this traceback"]),
        (["interrupt"], 75, ["interrupted: nothing is lost; the same command goes on"]),
        ([], 64, ["the following arguments are required: how; usage: neurograde toy [-h] how"]),
    ],
)
def test_a_command_ends_with_the_exit_code_of_the_contract(words, code, events, capsys: pytest.CaptureFixture[str]):
    assert toy.main(words) == code
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == events


def test_help_names_every_job_in_the_order_of_the_chain(capsys: pytest.CaptureFixture[str]):
    assert main(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("  ")] == NAMES
    assert "  train       fine-tune a grid of networks" in "\n".join(lines)


def test_help_may_be_read_in_part():
    process = subprocess.Popen(
        [sys.executable, "-m", "neurograde", "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'lib'}"},
    )  # fmt: skip
    process.stdout.close()
    assert (process.stderr.read(), process.wait()) == ("", 0)
    process.stderr.close()


def test_version_is_printed(capsys: pytest.CaptureFixture[str]):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"neurograde {__version__}\n"


@pytest.mark.parametrize(
    ("argv", "words"), [([], "no job is named"), (["trian"], "'trian' is no job; did you mean train?")]
)
def test_a_job_that_does_not_exist_is_a_usage_error(argv, words, capsys: pytest.CaptureFixture[str]):
    assert main(argv) == 64
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("name", NAMES)
def test_every_job_has_a_parser_a_summary_and_a_card(name: str):
    parser = invocation.load(name).parser()
    assert parser.description.startswith(f"{name}: {invocation.summary(name)}")
    assert f"\n    python -m jobs.{name} " in parser.description


def test_the_help_of_an_installed_job_has_the_command_that_works_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    description = invocation.load("train").parser().description
    assert "\n    neurograde train specs/demo/train.yaml" in description
    assert "-m jobs" not in description


def test_a_printed_command_works_where_the_user_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    assert invocation.shown("train", "SPEC") == "python -m jobs.train SPEC"
    monkeypatch.chdir(tmp_path)
    assert invocation.shown("train", "SPEC") == "neurograde train SPEC"


def test_a_process_runs_a_job_from_any_working_directory(tmp_path: Path):
    done = process(invocation.arguments_of_process("verify", str(tmp_path / "nothing")), tmp_path, ROOT / "lib")
    assert done.returncode == 66
    assert "there is no store, or nothing in it; neurograde chain FOLDER fills one" in done.stderr


@pytest.mark.slow
def test_a_wheel_has_every_job_and_runs_where_no_clone_is(tmp_path: Path):
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE", "lib", "jobs"):  # a build leaves files behind
        subprocess.run(["cp", "-r", str(ROOT / name), str(source)], check=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    offline = ["--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "wheel", *offline, "--wheel-dir", str(tmp_path), str(source)], check=True)
    [wheel] = tmp_path.glob("neurograde-*.whl")
    installed = tmp_path / "installed"
    subprocess.run([*pip, "install", *offline, "--target", str(installed), str(wheel)], check=True)

    script = str(installed / "bin" / "neurograde")
    assert process([sys.executable, script, "--version"], tmp_path, installed).stdout == f"neurograde {__version__}\n"
    listed = process([sys.executable, script, "--help"], tmp_path, installed).stdout
    assert all(f"  {name} " in listed for name in NAMES)

    spec = {"job": "synthesise", "name": "few", "store": "store", "region": "FRA", "seed": 1}
    spec |= {"classes": [{"label": label, "families": 1, "differentiation": 0.5} for label in ("PD", "D")]}
    spec |= {"images_per_family": 1, "min_size_px": [64, 64], "max_size_px": [64, 64]}
    specs = tmp_path / "specs"
    specs.mkdir()
    (specs / "synthesise.yaml").write_text(json.dumps(spec))
    chain = process([sys.executable, script, "chain", "specs"], tmp_path, installed)
    assert chain.returncode == 0, chain.stderr
    assert (tmp_path / "store/images/few/manifest.json").exists()
    patch = {"job": "patch", "name": "few", "store": "store", "region": "FRA", "min_tissue_share": 0.1}
    patch |= {"source": {"images": "none", "pattern": "(?P<class>[^/]+)/(?P<family>.+)_1.png"}, "patch_size_px": 32}
    (specs / "patch.yaml").write_text(json.dumps(patch))
    missing = process([sys.executable, script, "patch", "specs/patch.yaml"], tmp_path, installed)
    assert missing.returncode == 66, missing.stderr
    assert "make it with: neurograde synthesise SPEC" in missing.stderr


def process(arguments: list[str], folder: Path, path: Path) -> subprocess.CompletedProcess[str]:
    """Run in `folder`, with the package of `path` alone."""
    environment = {**os.environ, "PYTHONPATH": str(path)}
    return subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False)
