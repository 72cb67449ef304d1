"""A study in a store, opened for reading: its tables, manifests, results and figures.

    import neurograde
    study = neurograde.open("gs://your-bucket/study")
    study.sessions().sort_values("loss").head()

Everything is read by the readers of the jobs, so that each file is compared with its digest. Nothing is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neurograde.errors import MissingUpstream
from neurograde.evaluation.session_table import SessionRow, session_rows
from neurograde.notebook.rows import ArtefactRow, EpochRow, OpeningRow, RunRow
from neurograde.notebook.tables import table, table_of_texts, together
from neurograde.runtime.carbon_record import CarbonRecord
from neurograde.specs.catalogue import KINDS
from neurograde.specs.records import Manifest
from neurograde.specs.results.evaluation import EvaluationResult
from neurograde.storage.artefact import MANIFEST, Artefact, read_manifest
from neurograde.storage.ledger import read_ledger
from neurograde.storage.run import Run, read_run
from neurograde.storage.store import Store

if TYPE_CHECKING:
    from pandas import DataFrame

SMALL_KINDS = ("runs", "partitions", "datasets", "evaluations", "reports")
"""Kinds of few files, where a study is looked for first."""


@dataclass(frozen=True)
class Figure:
    """A figure of a page. A notebook shows it."""

    name: str
    """Name of the file."""
    svg: str
    """The figure as SVG."""

    def _repr_svg_(self) -> str:
        """Return the figure for the display of a notebook."""
        return self.svg


class Study:
    """The artefacts of one store. Each table is a pandas DataFrame; without pandas, a list of dicts."""

    def __init__(self, url: str) -> None:
        """Open the store at `url`; see `neurograde.open`."""
        self._store = Store(url)
        others = sorted({*KINDS} - {*SMALL_KINDS})
        if not any(self._store.list(kind) for kind in (*SMALL_KINDS, *others)):
            raise MissingUpstream(
                f"{self._store.url} holds no artefact; accepted: the store of a study, as its specs name it"
            )

    def __repr__(self) -> str:
        return f"neurograde.open({self.url!r})"

    @property
    def url(self) -> str:
        """URL of the store."""
        return self._store.url

    def names(self, kind: str) -> list[str]:
        """Return the names of the artefacts of `kind`: `runs`, `evaluations`, `partitions`, ...

        Raises:
            MissingUpstream: Stores have no such kind.
        """
        if kind not in KINDS:
            raise MissingUpstream(f"{kind!r} is no kind of artefact; accepted: {', '.join(sorted(KINDS))}")
        file = "grid.json" if kind == "runs" else r"\d+.json" if kind == "ledgers" else MANIFEST
        keys = (re.fullmatch(rf"{kind}/(.+)/{file}", key) for key in self._store.list(kind))
        return list(dict.fromkeys(key[1] for key in keys if key))

    def artefacts(self) -> DataFrame:
        """Return a row per artefact of the store: digest, size, seconds and emissions. It lists the whole store."""
        folders = [key.removesuffix(f"/{MANIFEST}") for key in self._store.list() if key.endswith(f"/{MANIFEST}")]
        manifests = [read_manifest(self._store, folder) for folder in folders]
        return table(ArtefactRow, [_artefact_row(manifest) for manifest in manifests if manifest is not None])

    def runs(self) -> DataFrame:
        """Return a row per grid (`RunRow`)."""
        return table(RunRow, map(_run_row, self._runs(None)))

    def sessions(self, run: str | None = None) -> DataFrame:
        """Return a row per session (`SessionRow`) of the grid `run`, or of all grids; train and valid alone."""
        return table(SessionRow, [row for grid in self._runs(run) for row in session_rows(grid)])

    def history(self, run: str | None = None) -> DataFrame:
        """Return a row per session and epoch (`EpochRow`) of the grid `run`, or of all grids."""
        return table(EpochRow, [row for grid in self._runs(run) for row in _epoch_rows(grid)])

    def predictions(self, evaluation: str | None = None) -> DataFrame:
        """Return predictions.csv of the evaluation, or of all: a row per sample of valid and test.

        Columns `p_<class>` are probabilities; the rest is text.
        """
        return self._csv("evaluations", "predictions.csv", "evaluation", evaluation, numbers="p_")

    def partition(self, name: str | None = None) -> DataFrame:
        """Return assignment.csv of the partition, or of all: patch, class, family and subset; all text."""
        return self._csv("partitions", "assignment.csv", "partition", name)

    def samples(self, dataset: str | None = None) -> DataFrame:
        """Return samples.csv of the data set, or of all: patch, transform, subset and label; all text."""
        return self._csv("datasets", "samples.csv", "dataset", dataset)

    def ledger(self) -> DataFrame:
        """Return a row per opening of a test set, or look at its images (`OpeningRow`)."""
        rows = [
            OpeningRow(
                ledger, number, record.at, record.evaluation, record.session, record.run, record.looked_at
            )
            for ledger in self.names("ledgers")
            for number, record in enumerate(read_ledger(self._store, ledger), start=1)
        ]  # fmt: skip
        return table(OpeningRow, rows)

    def metrics(self, evaluation: str) -> EvaluationResult:
        """Return metrics.json of the evaluation: sessions, settings, the chosen one, its success on each subset."""
        return self._artefact(f"evaluations/{evaluation}").read_result(EvaluationResult, "metrics.json")

    def manifest(self, folder: str) -> Manifest:
        """Return the manifest of an artefact, such as `evaluations/demo`; that of a grid is the union of its shards."""
        return self._artefact(folder).manifest

    def read(self, folder: str, path: str) -> bytes:
        """Return a file of an artefact, compared with its digest.

        Raises:
            MissingUpstream: The artefact or the file does not exist.
            DigestMismatch: The file was changed since it was published.
        """
        artefact = self._artefact(folder)
        if path not in artefact.manifest.files:
            raise MissingUpstream(f"{artefact.url} has no {path}; it has: {_few(sorted(artefact.manifest.files))}")
        return artefact.read(path)

    def figures(self, folder: str) -> list[str]:
        """Return the names of the figures of a report or a partition, such as `reports/demo`."""
        files = self._artefact(folder).manifest.files
        return [path.removeprefix("figures/").removesuffix(".svg") for path in sorted(files) if path.endswith(".svg")]

    def figure(self, folder: str, name: str) -> Figure:
        """Return a figure of a report or a partition by its name; `figures` lists them."""
        return Figure(name, self.read(folder, f"figures/{name}.svg").decode())

    def _runs(self, name: str | None) -> Iterator[Run]:
        for run in self._named("runs", name):
            yield read_run(self._store, run)

    def _named(self, kind: str, name: str | None) -> Sequence[str]:
        """Return `[name]` if an artefact of `kind` has it, all names for None."""
        names = self.names(kind)
        if name is not None and name not in names:
            raise MissingUpstream(f"{self.url} has no {kind}/{name}; it has: {_few(names)}")
        return names if name is None else [name]

    def _artefact(self, folder: str) -> Artefact:
        kind, _, name = folder.partition("/")
        manifest = read_manifest(self._store, folder) if kind in KINDS and name else None
        if manifest is not None:
            return Artefact(self._store, folder, manifest)
        [known] = self._named(kind, name)
        return read_run(self._store, known).artefact()

    def _csv(self, kind: str, path: str, column: str, name: str | None, numbers: str = "") -> DataFrame:
        artefacts = [self._artefact(f"{kind}/{known}") for known in self._named(kind, name)]
        tables = [
            table_of_texts(artefact.read_csv(path), {column: artefact.manifest.name}, numbers)
            for artefact in artefacts
            if path in artefact.manifest.files
        ]
        return together(tables or [table_of_texts([], {column: ""})])


def _run_row(run: Run) -> RunRow:
    dataset = next(record.name for record in run.grid.inputs if record.kind == "datasets")
    marks = ", ".join(run.artefact().manifest.marks)
    counts = (len(run.sessions), len(run.grid.shards), len(run.shards), len(run.diverged()))
    return RunRow(run.grid.name, dataset, *counts, marks, run.grid.spec_digest)


def _epoch_rows(run: Run) -> Iterator[EpochRow]:
    for session, history in run.histories().items():
        for epoch, metrics in enumerate(history):
            values = (metrics.train_loss, metrics.train_accuracy, metrics.valid_loss, metrics.valid_accuracy)
            yield EpochRow(run.grid.name, session, epoch, *values)


def _artefact_row(manifest: Manifest) -> ArtefactRow:
    carbon: Any = manifest.carbon
    return ArtefactRow(
        kind=manifest.kind,
        name=manifest.name,
        job=manifest.job,
        digest=manifest.digest,
        spec_digest=manifest.spec_digest,
        revision=manifest.revision,
        files=len(manifest.files),
        bytes=sum(file.size for file in manifest.files.values()),
        marks=", ".join(manifest.marks),
        wall_seconds=manifest.wall_seconds,
        co2e_g=1000 * CarbonRecord.parse(carbon).co2e_kg_tdp if carbon is not None else None,
    )


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:10]) or "none"
    return f"{shown}, ..." if len(names) > 10 else shown
