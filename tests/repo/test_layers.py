"""Imports point one way.

jobs -> pages | baselines -> learning | imaging | reports | cluster | audit | notebook -> evaluation -> patches
-> runtime -> storage -> specs -> maths
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOUNDATION = {"maths", "specs", "storage", "runtime", "patches"}
BELOW = {
    "maths": set(),
    "specs": {"maths"},
    "storage": {"maths", "specs"},
    "runtime": {"maths", "specs", "storage"},
    "patches": {"maths", "specs", "storage", "runtime"},
    "audit": {"maths", "specs", "storage", "runtime"},
    "evaluation": FOUNDATION,
    "imaging": FOUNDATION | {"evaluation"},
    "learning": FOUNDATION | {"evaluation"},
    "reports": FOUNDATION | {"evaluation"},
    "cluster": FOUNDATION,
    "baselines": FOUNDATION | {"evaluation", "imaging", "learning"},
    "pages": FOUNDATION | {"evaluation", "imaging", "reports"},
    "notebook": FOUNDATION | {"evaluation"},
}
"""The rooms that each room may import from, besides itself; `errors` is for all but maths."""
MATHS_PACKAGES = {"numpy", "scipy", "neurograde"}


def imports(source: str) -> set[str]:
    """Every module that the Python text imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def trespasses(room: str, source: str) -> set[str]:
    """Imports of the package that a file of `room` must not have."""
    allowed = BELOW[room] | {room} | ({"errors"} if room != "maths" else set())
    return {
        name
        for name in imports(source)
        if name.split(".")[0] == "jobs" or (name.startswith("neurograde.") and name.split(".")[1] not in allowed)
    }


FILES = sorted((ROOT / "lib" / "neurograde").glob("*/**/*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT / "lib" / "neurograde")))
def test_a_room_imports_only_from_the_rooms_below_it(path: Path):
    room = path.relative_to(ROOT / "lib" / "neurograde").parts[0]
    assert trespasses(room, path.read_text()) == set()


def test_the_check_sees_an_import_that_points_upwards():
    assert trespasses("storage", "def f():\n    from neurograde.runtime.job import Job") == {"neurograde.runtime.job"}
    assert trespasses("imaging", "import neurograde.learning.engines.plain.engine") == {
        "neurograde.learning.engines.plain.engine"
    }
    assert trespasses("maths", "from neurograde.errors import DataError") == {"neurograde.errors"}


def test_every_room_is_in_the_table():
    rooms = {path.name for path in (ROOT / "lib" / "neurograde").iterdir() if (path / "__init__.py").exists()}
    assert rooms == set(BELOW)


def test_maths_uses_numpy_scipy_and_the_standard_library_only():
    import sys

    for path in (ROOT / "lib" / "neurograde" / "maths").rglob("*.py"):
        packages = {name.split(".")[0] for name in imports(path.read_text())}
        assert packages <= MATHS_PACKAGES | set(sys.stdlib_module_names), path


def test_only_storage_touches_fsspec_and_only_networks_touch_torch():
    networks = {f"baselines/{name}.py" for name in ("cdbn", "crbm", "frozen_features")}
    for package, home, others in (("fsspec", "storage", set()), ("torch", "learning", networks)):
        users = {
            path.relative_to(ROOT / "lib" / "neurograde")
            for path in FILES
            if any(name.split(".")[0] == package for name in imports(path.read_text()))
        }
        assert {str(each) for each in users if each.parts[0] != home} == others
        assert home in {each.parts[0] for each in users}
