"""partition: families to train, valid and test, each family whole (§2.3), with a proof of independence.

    python -m jobs.partition specs/demo/partition.yaml

Reads   patches/<patches>, every byte of it
Writes  partitions/<name>/assignment.csv      patch, class, family, subset: one row a patch
                         /summary.json        targets, what came out, D, the best possible D and the gap
                         /independence.json   families and pixel digests of each subset, and what they share
"""

from __future__ import annotations

import sys

from neurograde.errors import DataError, SpecError
from neurograde.runtime.job import Job, job
from neurograde.runtime.log import log
from neurograde.specs.partition import PartitionSpec


@job(PartitionSpec)
def partition(job: Job[PartitionSpec]) -> None:
    """Weigh the families, assign them, leak on purpose if asked to, prove the rest."""
    spec = job.spec
    patches = job.upstream("patches", spec.patches)
    with job.publish("partitions", inputs=[patches]) as out:
        from neurograde.maths.correlate import correlate
        from neurograde.maths.independence import independence
        from neurograde.maths.partition import STRATEGIES, Limits, Targets
        from neurograde.maths.partition.summary import families_of, subsets_of, summarise

        try:
            targets = Targets(
                spec.proportions, spec.diversity, spec.proportion_weight, spec.diversity_weight, spec.min_train_share
            )
        except ValueError as error:
            raise SpecError(f"{job.source}: {error}") from None
        patches.verify()
        rows = patches.read_csv("index.csv")
        try:
            families = families_of(rows, patches.manifest.spec["patch_size_px"] ** 2)
            solved = STRATEGIES[spec.strategy](families, targets, Limits(spec.search_nodes, spec.search_seconds))
            subsets = subsets_of(rows, solved)
            proof = independence(rows, subsets)
        except ValueError as error:
            raise DataError(f"{patches.url}: {error}") from None
        if spec.correlate is not None:
            subsets = correlate(rows, subsets, **spec.correlate.model_dump())
            proof = independence(rows, subsets, leaking=True)
            out.mark("leaking")
        out.write_csv(
            "assignment.csv",
            ("patch", "class", "family", "subset"),
            [(row["patch"], row["class"], row["family"], subset) for row, subset in zip(rows, subsets, strict=True)],
        )
        out.write_json("summary.json", summarise(rows, subsets, solved, targets))
        out.write_json("independence.json", proof)
        log.info(f"{len(solved.assignment)} families of {len(rows):,} patches: D = {float(solved.loss):.4f}")


if __name__ == "__main__":
    sys.exit(partition.main())
