"""One shard from claim to manifest: the work of one pod."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import torch

from neurograde.errors import AllDiverged, DataError, Fenced
from neurograde.learning.data.samples import Samples, Statistics
from neurograde.learning.engines.choice import features_read, make_engine
from neurograde.learning.engines.plain.engine import PlainEngine
from neurograde.learning.engines.protocol import Engine, TrainingContext
from neurograde.learning.engines.stacked.engine import StackedEngine
from neurograde.learning.networks.weights import prepare_trunk
from neurograde.learning.run.attempt import Attempt
from neurograde.learning.run.device import prepare_device
from neurograde.learning.run.footprint import checkpoint_plan
from neurograde.learning.run.results import result_files
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.runtime.machine import machine_facts
from neurograde.runtime.manifests import describe, publish_once, write_files
from neurograde.specs.records import Grid, InputRecord, Shard
from neurograde.specs.train import Backbone, TrainSpec
from neurograde.storage.journal import Journal
from neurograde.storage.series import last_epochs


def train_shard(
    job: Job[TrainSpec],
    grid: Grid,
    shard: Shard,
    samples: Mapping[str, Samples],
    statistics: Mapping[str, Statistics],
) -> None:
    """Train the sessions of `shard` from their last checkpoint, and publish them as runs/<grid>/<shard>.

    Raises:
        AllDiverged: every session has diverged; the shard is published too, so that evaluations can leave it out.
        DigestMismatch: the weights are no longer those of the grid.
        NoProgress: too many attempts ended without a commit.
        Stopped: asked to stop, or a newer attempt has taken over.
    """
    spec, sessions = job.spec, shard.sessions
    device = prepare_device(spec.device, spec.workers, deterministic=spec.deterministic)
    backbone = Backbone(name=sessions[0].backbone, weights=sessions[0].weights)
    trunk, weights = prepare_trunk(spec, backbone, grid.raw)
    journal = Journal(job.store, f"runs/{grid.name}/{shard.name}", last_epochs(sessions))
    attempt = Attempt(journal, sessions, job.meter)
    began_with = TrainSpec.parse(grid.spec).engine  # whose checkpoints another engine could not read
    if began_with != spec.engine:
        log.info(f"runs/{grid.name} goes on under engine {began_with}, as it began")
    context = TrainingContext(spec, trunk, samples, statistics, device, attempt.tick)
    engine = make_engine(began_with, job, context, sessions)
    log.info(f"runs/{grid.name}/{shard.name}: {checkpoint_plan(spec, shard, trunk)}")
    if device.type == "cpu" and isinstance(engine, PlainEngine):
        _restore_threads(attempt.journal)
    with attempt.claimed(engine, machine_facts().model_dump(mode="json") | _machine_use(engine, device)):
        with _memory_named(shard):
            attempt.train(engine, spec.keep_last, sum(map(len, samples.values())), spec.checkpoint_every)
        files = result_files(sessions, attempt.journal.commits(), engine.best(), weights)
        use, diverged = _machine_use(engine, device), tuple(sorted(engine.diverged))
        publish(job, grid, shard, files, attempt, use, features_read(engine), diverged)
        attempt.journal.discard()
    if len(engine.diverged) == len(sessions):
        when = ", ".join(f"{session} in epoch {epoch}" for session, epoch in sorted(engine.diverged.items()))
        raise AllDiverged(f"runs/{grid.name}/{shard.name}: every session has diverged: {when}; try lower rates")


@contextmanager
def _memory_named(shard: Shard) -> Iterator[None]:
    """Raise DataError where even one session does not fit the memory of the device: no retry mends that."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        session = max(shard.sessions, key=lambda session: session.batch_size)
        reason = str(error).partition("\n")[0]
        raise DataError(
            f"{session.id} does not fit the memory of the device, alone and at batch {session.batch_size}: {reason}; "
            "take smaller batches, or a device with more memory"
        ) from error


def _restore_threads(journal: Journal) -> None:
    """Set the number of threads that the shard began with, on any number of cores.

    Threads share out the sums of a gradient, so results differ bitwise between numbers of threads.
    """
    threads = journal.began_on().get("threads")
    if threads and threads != torch.get_num_threads():
        log.info(f"{journal.folder} goes on with threads: {threads}, as it began; another number would change bits")
        torch.set_num_threads(threads)


def _machine_use(engine: Engine, device: torch.device) -> dict[str, Any]:
    """Return device, threads, and members of a stack by batch size, which running out of memory halves."""
    ways: dict[str, Any] = {"device": device.type, "threads": torch.get_num_threads()}
    if isinstance(engine, StackedEngine):
        ways["stack_widths"] = {str(size): width for size, width in engine.widths.items()}
    return ways


def publish(  # noqa: PLR0917 - what a shard is, in the order of the manifest
    job: Job[TrainSpec],
    grid: Grid,
    shard: Shard,
    files: Mapping[str, bytes],
    attempt: Attempt,
    machine: Mapping[str, Any] = MappingProxyType({}),
    features: Sequence[InputRecord] = (),
    diverged: tuple[str, ...] = (),
) -> None:
    """Publish the shard, unless a twin that was quicker has published the same.

    Raises:
        Fenced: the shard is published with other content.
    """
    folder = f"runs/{grid.name}/{shard.name}"
    records = write_files(job.store, folder, files)
    carbon, wasted = attempt.carbon()
    manifest = describe(
        job.spec,
        "runs",
        f"{grid.name}/{shard.name}",
        records,
        spec_digest=grid.spec_digest,
        revision=grid.revision,
        inputs=grid.inputs,
        raw=grid.raw,
        marks=grid.marks,
        diverged=diverged,
        features=tuple(features),
        machine=machine,
        wall_seconds=round(carbon.wall_seconds, 3),
        carbon=carbon.model_dump(mode="json"),
        carbon_wasted=None if wasted is None else wasted.model_dump(mode="json"),
    )
    published = publish_once(job.store, manifest)
    if published is None or published.digest != manifest.digest:
        raise Fenced(f"{job.store.url}/{folder} was published with other content by another attempt")
    log.info(
        f"published {job.store.url}/{folder}: {len(shard.sessions)} sessions",
        extra={"fields": {"artefact": folder, "digest": manifest.digest}},
    )
