"""The catalogue of jobs: one entry per job, in the order of the chain.

Everything that needs a list of jobs reads this one: the chain, the command line, the manifests of a cluster, `verify`,
and the tables of the READMEs. A new job needs its file `jobs/<name>.py`, its spec, an entry here, an example and a
test. What a job makes differently since its first release is listed in `specs.revisions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from neurograde.specs.augment import AugmentSpec
from neurograde.specs.base import JobSpec
from neurograde.specs.baseline import BaselineSpec
from neurograde.specs.evaluate import EvaluateSpec
from neurograde.specs.export import ExportSpec
from neurograde.specs.partition import PartitionSpec
from neurograde.specs.patch import PatchSpec
from neurograde.specs.predict import PredictSpec
from neurograde.specs.report import ReportSpec
from neurograde.specs.review import ReviewSpec
from neurograde.specs.synthesise import SynthesiseSpec
from neurograde.specs.train import TrainSpec

Phase = Literal["data", "training", "results"]
"""The part of a study that a job belongs to: before, during or after the training of its grids."""


@dataclass(frozen=True)
class JobEntry:
    """A job: its name, its spec, and the artefacts that it reads and writes."""

    name: str
    """Name of the job, of its file in jobs/ and of its function there."""
    spec: type[JobSpec]
    """Model of the spec that it reads."""
    phase: Phase
    """Part of a study that it belongs to."""
    reads: tuple[str, ...] = ()
    """Kinds of artefact that it reads, where its spec names them."""
    writes: tuple[str, ...] = ()
    """Kinds of artefact that it publishes, its own first."""
    appends: tuple[str, ...] = ()
    """Kinds without a manifest that it adds numbered records to."""
    upstream_fields: Mapping[str, str] = field(default_factory=dict)
    """Kind of the upstream artefact, or artefacts, that a field of its spec names, by the path of the field."""
    spec_of: str | None = None
    """The job whose spec it reads, because it does a part of that job ahead of time; None where the spec is its own."""
    waits_for_a_person: bool = False
    """True for a job that serves a page until somebody leaves it: the chain does not start it."""
    no_pod_because: str | None = None
    """Why no pod of a cluster runs it; None where one does."""
    extras: tuple[str, ...] = ()
    """Extras of the distribution that it cannot run without."""
    computes_like_training: bool = False
    """True for a job whose pod needs the memory, and the GPU, of one that trains."""
    packs_patches: bool = False
    """True for a job that packs the patches of a subset on the pod's disk."""
    copies_slides: bool = False
    """True for a job that copies a slide of a bucket to the pod's disk while it works on it."""

    @property
    def is_ahead(self) -> bool:
        """True for a job that does a part of another ahead of time, by the spec of that one."""
        return self.spec_of is not None


JOBS = (
    JobEntry("synthesise", SynthesiseSpec, "data", writes=("images",)),
    JobEntry(
        "review",
        ReviewSpec,
        "data",
        reads=("images",),  # and, to order them, an evaluation of an earlier round
        upstream_fields={"source.images": "images"},
        appends=("reviews",),
        waits_for_a_person=True,
        no_pod_because="waits for a person at a page",
    ),
    JobEntry("stage", TrainSpec, "data", writes=("weights",), spec_of="train", extras=("train",)),
    JobEntry(
        "patch",
        PatchSpec,
        "data",
        reads=("images", "reviews"),
        writes=("patches",),
        upstream_fields={"source.images": "images", "review": "reviews"},
        copies_slides=True,
    ),
    JobEntry(
        "partition",
        PartitionSpec,
        "data",
        reads=("patches",),
        writes=("partitions",),
        upstream_fields={"patches": "patches"},
    ),
    JobEntry(
        "augment",
        AugmentSpec,
        "data",
        reads=("partitions", "patches"),
        writes=("datasets",),
        upstream_fields={"partition": "partitions"},
    ),
    JobEntry(
        "features",
        TrainSpec,
        "data",
        reads=("datasets", "patches", "weights"),
        writes=("features",),
        spec_of="train",
        extras=("train",),
        computes_like_training=True,
    ),
    JobEntry(
        "train",
        TrainSpec,
        "training",
        reads=("datasets", "patches", "weights", "features"),
        writes=("runs", "features"),
        upstream_fields={"dataset": "datasets"},
        extras=("train",),
        computes_like_training=True,
    ),
    JobEntry(
        "evaluate",
        EvaluateSpec,
        "results",
        reads=("runs", "datasets", "patches", "weights"),
        writes=("evaluations",),
        upstream_fields={"run": "runs", "external": "patches"},
        extras=("train",),
        appends=("ledgers",),
        packs_patches=True,
    ),
    JobEntry(
        "export",
        ExportSpec,
        "results",
        reads=("evaluations", "runs", "weights"),
        writes=("exports",),
        upstream_fields={"evaluation": "evaluations"},
        extras=("train", "export"),
        packs_patches=True,
    ),
    JobEntry(
        "baseline",
        BaselineSpec,
        "results",
        reads=("datasets", "patches", "images", "weights", "descriptions"),
        writes=("baselines", "descriptions"),
        upstream_fields={"dataset": "datasets"},
        extras=("train", "baselines"),
        appends=("ledgers",),
    ),
    JobEntry(
        "report",
        ReportSpec,
        "results",
        reads=("evaluations", "baselines", "images"),
        writes=("reports",),
        upstream_fields={"evaluations": "evaluations", "baselines": "baselines"},
        extras=("train",),
    ),
    JobEntry(
        "predict",
        PredictSpec,
        "results",
        reads=("evaluations", "runs", "datasets", "patches", "weights"),
        writes=("predictions", "features"),
        upstream_fields={"evaluation": "evaluations"},
        extras=("train",),
        appends=("ledgers",),
        no_pod_because="grades images of your own",
    ),
)
"""Every job, in the order of the chain."""

COMMANDS = ("start", "fetch", "chain", "grid", "cluster", "watch", "view", "verify", "audit", "doctor")
"""Commands without a spec model or an artefact of their own; each has its file in jobs/ too."""

BY_NAME = {entry.name: entry for entry in JOBS}
"""Every job by its name."""

WITHOUT_MANIFEST = frozenset(kind for entry in JOBS for kind in entry.appends)
"""Kinds that grow by numbered records, and never have a manifest."""

KINDS = frozenset(kind for entry in JOBS for kind in (*entry.writes, *entry.appends))
"""Every kind of artefact or series of records: the folders of a store."""


def maker_of(kind: str) -> JobEntry:
    """Return the first job in the order of the chain that writes artefacts of `kind`, or appends to it.

    >>> maker_of("patches").name
    'patch'
    >>> maker_of("features").name
    'features'
    """
    return next(entry for entry in JOBS if kind in (*entry.writes, *entry.appends))


def chain_order() -> tuple[str, ...]:
    """Return the names of the jobs that the chain starts, upstream first."""
    return tuple(entry.name for entry in JOBS if not entry.is_ahead and not entry.waits_for_a_person)
