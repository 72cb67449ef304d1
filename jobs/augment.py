"""augment: plan the samples: classes balanced by dihedral transforms (§2.4), then standardised (§2.5).

    python -m jobs.augment specs/demo/augment.yaml

Reads   partitions/<partition>, and the patches behind it
Writes  datasets/<name>/samples.csv            patch, transform, subset, label: one row per sample
                       /balance.json           tables 2.1, 2.2 and 2.3
                       /standardisation.json   mean and standard deviation per channel and subset
                       /samples/               the samples as files, with `materialise: true`
"""

from __future__ import annotations

import sys

from neurograde.errors import DataError
from neurograde.runtime.command import job
from neurograde.runtime.job import Job
from neurograde.runtime.upstream import made_from
from neurograde.specs.augment import AugmentSpec


@job(AugmentSpec)
def augment(job: Job[AugmentSpec]) -> None:
    """Balance, count and standardise; nothing is copied unless asked for."""
    spec = job.spec
    partition = job.upstream("partitions", spec.partition)
    patches = made_from(job, partition, "patches")
    with job.publish("datasets", inputs=[partition, patches]) as dataset:
        from neurograde.maths.plan import plan_samples, statistics
        from neurograde.patches.samples import channel_counts, sample_files
        from neurograde.specs.results.balance import Balance
        from neurograde.specs.results.standardisation import Standardisation

        partition.verify()
        rows = partition.read_csv("assignment.csv")
        correlate = partition.manifest.spec["correlate"] or {}
        deal = correlate["seed"] if correlate.get("level") == "sample" else None
        left_out = (partition.manifest.spec.get("folds") or {}).get("k") == "families"  # valid and test: a family each
        may_lack = ("valid", "test") if left_out else ()
        try:
            plan = plan_samples(rows, spec.balance, spec.transforms, spec.seed, deal, may_lack=may_lack)
            standardisation = statistics(channel_counts(plan.samples, patches), spec.standardisation)
        except ValueError as error:
            raise DataError(f"{partition.url}: {error}") from None
        dataset.write_csv("samples.csv", ("patch", "transform", "subset", "label"), plan.samples)
        dataset.write_result("balance.json", Balance.of(plan.tables()))
        dataset.write_result("standardisation.json", Standardisation.of(standardisation))
        if spec.materialise:
            dataset.write_many(sample_files(plan.samples, patches))


if __name__ == "__main__":
    sys.exit(augment.main())
