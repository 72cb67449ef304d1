"""stage: put the pretrained weights of a grid into the store, once for all pods.

    python -m jobs.stage specs/template/study.yaml

The spec is that of `train`. Weights given by URL, and random ones, need no staging. Weights that are staged already are
kept; with `--replace`, every byte of them is checked.

Reads   torchvision's files of weights, downloaded unless they are cached
Writes  weights/<backbone>-<name>/       the file, its source and licence; see learning.networks.staged_weights
"""

from __future__ import annotations

import sys

from neurograde.runtime.command import job
from neurograde.runtime.job import Job
from neurograde.runtime.up_to_date import UpToDate
from neurograde.specs.train import TrainSpec
from neurograde.storage.artefact import read_manifest


@job(TrainSpec)
def stage(job: Job[TrainSpec]) -> None:
    """Stage the weights of each backbone in turn."""
    wanted = [backbone for backbone in job.spec.backbones if backbone.is_enum]
    if not job.replace:
        wanted = [
            backbone for backbone in wanted if read_manifest(job.store, f"weights/{backbone.staged_name}") is None
        ]
    made = 0
    if wanted:
        from neurograde.learning.networks import staged_weights

        made = sum(staged_weights.stage(job, backbone) for backbone in wanted)
    if not made:
        raise UpToDate(f"the weights of grid {job.spec.name} are up to date in {job.store.url}, or need no staging")


if __name__ == "__main__":
    sys.exit(stage.main())
