"""The last lines of a chain: its results, its pages, and what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from neurograde.reports.headline import headline
from neurograde.reports.numbers import duration, plural
from neurograde.runtime import invocation
from neurograde.specs.report import ReportSpec
from neurograde.specs.results.evaluation import EvaluationResult
from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.store import Store


def summary(folder: str, jobs: int, seconds: float, reports: Sequence[ReportSpec]) -> Iterator[str]:
    """Yield the lines.

    Args:
        folder: Folder of the specs, as the user named it.
        jobs: Number of jobs that ended well.
        seconds: Time that they took.
        reports: Specs of the reports among them.
    """
    yield f"done: {plural(jobs, 'job')} in {duration(seconds)}"
    for spec in reports:
        store = Store(spec.store)
        for name in spec.evaluations:
            manifest = read_manifest(store, f"evaluations/{name}")
            if manifest is not None:
                evaluation = Artefact(store, f"evaluations/{name}", manifest)
                yield f"result: {name}: {headline(evaluation.read_result(EvaluationResult, 'metrics.json'))}"
        yield f"page: {store.absolute_url}/reports/{spec.name}/index.html"
    again = invocation.shown("chain", shlex.quote(folder))
    if reports:
        images = invocation.shown("predict", "SPEC")
        yield f"next: open the page in a browser; {images} grades new images; {again} skips what is done"
    else:
        yield f"next: {again} skips what is done"
