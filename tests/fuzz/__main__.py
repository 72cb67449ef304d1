"""The fuzzer: `python -m tests.fuzz [KIND [SEED]]` prints a table of kinds, mutants and ends; 1 if one is uncaught.

With a seed, the one mutant runs alone, and its error shows with its traceback.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from tests.fuzz.frame import Outcome, exit_code, fuzz, kinds

HEADER = "| kind | mutants | read | refused, by exit code | uncaught | seconds |\n|---|---|---|---|---|---|"


def main(words: Sequence[str]) -> int:
    """Run all kinds, one kind, or one mutant; return the exit code."""
    known = kinds()
    if words and words[0] not in known:
        sys.stderr.write(f"no kind is called {words[0]!r}; there are {', '.join(known)}\n")
        return 64
    if len(words) > 1:
        print(f"exit code {exit_code(known[words[0]], int(words[1]))}")
        return 0
    logging.getLogger("neurograde").setLevel(logging.CRITICAL)  # what heals is a warning each
    print(HEADER, flush=True)
    failures = []
    for kind in [known[words[0]]] if words else known.values():
        outcome = fuzz(kind, range(kind.count))
        print(row(outcome), flush=True)
        failures += outcome.failures
    print("".join(f"\n{failure}" for failure in failures))
    return 1 if failures else 0


def row(outcome: Outcome) -> str:
    """Return the row of the table for one kind."""
    refused = ", ".join(f"{count:,} with {code}" for code, count in sorted(outcome.codes.items()) if code)
    cells = (
        outcome.kind.name,
        f"{outcome.kind.count:,}",
        f"{outcome.codes[0]:,}",
        refused or "none",
        len(outcome.failures),
        f"{outcome.seconds:.0f}",
    )
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
