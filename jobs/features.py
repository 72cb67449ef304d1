"""features: compute the outputs of a grid's frozen trunks for every sample (§4.2, 4.3), once for all its sessions.

    python -m jobs.features specs/demo/train.yaml

The spec is that of `train`, which computes the features that it does not find: this job computes them ahead, once for
all shards that would begin at the same time. Published features are kept; with `--replace`, every byte of them is
checked. A grid that is trained already needs none.

Reads   datasets/<dataset>, the patches behind it, and the weights files that the spec names
Writes  features/<digest>/       one for each backbone, subset and slice of random crops; see learning.features.artefact
"""

from __future__ import annotations

import sys

from neurograde.runtime.command import job
from neurograde.runtime.grid import is_trained, require_staged_weights
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.runtime.up_to_date import UpToDate
from neurograde.runtime.upstream import made_from
from neurograde.specs.train import TrainSpec


@job(TrainSpec)
def features(job: Job[TrainSpec]) -> None:
    """Compute the features of each backbone in turn."""
    spec = job.spec
    if spec.engine == "plain" or not any(strategy.has_frozen_trunk for strategy in spec.strategies):
        log.info(f"nothing to do: the grid {spec.name} under engine {spec.engine} reads no features")
        return
    dataset = job.upstream("datasets", spec.dataset)
    if not job.replace and is_trained(job, dataset):
        raise UpToDate(f"{job.store.url}/runs/{spec.name} is trained: no features to compute")
    require_staged_weights(job)

    from neurograde.learning.data.samples import read_samples, read_statistics
    from neurograde.learning.engines.protocol import TrainingContext
    from neurograde.learning.features.bank import Features
    from neurograde.learning.networks import staged_weights
    from neurograde.learning.networks.weights import prepare_trunk
    from neurograde.learning.run import preflight
    from neurograde.learning.run.device import prepare_device

    samples = read_samples(spec, dataset, made_from(job, dataset, "patches"))
    statistics = read_statistics(dataset)
    preflight.check(spec, samples)
    staged_weights.fetch(job.store, spec.backbones)
    device = prepare_device(spec.device, spec.workers, deterministic=spec.deterministic)
    made = 0
    for backbone in spec.backbones:
        trunk, _ = prepare_trunk(spec, backbone, ())
        bank = Features(job, TrainingContext(spec, trunk, samples, statistics, device), charged=True)
        made += bank.make()
    if not made:
        raise UpToDate(f"the features of grid {spec.name} are up to date in {job.store.url}")
    log.info(f"published {made:,} arrays of features in {job.store.url}/features")


if __name__ == "__main__":
    sys.exit(features.main())
