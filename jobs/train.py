"""train: fine-tune a grid of networks (§3, 4), all sessions of a shard together, and resume after an interruption.

    python -m jobs.train specs/demo/train.yaml
    JOB_COMPLETION_INDEX=3 python -m jobs.train specs/demo/train.yaml      one shard, as in a pod of the cluster;
                                                                           NEUROGRADE_ROW: of that row

Reads   datasets/<dataset>, the patches behind it, and the weights that the spec names
Writes  runs/<name>/grid.json                        the frozen expansion: shards, and the sessions of each
                   /<shard>/history.csv              loss and accuracy of every session and epoch
                           /best.safetensors         weights of every session's best epoch
                           /sessions.json            best epochs, and where sessions diverged
                           /attempts/ checkpoints/ commits/ status/   see neurograde.storage.journal
"""

from __future__ import annotations

import sys

from neurograde.errors import AllDiverged
from neurograde.runtime.command import job
from neurograde.runtime.grid import existing_grid, is_pod, publish_grid, require_staged_weights, unfinished_shards
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.runtime.up_to_date import UpToDate
from neurograde.runtime.upstream import made_from
from neurograde.specs.train import TrainSpec


@job(TrainSpec)
def train(job: Job[TrainSpec]) -> None:
    """Freeze the grid, then train what is left of it."""
    dataset = job.upstream("datasets", job.spec.dataset)
    grid = existing_grid(job, dataset)
    if grid and not unfinished_shards(job, grid):
        raise UpToDate(f"{job.store.url}/runs/{grid.name} is up to date")
    require_staged_weights(job)

    from neurograde.learning.data.samples import read_samples, read_statistics
    from neurograde.learning.networks import staged_weights
    from neurograde.learning.run import preflight
    from neurograde.learning.run.shard import train_shard

    dataset.verify(but={path for path in dataset.manifest.files if path.startswith("samples/")})  # unread here
    samples = read_samples(job.spec, dataset, made_from(job, dataset, "patches"))
    statistics = read_statistics(dataset)
    if grid is None:
        preflight.check(job.spec, samples)
        grid = publish_grid(job, dataset)
    shards = unfinished_shards(job, grid)
    wanted = {session.backbone for shard in shards for session in shard.sessions}
    staged_weights.fetch(job.store, [backbone for backbone in job.spec.backbones if backbone.name in wanted])
    hopeless = None
    for shard in shards:
        try:
            train_shard(job, grid, shard, samples, statistics)
        except AllDiverged as error:  # it costs the other shards nothing
            hopeless = error
    if hopeless is not None:
        if not is_pod():
            raise hopeless
        log.warning(f"{hopeless}; the shard is published, and its Job goes on")


if __name__ == "__main__":
    sys.exit(train.main())
