"""The routes of the start page: look at the folder, choose, run the chain, open its report."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from neurograde.errors import DataError, NeurogradeError
from neurograde.maths.carbon import co2e_kg, energy_kwh
from neurograde.pages.serve import MEDIA_TYPES, Handler, application, assets_of
from neurograde.pages.start.folder import ImageFolder
from neurograde.pages.start.running import Running
from neurograde.pages.start.study import HEADER, Choices, Shown, duration, study
from neurograde.pages.watch.reading import Watcher
from neurograde.pages.watch.terminal import headline
from neurograde.runtime.factors import cpu_factor, grid_factor, grid_factors
from neurograde.runtime.machine import usable_cores
from neurograde.specs.records import Grid
from neurograde.storage.artefact import Artefact, parse_record, read_manifest
from neurograde.storage.store import Store

LARGEST_BODY = 100_000
REVIEW_OPENS_S = 60.0
"""Seconds in which a review must have opened its page."""
REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; script-src 'unsafe-inline'"
"""Policy of a report, whose style is part of its one file."""


class StartPage:
    """Answers the requests of the page; one study at a time."""

    def __init__(self, images: ImageFolder, folder: Path, measure: Callable[[], float]) -> None:
        """Serve the page of a folder of images.

        Args:
            images: The folder.
            folder: Where study.yaml and the store go; made when the study begins.
            measure: Returns the patches that this machine takes through the network in a second.
        """
        self.images, self.folder = images, folder
        self.study_file = folder / "study.yaml"
        self.store = f"file://{folder / 'store'}"
        self.new_images = folder / "new"
        self.running: Running | None = None
        self.reviewing: Running | None = None
        self.name = ""
        self._lock = threading.Lock()
        self._speed: float | None = None
        self._measuring = threading.Thread(target=self._measure, args=(measure,), daemon=True)
        self._measuring.start()

    def app(self, port: int, token: str) -> ASGIApp:
        """Return the page on `port`, open to whoever has `token`."""
        routes = [
            Route("/api/folder", self.look),
            Route("/api/rule", self.rule, methods=["POST"]),
            Route("/api/images/{index:int}", self.thumbnail),
            Route("/api/outlook", self.outlook),
            Route("/api/begin", self.begin, methods=["POST"]),
            Route("/api/review", self.review, methods=["POST"]),
            Route("/api/progress", self.progress),
            Route("/api/stop", self.stop, methods=["POST"]),
            Route("/report/", self.report),
            Route("/report/{path:path}", self.report),
        ]
        refusals = {ValidationError: 400, ValueError: 400, NeurogradeError: 400}
        handlers = {error: _refused(status) for error, status in refusals.items()}
        return application(routes, assets_of("neurograde.pages.start"), port, token, handlers)

    def look(self, _request: Request) -> Response:
        """Return the folder, the rules that fit it, and the first of them in full."""
        return JSONResponse(
            {
                "folder": self.images.url,
                "images": len(self.images.images),
                "left_out": self.images.left_out,
                "bad": self.images.bad[:5],
                "rules": [rule.words for rule in self.images.rules],
                "first": self.images.describe(0) if self.images.rules else None,
                "regions": [factor.region for factor in grid_factors()],
                "study": str(self.study_file),
            }
        )

    async def rule(self, request: Request) -> Response:
        """Return one rule in full, with the columns that were chosen where it is a table."""
        shown = Shown.parse(await _bytes(request))
        return JSONResponse(await run_in_threadpool(self.images.describe, shown.rule, shown.columns))

    def thumbnail(self, request: Request) -> Response:
        """Return a small picture of an image."""
        data = self.images.thumbnail(request.path_params["index"])
        return Response(data, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})

    def outlook(self, request: Request) -> Response:
        """Return how long the study will take on this machine, and what it will emit."""
        region = grid_factor(request.query_params["region"])
        squares = self.images.squares(int(request.query_params["patch_size_px"]))
        self._measuring.join(timeout=60)
        if self._speed is None:
            return JSONResponse({"squares": squares, "seconds": None, "grams": None})
        seconds = duration(squares, self._speed)
        kwh = energy_kwh(usable_cores() * cpu_factor(None).w_per_core, seconds / 3600)
        grams = 1000 * co2e_kg(kwh, region.gco2e_per_kwh, region.pue)
        return JSONResponse({"squares": squares, "seconds": seconds, "grams": grams, "per_second": self._speed})

    async def begin(self, request: Request) -> Response:
        """Write study.yaml and start the chain."""
        choices = Choices.parse(await _bytes(request))
        return JSONResponse(await run_in_threadpool(self._begin, choices))

    def _begin(self, choices: Choices) -> dict[str, Any]:
        with self._lock:
            if self.running is not None and self.running.code is None:
                raise DataError("a study is running: stop it first")
            if self.reviewing is not None:
                self.reviewing.stop()
            text = self._write(choices)
            self.running = Running("chain", str(self.study_file), folder=str(self.folder))
        return {"study": str(self.study_file), "text": text, "new_images": str(self.new_images)}

    def _review(self, choices: Choices) -> dict[str, Any]:
        with self._lock:
            if self.reviewing is None or self.reviewing.code is not None:
                self._write(choices)
                self.reviewing = Running("review", f"{self.study_file}#review", folder=str(self.folder))
            reviewing = self.reviewing
        return {"address": reviewing.address(REVIEW_OPENS_S)}

    def _write(self, choices: Choices) -> str:
        """Write study.yaml and return its text; DataError where something of the images is open."""
        problems = self.images.describe(choices.rule, choices.columns)["problems"]
        if problems:
            raise DataError(*problems)
        grid_factor(choices.region)
        self.folder.mkdir(parents=True, exist_ok=True)
        source = self.images.source(choices, self.folder)
        reviewed = bool(Store(self.store).list(f"reviews/{choices.name}"))  # a review without a decision says nothing
        text = HEADER + written(study(choices, self.store, source, str(self.new_images), reviewed=reviewed))
        self.study_file.write_text(text, encoding="utf-8")
        self.name = choices.name
        return text

    async def review(self, request: Request) -> Response:
        """Open a review of the squares beside this page, and return its address."""
        choices = Choices.parse(await _bytes(request))
        return JSONResponse(await run_in_threadpool(self._review, choices))

    def progress(self, _request: Request) -> Response:
        """Return the step of the chain, the grid's progress while it trains, and the report once it is there."""
        if self.running is None:
            return JSONResponse({"begun": False})
        return JSONResponse(
            {"begun": True, **self.running.state(), "training": self._training(), "report": self._report() is not None}
        )

    def stop(self, _request: Request) -> Response:
        """Ask the chain to stop; nothing committed is lost."""
        if self.running is not None:
            self.running.stop()
        return JSONResponse({})

    def leave(self) -> None:
        """Stop what still runs, and wait until it has left its records."""
        for process in (self.running, self.reviewing):
            if process is not None and process.code is None:
                process.stop()
                process.wait(60)

    def report(self, request: Request) -> Response:
        """Return the report's page, or a file that its manifest names."""
        report, path = self._report(), request.path_params.get("path") or "index.html"
        if report is None or path not in report.manifest.files:
            return JSONResponse({"error": "there is no such file in the report"}, 404)
        media_type = MEDIA_TYPES.get(path.rpartition(".")[2], "application/octet-stream")
        if path.endswith(".svg"):
            media_type = "image/svg+xml"
        return Response(report.read(path), media_type=media_type, headers={"Content-Security-Policy": REPORT_POLICY})

    def _report(self) -> Artefact | None:
        store, folder = Store(self.store), f"reports/{self.name}"
        manifest = read_manifest(store, folder) if self.name else None
        return None if manifest is None else Artefact(store, folder, manifest)

    def _training(self) -> str:
        """Return one line about the grid's progress; empty before it begins."""
        store, key = Store(self.store), f"runs/{self.name}/grid.json"
        if not store.exists(key):
            return ""
        grid = parse_record(Grid, store.get(key), f"{store.url}/{key}")
        return headline(Watcher(store, grid).refresh())

    def _measure(self, measure: Callable[[], float]) -> None:
        with suppress(ImportError):  # installed without torch: the page goes on, and the chain names what is missing
            self._speed = measure()


class _Plain(yaml.SafeDumper):
    """Writes what is there twice twice, without anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        """Return True: no value is written as a reference to another."""
        return True


def written(made: dict[str, Any]) -> str:
    """Return a study as YAML that people can read: short lists and mappings in one line."""
    text: str = yaml.dump(made, Dumper=_Plain, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120)
    return text


async def _bytes(request: Request) -> bytes:
    body = await request.body()
    if len(body) > LARGEST_BODY:
        raise ValueError(f"{len(body):,} bytes; accepted: up to {LARGEST_BODY:,}")
    return body


def _refused(status: int) -> Handler:
    return lambda _request, error: JSONResponse({"error": str(error)}, status)
