"""A grid shown until it is done or the reader leaves: in the terminal, or on a page."""

from __future__ import annotations

import time

from rich.live import Live

from neurograde.pages.serve import serve
from neurograde.pages.watch.app import WatchPage
from neurograde.pages.watch.reading import Watcher
from neurograde.pages.watch.terminal import console, view
from neurograde.runtime.log import log
from neurograde.specs.records import Grid
from neurograde.storage.store import Store


def show(store: Store, grid: Grid, seconds: float, *, once: bool) -> None:
    """Show the grid in the terminal and read it again every so many seconds, until every shard has ended.

    Args:
        store: Holds the grid.
        grid: Its record.
        seconds: Time between two looks.
        once: Look once and return.
    """
    watcher = Watcher(store, grid)
    state = watcher.refresh()
    with Live(view(state, console.height - 6), console=console, auto_refresh=False) as live:
        while not once and state.count("done", "diverged") < len(state.shards):
            time.sleep(seconds)
            state = watcher.refresh()
            live.update(view(state, console.height - 6), refresh=True)


def serve_page(store: Store, grid: Grid, seconds: float, port: int) -> None:
    """Serve the page of the grid on 127.0.0.1 and print its address."""

    def announce(address: str) -> None:
        log.info(f"watching {store.url}/runs/{grid.name}; Ctrl-C ends it")
        print(address, flush=True)

    serve(WatchPage(Watcher(store, grid), seconds).app, port, announce)
