"""watch: watch a running grid from the store alone: in the terminal, or on a page with its heatmap and curves.

    python -m jobs.watch specs/demo/train.yaml                  until the grid is done or Ctrl-C
    python -m jobs.watch specs/demo/train.yaml --serve          the page, on 127.0.0.1
    python -m jobs.watch specs/demo/train.yaml --once           one look
    python -m jobs.watch specs/demo/train.yaml --every 30       a look every 30 s: listings of a bucket cost money

Reads   runs/<name>/grid.json, and the commits and heartbeats of its shards; a laptop's read-only credentials will do
Writes  nothing
"""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError, Namespace
from contextlib import suppress

from neurograde.errors import MissingUpstream
from neurograde.runtime import invocation
from neurograde.runtime.command import Parser, add_spec, command, read_spec
from neurograde.specs.records import Grid
from neurograde.specs.train import TrainSpec
from neurograde.storage.artefact import parse_record
from neurograde.storage.store import Store


def period(text: str) -> float:
    """Return the seconds between two looks; what is shown is never older than a minute."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 55:
        raise ArgumentTypeError(f"{text!r}; accepted: 1 to 55 seconds")
    return seconds


def declare(parser: Parser) -> None:
    """Add the arguments of the command."""
    add_spec(parser)
    parser.add_argument("--once", action="store_true", help="look once and end")
    parser.add_argument("--every", type=period, default=5.0, metavar="SECONDS", help="time between looks; 5")
    parser.add_argument("--serve", action="store_true", help="serve a page on 127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="port of the page; 0 takes a free one")


@command(declare)
def watch(arguments: Namespace) -> None:
    """Read the grid of a train spec, and show it until it is done or the reader leaves."""
    spec, source = read_spec(TrainSpec, arguments)
    store = Store(spec.store)
    grid = read_grid(store, spec.name, source)
    from neurograde.pages.watch.showing import serve_page, show

    with suppress(KeyboardInterrupt):  # the way to leave
        if arguments.serve:
            serve_page(store, grid, arguments.every, arguments.port)
        else:
            show(store, grid, arguments.every, once=arguments.once)


def read_grid(store: Store, name: str, source: str) -> Grid:
    """Return the record of the grid; MissingUpstream with the command that begins it where there is none."""
    key = f"runs/{name}/grid.json"
    try:
        return parse_record(Grid, store.get(key), f"{store.url}/{key}")
    except FileNotFoundError:
        raise MissingUpstream(
            f"{store.url}/{key} does not exist: no pod has begun; begin with: {invocation.shown('train', source)}"
        ) from None


if __name__ == "__main__":
    sys.exit(watch.main())
