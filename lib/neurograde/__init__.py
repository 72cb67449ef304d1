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

`errors` lies beside the rooms, because every one of them may fail.
"""

import os

__version__ = "0.1.0"

# Before torch is imported by whatever follows: its OpenMP threads spin while they wait for each other, and on a busy
# machine burn the time that the others need (tests/bench/README.md, Log, 2026-11-28).
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
