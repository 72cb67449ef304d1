"""make grid-local: a study on this machine as on a cluster, from the manifests themselves.

    python -m tests.rehearsal specs/demo [--store URL] [--workers 2] [--chaos SEED]

Renders the specs for the profile `cpu`, then applies chain/ file by file, grid/ and after/, as `make cluster` does.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from jobs.grid import grid
from tests.rehearsal.cluster import Cluster


def main() -> int:
    """Run the study; 0 when all Jobs are complete, 1 when one failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.rehearsal", description=__doc__)
    parser.add_argument("specs", metavar="SPECS", help="folder of specs, or one train spec")
    parser.add_argument("--store", default=f"file://{Path('out/rehearsal').absolute()}")
    parser.add_argument("--workers", type=int, default=2, help="most pods at once (2)")
    parser.add_argument("--chaos", type=int, metavar="SEED", help="preempt pods at random")
    arguments = parser.parse_args()
    chaos = None if arguments.chaos is None else random.Random(arguments.chaos)
    cluster = Cluster(arguments.workers, chaos, seconds_between_preemptions=10.0, say=say)
    with tempfile.TemporaryDirectory() as folder:
        code = grid.main([arguments.specs, "--profile", "cpu", "--store", arguments.store, "--out", folder])
        if code:
            return code
        for step in [
            *sorted(Path(folder, "chain").glob("[0-9]*")),
            None,
            *sorted(Path(folder, "after").glob("[0-9]*")),
        ]:
            outcomes = cluster.apply(step.parent, step.name) if step else cluster.apply(Path(folder, "grid"))
            if not all(each.complete for each in outcomes):
                return 1
    return 0


def say(line: str) -> None:
    """A line with the time, to stderr."""
    print(time.strftime("%X"), line, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
