"""The routes of the watch page: the progress of the grid, and the curves of one setting."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from neurograde.errors import NeurogradeError
from neurograde.pages.serve import Handler, application, assets_of
from neurograde.pages.watch.reading import Watcher
from neurograde.pages.watch.terminal import carbon, headline
from neurograde.pages.watch.views import GridView

CURVES = ("train_loss", "valid_loss", "train_accuracy", "valid_accuracy")


class WatchPage:
    """Answers the requests of the page; several windows share one reading of the store."""

    def __init__(self, watcher: Watcher, every: float) -> None:
        """Serve the page of `watcher`, which reads the store `every` so many seconds."""
        self.watcher, self.every = watcher, every
        self._lock = threading.Lock()
        self._view: GridView | None = None
        self._read_at = float("-inf")

    def app(self, port: int, token: str) -> ASGIApp:
        """Return the page on `port`, open to whoever has `token`."""
        routes = [Route("/api/grid", self.grid), Route("/api/cell/{cell:int}", self.cell)]
        handlers: dict[type[Exception], Handler] = {NeurogradeError: _unreachable}
        return application(routes, assets_of("neurograde.pages.watch"), port, token, handlers)

    def grid(self, _request: Request) -> Response:
        """Return every shard and every setting."""
        view = self._fresh()
        return JSONResponse(
            {
                "name": view.name,
                "marks": self.watcher.grid.marks,
                "at": view.at.isoformat(timespec="seconds"),
                "every": self.every,
                "headline": headline(view),
                "carbon": carbon(view),
                "shards": [asdict(shard) for shard in view.shards],
                "cells": [asdict(cell) | {"sessions": len(cell.sessions)} for cell in view.cells],
            }
        )

    def cell(self, request: Request) -> Response:
        """Return the curves of one setting: mean and standard deviation over its repeats, and their best epochs."""
        view, index = self._fresh(), request.path_params["cell"]
        if index >= len(view.cells):
            return JSONResponse({"error": f"setting {index}; accepted: 0 to {len(view.cells) - 1}"}, 404)
        with self._lock:
            return JSONResponse(curves(self.watcher, view.cells[index].sessions))

    def _fresh(self) -> GridView:
        with self._lock:
            # A little less than the page waits, so that its next request is not answered from an old reading.
            if self._view is None or time.monotonic() - self._read_at > 0.9 * self.every:
                self._view, self._read_at = self.watcher.refresh(), time.monotonic()
            return self._view


def curves(watcher: Watcher, sessions: tuple[str, ...]) -> dict[str, Any]:
    """Return per epoch the mean and the standard deviation (n - 1) over the sessions, and their best epochs."""
    values: dict[str, dict[int, list[float]]] = {curve: {} for curve in CURVES}
    best: list[dict[str, Any]] = []
    for shard in watcher.grid.shards:
        mine = {session.id for session in shard.sessions} & set(sessions)
        commits = watcher.commits(shard.name) if mine else []
        for commit in commits:
            for epoch, metrics in commit.epochs.items():
                for session in sorted(mine & metrics.keys()):
                    for curve in CURVES:
                        value = getattr(metrics[session], curve)
                        if value is not None:
                            values[curve].setdefault(epoch, []).append(value)
        if commits:
            bests = {session: commits[-1].best.get(session) for session in sorted(mine)}
            best += [{"session": name, **best_epoch.model_dump()} for name, best_epoch in bests.items() if best_epoch]
    return {
        "best": best,
        "curves": {
            curve: [
                {
                    "epoch": epoch,
                    "mean": float(np.mean(several)),
                    "std": float(np.std(several, ddof=1)) if len(several) > 1 else None,
                    "n": len(several),
                }
                for epoch, several in sorted(by_epoch.items())
            ]
            for curve, by_epoch in values.items()
        },
    }


def _unreachable(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 503)
