"""neurograde: from labelled histology images to a tested tumour-grade classifier, as batch jobs.

Rooms, lowest first; imports point downwards only (`tests/repo/test_layers.py` holds it):

    maths       numbers in, numbers out: numpy, and scipy where it solves
    specs       specs of jobs, the catalogue of jobs, schemas of records and result files: pydantic, no I/O
    storage     objects in and out of a store: fsspec
    runtime     one process on one machine: argv -> spec -> run -> exit code, logs, energy, machine facts
    patches     patches in the store: PNG codec, packed arrays, look-alikes
    evaluation  sessions compared, one chosen, its predictions judged: no torch
    audit       splits that others made
    imaging     pixels: reading, cutting, tissue
    learning    torch: networks, losses, features, engines, shards, inference
    baselines   the methods of the literature
    cluster     Kubernetes objects, rendered from the specs
    reports     figures, tables, the page
    pages       pages that are served on loopback: review, watch
    notebook    a store for Python: tables, manifests, figures; read only

`errors` lies beside the rooms, because every one of them may fail.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neurograde.notebook.study import Study

__version__ = "0.1.0"
__all__ = ["__version__", "open"]


def open(url: str) -> Study:  # noqa: A001  read as neurograde.open
    """Return the study in the store at `url`, for reading: tables, manifests, results, figures.

    Args:
        url: A store as specs name it: `file://out/study`, a folder, `gs://bucket/study`, `s3://bucket/study`.

    Raises:
        SpecError: The URL names no store, or a package for it is not installed.
        MissingUpstream: The store holds no artefact.
    """
    from neurograde.notebook.study import Study  # noqa: PLC0415  the command does without it

    return Study(url)


# Before torch is imported by whatever follows: its OpenMP threads spin while they wait for each other, and on a busy
# machine burn the time that the others need (tests/bench/README.md, Log, 2026-11-28).
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
