"""Phrases that a reader has to read twice, and names that say nothing, counted per room.

    python -m tests.repo.phrases [ROOT]      print the counts of this tree, or of another
    python -m tests.repo.phrases --lower     write counts that have fallen into phrases.yaml; it raises none

Counted are public docstrings (of modules, classes, functions, fields and constants) that hold one of `PHRASES`, and
variables that are bound under one of `NAMES`. Where two branches lowered the same room, keep either side's row and
run `--lower` again.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
ALLOWED = Path(__file__).with_name("phrases.yaml")
PHRASES = {
    "begins with What": r"\AWhat\b",
    "begins with Whether": r"\AWhether\b",
    "begins with Its or Their": r"\A(Its|Their)\b",
    "begins with Of, By or For": r"\A(Of|By|For)\b",
    "begins with Who, How, Where, Which or That": r"\A(Who|How|Where|Which|That|Those)\b",
    "begins with Each or Likewise": r"\A(Each|Likewise)\b",
    "is no": r"\b(is|are) no\b(?! (longer|more)\b)",
    "stands": r"\b(stands?|stood)\b(?!-)",
    "is said": r"\b(is|are) said\b",
    "of its own": r"\bof (its|their) own\b",
    "says": r"\b(says?|tells?)\b",
}
"""Regular expressions of what a docstring should not hold; `\\A` is its beginning."""
NAMES = frozenset({"each", "found", "place", "given", "asked", "standing"})
"""Names of variables that say nothing about their values."""


SLACK = 3
"""How far a count may be below its allowance before that must be lowered, so that branches can land side by side."""


class Count(NamedTuple):
    """The counts of one room."""

    phrases: int
    """Docstrings with at least one phrase."""
    names: int
    """Bindings of a variable under one of `NAMES`."""
    docstrings: int
    """All public docstrings."""


def docstrings(source: str) -> Iterator[str]:
    """Yield the docstring of the module and of every public class, function, field and constant in the Python text."""
    yield from _docstrings(ast.parse(source))


def _docstrings(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    text = ast.get_docstring(node)
    if text:
        yield text
    before: ast.stmt | None = None
    for child in node.body:
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if not child.name.startswith("_"):
                yield from _docstrings(child)
        elif isinstance(before, ast.Assign | ast.AnnAssign) and isinstance(child, ast.Expr):
            value = getattr(child.value, "value", None)
            if isinstance(value, str):
                yield value
        before = child


def phrases_in(docstring: str) -> list[str]:
    """Return the names of the phrases that the docstring holds."""
    return [name for name, pattern in PHRASES.items() if re.search(pattern, docstring)]


def names_in(source: str) -> int:
    """Return how often the Python text binds a variable, or takes an argument, under one of `NAMES`."""
    nodes = list(ast.walk(ast.parse(source)))
    bound = [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    return sum(name in NAMES for name in [*bound, *(node.arg for node in nodes if isinstance(node, ast.arg))])


def rooms(root: Path = ROOT) -> dict[str, list[Path]]:
    """Return the Python files of `jobs`, of each room of the library, and of what lies beside the rooms."""
    files: dict[str, list[Path]] = {"jobs": sorted((root / "jobs").rglob("*.py"))}
    library = root / "lib" / "neurograde"
    for path in sorted(library.rglob("*.py")):
        parts = path.relative_to(library).parts
        files.setdefault(parts[0] if len(parts) > 1 else "beside the rooms", []).append(path)
    return files


def count(files: list[Path]) -> Count:
    """Return the counts of the files together."""
    sources = [path.read_text() for path in files]
    texts = [text for source in sources for text in docstrings(source)]
    return Count(sum(bool(phrases_in(text)) for text in texts), sum(map(names_in, sources)), len(texts))


def allowed() -> dict[str, tuple[int, int]]:
    """Return the counts of phrases and of names that each room may have."""
    return {room: (numbers[0], numbers[1]) for room, numbers in yaml.safe_load(ALLOWED.read_text()).items()}


def complaints(room: str, actual: Count, allowance: tuple[int, int]) -> list[str]:
    """Return a sentence for each count above its allowance, or so far below that the allowance must fall too."""
    sentences = []
    kinds = (("docstrings with a phrase", "PHRASES"), ("variables under a name", "NAMES"))
    for (what, table), number, most in zip(kinds, actual[:2], allowance, strict=True):
        if number > most:
            sentences.append(
                f"{room}: {number} {what} of {table} (tests/repo/phrases.py), {most} are allowed. Write plain English; "
                "where code came from another room, move as much of that room's allowance to this one"
            )
        elif number < most - SLACK:
            sentences.append(f"{room}: {number} {what} of {table}, {most} are allowed: run `{LOWER}`")
    return sentences


LOWER = "python -m tests.repo.phrases --lower"


def lower() -> None:
    """Write the counts that have fallen into the allow-list, and drop rooms that are gone."""
    now, before = {room: count(files) for room, files in rooms().items()}, allowed()
    rows = {
        room: [min(number, most) for number, most in zip(now[room][:2], before[room], strict=True)]
        for room in before
        if room in now
    }
    ALLOWED.write_text(written(rows))


def written(rows: dict[str, list[int]]) -> str:
    """Return the allow-list as text; a blank line between rooms lets two branches lower two of them."""
    head = "# Docstrings with a phrase, and variables under a name, that a room may still have; see phrases.py.\n"
    return head + "".join(f"\n{room}: {numbers}\n" for room, numbers in sorted(rows.items()))


def table(root: Path) -> str:
    """Return the counts per room and per phrase, as lines."""
    counts = {room: count(files) for room, files in rooms(root).items()}
    counts["all"] = Count(*map(sum, zip(*counts.values(), strict=True)))
    lines = [f"{'room':18}{'phrases':>9}{'docstrings':>12}{'share':>8}{'names':>7}"]
    for room, (flagged, names, total) in sorted(counts.items(), key=lambda item: (item[0] == "all", item[0])):
        lines.append(f"{room:18}{flagged:>9}{total:>12}{flagged / max(total, 1):>8.1%}{names:>7}")
    texts = [text for files in rooms(root).values() for path in files for text in docstrings(path.read_text())]
    by_phrase = {name: sum(bool(re.search(pattern, text)) for text in texts) for name, pattern in PHRASES.items()}
    return "\n".join([*lines, "", *(f"{number:>6}  {name}" for name, number in by_phrase.items())]) + "\n"


if __name__ == "__main__":
    if "--lower" in sys.argv:
        lower()
    sys.stdout.write(table(Path(next((word for word in sys.argv[1:] if word != "--lower"), ROOT))))
