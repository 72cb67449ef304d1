"""Specs: the examples of specs/, damaged as bytes, as lines and as YAML, read by their job's model and by the chain."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from random import Random

from neurograde.maths.digest import canonical_json
from neurograde.runtime.spec_folder import specs_in_order, specs_of
from neurograde.runtime.specfile import dump, load, read_yaml, validate
from neurograde.runtime.study_file import is_study
from neurograde.specs.catalogue import BY_NAME
from tests.fuzz.bytes_of import damaged
from tests.fuzz.frame import Kind

ROOT = Path(__file__).parents[2]
VALUES = (
    "./spec.yaml", "NO", "yes", "1", "-1", "0", "0144", "1:40", "1e400", "-1e400", ".nan", ".inf", "1e-400",
    "0x" + "f" * 300, "9" * 5000, "9" * 39, "1/0", "1e99999999", "'1e99999999'", "'1/0'", "'1/1e9'", "~", "''",
    "' '", "[]", "{}", "[[]]", "[{}]", "{a: 1}", "[1, a, null]", "2024-13-45", "2026-11-01",
    "2001-12-14t21:59:43.10-05:00", "!!int abc", "!!bool maybe", "!!float x", "!!null x", "!!str 3", "!!binary aGk=",
    "!!set {a}", "!!omap [a: 1]", "!!timestamp 2024-13-45", "!!python/none ''", "!x y", '"\\0"', '"\\ud800"',
    '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"\\u2028"', '"\\x9b"', '"\\x1b[2J"', "../../x", "/", "//", ".", "gs:/b",
    "http://", "file://[", "s3://user:secret@b/x", "C:\\x", "'*'", "*nobody", "&a [*a]", "&a {b: *a}", "&a x",
    "[" * 200, "[" * 40 + "]" * 40, "{a: " * 60 + "1" + "}" * 60, "x" * 3000,
    "'(?P<class>a{99999999999})(?P<family>b)'", "'(?P<class>('", "'" + "(" * 400 + ")" * 400 + "'", "<<", "=",
    "- - - 1", "? a", "|\n  x", "@x", "`x", "%x", "\t1", "é", "\u202e",
)  # fmt: skip
"""Values as they are written in YAML."""
KEYS = (
    "extends", "job", "name", "store", "format", "region", "<<", "? [a, b]", "? {a: 1}", "2024-01-01", "1", "NO",
    "~", "''", '"\\0"', "&a k", "x" * 2000, "a b", "!!int x", "*a", "workers", "source", "seed", "classes",
)  # fmt: skip
LAUGHS = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 10))
WHOLE = (
    "", "\n", "---\n", "--- a\n--- b\n", "[", "{", "]", "3", "- 1", "{" * 3000, "- " * 3000, "? " * 3000,
    "a: " * 300, f"l0: &l0 [x, x]\n{LAUGHS}", "%YAML 9.9\n---\na: 1\n", "&a\n<<: *a\n", "a: &a {<<: *a}\n", "\ufeff",
    "\ufeffjob: patch\n",
)  # fmt: skip


def attempt(random: Random, folder: Path) -> None:
    """Write a mutant of an example beside its common.yaml, and read it as a job and as the chain do."""
    source = random.choice(examples())
    if is_study(str(source)):
        _study(source, random, folder / "study.yaml")
        return
    path, job = folder / "spec.yaml", read_yaml(str(source))["job"]
    path.write_bytes(mutant(source.read_bytes(), random))
    shutil.copy(source.with_name("common.yaml"), folder)
    spec = validate(BY_NAME[job].spec, load(str(path)), str(path))
    canonical_json(spec.identity())
    assert len(spec.digest()) == 64
    assert validate(type(spec), _again(folder, spec.model_dump(mode="json")), "again").digest() == spec.digest()
    specs_in_order(folder)


def _study(source: Path, random: Random, path: Path) -> None:
    """Write a mutant of a study, and read every spec that it makes."""
    path.write_bytes(mutant(source.read_bytes(), random))
    try:
        for name, data in specs_of(path).items():
            assert load(name) == data
            validate(BY_NAME[data["job"]].spec, data, name)
    finally:
        path.unlink()


@cache
def examples() -> tuple[Path, ...]:
    """Return the example specs that a job reads."""
    return tuple(path for path in sorted(ROOT.glob("specs/*/*.yaml")) if path.name != "common.yaml")


def mutant(data: bytes, random: Random) -> bytes:
    """Return the spec with one change, or a text that never was one."""
    change = random.choice((_bytes, _lines, _value, _value, _value, _key, _key, _whole))
    return change(data, random)


def _again(folder: Path, data: dict[str, object]) -> dict[str, object]:
    (folder / "again.yaml").write_bytes(dump(data))
    again = load(str(folder / "again.yaml"))
    (folder / "again.yaml").unlink()
    return again


def _bytes(data: bytes, random: Random) -> bytes:
    return damaged(data, random)


def _lines(data: bytes, random: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    at, other = random.randrange(len(lines)), random.randrange(len(lines))
    if random.random() < 0.3:
        lines[at], lines[other] = lines[other], lines[at]
    elif random.random() < 0.5:
        lines[at] = random.choice((b" ", b"  ", b"\t", b"- ", b"# ", b"? ")) + lines[at]
    else:
        lines.insert(at, lines[other])
    return b"".join(lines)


def _value(data: bytes, random: Random) -> bytes:
    """Give a key of the spec another value."""
    lines = data.splitlines(keepends=True)
    at = random.choice([number for number, line in enumerate(lines) if b":" in line])
    lines[at] = lines[at].partition(b":")[0] + b": " + random.choice(VALUES).encode() + b"\n"
    return b"".join(lines)


def _key(data: bytes, random: Random) -> bytes:
    """Add a key, first, last or within."""
    lines = data.splitlines(keepends=True)
    at = random.choice((0, len(lines), random.randrange(len(lines))))
    lines.insert(at, f"{random.choice(KEYS)}: {random.choice(VALUES)}\n".encode())
    return b"".join(lines)


def _whole(data: bytes, random: Random) -> bytes:
    whole = random.choice(WHOLE).encode()
    return random.choice((whole, whole + data, data + whole))


KIND = Kind("specs", 2600, attempt, frozenset({0, 64, 78}))
