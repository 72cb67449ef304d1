"""The READMEs are true: their tables, links, paths and commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from neurograde.specs.catalogue import BY_NAME, COMMANDS
from tests.repo.commands import faults
from tests.repo.markdown import anchors, code_spans, commands, links
from tests.repo.readme import GENERATED, ROOT, rendered

FRONT = ROOT / "README.md"
TOP = ("jobs", "k8s", "lib", "specs", "tests")
READMES = [FRONT, *sorted(path for folder in TOP for path in (ROOT / folder).rglob("README.md"))]
ROOMS = sorted(path.parent.name for path in (ROOT / "lib" / "neurograde").glob("*/__init__.py"))
every_readme = pytest.mark.parametrize("path", READMES, ids=lambda path: str(path.relative_to(ROOT)))


def test_the_front_page_is_read_in_five_minutes():
    text = FRONT.read_text()
    assert len(text.splitlines()) <= 200
    assert len(text.encode()) <= 12 * 1024


def test_every_folder_of_the_top_level_has_its_readme_and_the_front_page_links_it():
    linked = {(ROOT / link.partition("#")[0]).resolve() for link in links(FRONT.read_text())}
    for folder in ("jobs", "k8s", "lib/neurograde", "specs", "tests"):
        assert ROOT / folder / "README.md" in linked


def test_no_readme_is_an_island():
    linked = {(path.parent / link.partition("#")[0]).resolve() for path in READMES for link in links(path.read_text())}
    assert set(READMES[1:]) - linked == set()


@pytest.mark.parametrize("path", GENERATED)
def test_its_generated_part_is_what_the_code_gives(path: str):
    name, make = GENERATED[path]
    text = (ROOT / path).read_text()
    assert rendered(text, name, make()) == text, "run `make docs`"


def test_a_generated_part_without_markers_is_noticed():
    with pytest.raises(ValueError, match="has 0 parts"):
        rendered("# nothing", "specs", "")


def test_the_trees_name_every_folder():
    front, library = FRONT.read_text(), (ROOT / "lib" / "neurograde" / "README.md").read_text()
    for name in ("jobs/", "specs/", "lib/neurograde/", "k8s/", "tests/"):
        assert re.search(rf"^ *{re.escape(name)} ", front, re.MULTILINE), name
    for room in ROOMS:
        assert f"| `{room}/` |" in library, room


@pytest.mark.parametrize("path", [FRONT, ROOT / "jobs" / "README.md"], ids=["front", "jobs"])
def test_its_table_has_every_job(path: Path):
    rows = "\n".join(line.split("|")[1] for line in path.read_text().splitlines() if line.startswith("| `"))
    assert [name for name in (*BY_NAME, *COMMANDS) if f"`{name}`" not in rows] == []


def test_the_specs_readme_names_every_folder_of_specs():
    text = (ROOT / "specs" / "README.md").read_text()
    for folder in sorted({path.parent.name for path in (ROOT / "specs").glob("*/*.yaml")}):
        assert f"`{folder}/`" in text, folder


@every_readme
def test_every_link_leads_to_a_file_and_a_heading(path: Path):
    for link in links(path.read_text()):
        target, _, anchor = link.partition("#")
        file = (path.parent / target).resolve() if target else path
        assert file.exists(), link
        if anchor:
            assert anchor in anchors(file.read_text()), link


@every_readme
def test_every_path_that_it_names_exists(path: Path):
    for span in code_spans(path.read_text()):
        if re.fullmatch(rf"({'|'.join((*TOP, *ROOMS))})/[\w./*-]*", span):
            assert any(folder.glob(span) for folder in (ROOT, path.parent)), span
            assert [*ROOT.glob(span), *path.parent.glob(span)], span


@every_readme
def test_every_command_would_run(path: Path):
    complaints = [f"{' '.join(words)}: {fault}" for words in commands(path.read_text()) for fault in faults(words)]
    assert complaints == []


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("make tea", "make has no target tea"),
        ("make chain SPEC=specs/demo", "make chain does not use SPEC"),
        ("make chain SPECS=specs/dem", "specs/dem does not exist"),
        ("make data SET=tea", "specs/tea/data.csv does not exist"),
        ("make bench ONLY=tea", "there is no benchmark tea"),
        ("make run-local JOB=brew SPEC=specs/demo/patch.yaml", "there is no module jobs.brew"),
        ("make run-local JOB=patch SPEC=specs/demo/train.yaml", "specs/demo/train.yaml: job: "),
        ("make run-local JOB=train SPEC=specs/leak/study.yaml#tea", "specs/leak/study.yaml has no spec 'tea'"),
        (
            'make run-local JOB=train SPEC=specs/demo/train.yaml ARGS="--set epochs=none"',
            "specs/demo/train.yaml: epochs",
        ),
        (
            "make run-local JOB=watch SPEC=specs/demo/train.yaml ARGS=--twice",
            "jobs.watch refuses specs/demo/train.yaml --twice",
        ),
        ("python -m jobs.grid specs/demo --plan --samples many", "jobs.grid refuses specs/demo --plan --samples many"),
        ("neurograde patch specs/demo/patch.yaml --into x", "jobs.patch refuses specs/demo/patch.yaml --into x"),
        ("make grid-local SPEC=specs/demo CHAOS=some", "tests.rehearsal refuses"),
    ],
)
def test_a_command_that_would_not_run_is_noticed(command: str, fault: str):
    complaints = [complaint for words in commands(f"```sh\n{command}\n```\n") for complaint in faults(words)]
    assert len(complaints) == 1
    assert complaints[0].startswith(fault)


def test_a_command_inside_a_sentence_is_seen():
    assert commands("Run `make chain SPECS=specs/demo` first, not `kubectl`.") == [
        ["make", "chain", "SPECS=specs/demo"]
    ]
