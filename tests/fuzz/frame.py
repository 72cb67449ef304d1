"""The frame of the fuzzer: kinds of inputs, mutants by seed, each counted by the exit code that it ends with.

A kind is one file `kind_*.py` here with a `KIND`; nothing else names it. Its `attempt` makes the mutant of a seed,
gives it to the code that a job gives such a file to, and lets errors out: an error of the tree in `neurograde.errors`
counts by its exit code, any other one is uncaught. An exit code that the kind does not expect, and a mutant that takes
longer than `LONGEST_SECONDS`, count as uncaught, too.
"""

from __future__ import annotations

import importlib
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from neurograde.errors import NeurogradeError

FOLDER = Path(__file__).parent
LONGEST_SECONDS = 20
"""Longest time of one mutant, by the clock."""


@dataclass(frozen=True)
class Kind:
    """A kind of input that is fuzzed."""

    name: str
    """Word for it on the command line and in the table."""
    count: int
    """Number of mutants of a whole run; their seeds are 0 to `count` - 1."""
    attempt: Callable[[Random, Path], object]
    """Function that makes the mutant of a random stream in an empty folder and has it read; errors are let out."""
    expected: frozenset[int] = frozenset({0, 65})
    """Exit codes that a mutant may end with."""


@dataclass(frozen=True)
class Failure:
    """A mutant that ended in no way that its kind expects."""

    kind: str
    seed: int
    reason: str

    def __str__(self) -> str:
        """Return the failure with the command that shows it again."""
        return f"{self.kind} {self.seed}: {self.reason}   (python -m tests.fuzz {self.kind} {self.seed})"


@dataclass
class Outcome:
    """The ends of the mutants of one kind."""

    kind: Kind
    codes: Counter[int] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    seconds: float = 0.0


def kinds() -> dict[str, Kind]:
    """Return every kind by its name."""
    modules = [importlib.import_module(f"tests.fuzz.{path.stem}") for path in sorted(FOLDER.glob("kind_*.py"))]
    return {module.KIND.name: module.KIND for module in modules}


def sample(kind: Kind, count: int) -> range:
    """Return `count` seeds of the kind, or a few more, spread over all of them."""
    return range(0, kind.count, max(1, kind.count // count))


def fuzz(kind: Kind, seeds: Iterable[int]) -> Outcome:
    """Return the ends of the mutants of `seeds`."""
    outcome, start = Outcome(kind), time.monotonic()
    for seed in seeds:
        try:
            code = exit_code(kind, seed)
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            reason = f"{type(error).__name__}: {str(error)[:200]!r} at {Path(frame.filename).name}:{frame.lineno}"
            outcome.failures.append(Failure(kind.name, seed, reason))
            continue
        outcome.codes[code] += 1
        if code not in kind.expected:
            outcome.failures.append(Failure(kind.name, seed, f"exit code {code}"))
    outcome.seconds = time.monotonic() - start
    return outcome


def exit_code(kind: Kind, seed: int) -> int:
    """Return the exit code of the mutant of `seed`; errors outside the tree are let out."""
    with TemporaryDirectory(prefix="fuzz-") as folder, _bounded(LONGEST_SECONDS):
        try:
            kind.attempt(Random(f"{kind.name} {seed}"), Path(folder))
        except NeurogradeError as error:
            return error.exit_code
    return 0


@contextmanager
def _bounded(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block once it has taken `seconds`."""

    def stop(_number: int, _frame: object) -> None:
        raise TimeoutError(f"longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
