"""An evaluation and everything that it was made from, followed leftwards by digest.

evaluation -> run (its shards) -> data set -> partition -> patches -> images (where synthesised)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from neurograde.errors import DigestMismatch
from neurograde.patches.illustration import Illustrations
from neurograde.runtime.job import Job
from neurograde.runtime.specfile import SpecT
from neurograde.runtime.upstream import finished_run, made_from
from neurograde.specs.architecture import Architecture
from neurograde.specs.records import Metrics
from neurograde.specs.results.evaluation import EvaluationResult
from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.run import Run
from neurograde.storage.store import Store


@dataclass(frozen=True)
class Chain:
    """One evaluation with everything that it was made from."""

    evaluation: Artefact
    metrics: EvaluationResult
    run: Run
    dataset: Artefact
    partition: Artefact
    patches: Artefact
    images: Artefact | None
    """The synthesised images; None for a laboratory's own, which are in no store."""
    networks: tuple[Architecture, ...] = ()
    """The networks that the run trained; the caller counts them, since reports do not know torch."""
    illustrations: Illustrations | None = None
    """Pictures, if they may be shown and still exist."""
    study: bool = True
    """True if it is held against the report of the study: its figures, claims and numbers."""

    @property
    def name(self) -> str:
        """Return the name of the evaluation."""
        return self.evaluation.manifest.name

    @property
    def marks(self) -> tuple[str, ...]:
        """Return the marks that every page must show beside it."""
        return self.evaluation.manifest.marks

    @cached_property
    def histories(self) -> dict[str, list[Metrics]]:
        """Return the metrics of every session and epoch, epoch 0 first; read once, as large studies have many."""
        return self.run.histories()

    def artefacts(self) -> Iterator[Artefact]:
        """Yield everything in the order in which it was made."""
        if self.images is not None:
            yield self.images
        yield from (self.patches, self.partition, self.dataset, *self.run.shards.values(), self.evaluation)

    def features(self) -> Iterator[Artefact]:
        """Yield the trunk features that a features job computed for the run, if they still exist."""
        return charged_features(self.run.store, self.run.shards.values())


def charged_features(store: Store, readers: Iterable[Artefact]) -> Iterator[Artefact]:
    """Yield the features that `readers` found and did not make, each once, if they still exist."""
    read = {features.name: features for reader in readers for features in reader.manifest.features}
    for record in read.values():
        folder = f"{record.kind}/{record.name}"
        manifest = read_manifest(store, folder)
        if manifest is not None and manifest.digest == record.digest and manifest.carbon is not None:
            yield Artefact(store, folder, manifest)


def follow(job: Job[SpecT], evaluation: Artefact) -> Chain:
    """Return everything that `evaluation` was made from.

    Raises:
        MissingUpstream: something of the chain is gone.
        DigestMismatch: the store holds another artefact than the one it was made from; both digests are named.
        DataError: a file does not fit its schema.
    """
    recorded = evaluation.input("runs")
    run = finished_run(job, recorded.name)
    whole = run.artefact()
    if whole.manifest.digest != recorded.digest:
        raise DigestMismatch(
            f"{evaluation.url} was made from {whole.folder} of digest {recorded.digest}, which now has "
            f"{whole.manifest.digest}: make {evaluation.folder} again with --replace"
        )
    dataset = made_from(job, whole, "datasets")
    partition = made_from(job, dataset, "partitions")
    patches = made_from(job, partition, "patches")
    from_store = any(record.kind == "images" for record in patches.manifest.inputs)
    return Chain(
        evaluation=evaluation,
        metrics=evaluation.read_result(EvaluationResult, "metrics.json"),
        run=run,
        dataset=dataset,
        partition=partition,
        patches=patches,
        images=made_from(job, patches, "images") if from_store else None,
    )


def of_study(chains: Iterable[Chain]) -> bool:
    """Return True if the page is held against the report of the study."""
    return any(chain.study for chain in chains)


def unique(artefacts: Iterable[Artefact]) -> list[Artefact]:
    """Return the artefacts in the order of their first appearance, each once."""
    return list({artefact.folder: artefact for artefact in artefacts}.values())


def file_name(*words: str) -> str:
    """Return words as a file name: lower case, digits and dashes.

    >>> file_name("curves", "mobilenet_v2-lr0.001", "loss")
    'curves-mobilenet-v2-lr0-001-loss'
    """
    return re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower()).strip("-")
