"""The README says what is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.repo.readme import README, rendered

ROOT = README.parent
TEXT = README.read_text()


def test_its_tables_are_those_that_the_code_gives():
    assert rendered(TEXT) == TEXT, "run `make docs`"


def test_a_part_without_markers_is_noticed():
    with pytest.raises(ValueError, match="has 0 parts"):
        rendered("# nothing")


def test_its_tree_names_every_folder_of_the_library_and_the_top_level():
    folders = [path for path in (ROOT / "lib" / "neurograde").iterdir() if (path / "__init__.py").exists()]
    for name in [f"{path.name}/" for path in folders] + ["jobs/", "specs/", "tests/", "lib/neurograde/"]:
        assert re.search(rf"^ *{re.escape(name)} ", TEXT, re.MULTILINE), name


def test_every_file_that_it_shows_or_links_is_there():
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT) + re.findall(r'src="([^"]+)"', TEXT):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


def test_every_make_target_and_spec_that_it_names_exists():
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = [
        line
        for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
        for line in block.replace("\\\n", " ").splitlines()
    ]
    assert commands
    for line in commands:
        words = shlex.split(line, comments=True)
        if words[:1] == ["make"]:
            assert words[1] in targets, line
        for word in words:
            path = word.rpartition("=")[2]
            if path.startswith("specs/"):
                assert Path(ROOT / path).exists(), line
