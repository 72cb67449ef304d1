"""stage: put the pretrained weights that a grid begins with into the store, once for all pods that will want them.

    python -m jobs.stage specs/template/train.yaml

The spec is that of `train`. Weights given by URL, and random ones, need no staging. What stands is left alone; with
`--replace` every byte of it is checked too.

Reads   torchvision's files of weights, downloaded where they are not at hand
Writes  weights/<backbone>-<name>/       the file, its source and licence; see learning.staged
"""

from __future__ import annotations

import sys

from neurograde.runtime.job import Job, UpToDate, job
from neurograde.specs.train import TrainSpec


@job(TrainSpec)
def stage(job: Job[TrainSpec]) -> None:
    """Stage the weights of each backbone in turn."""
    from neurograde.learning import staged

    made = [staged.stage(job, backbone) for backbone in job.spec.backbones]
    if not any(made):
        raise UpToDate(f"the weights of grid {job.spec.name} are up to date in {job.store.url}, or need no staging")


if __name__ == "__main__":
    sys.exit(stage.main())
