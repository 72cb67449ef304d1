"""partition: assign each family whole to train, valid or test (§2.3), and prove the subsets independent.

    python -m jobs.partition specs/demo/partition.yaml

Reads   patches/<patches>, every byte of it
Writes  partitions/<name>/assignment.csv      patch, class, family, subset: one row a patch
                         /summary.json        targets, what came out, D, the best possible D and the gap, and why
                         /independence.json   families and pixel digests of each subset, what they share, look-alikes
                         /strategies.csv      with `compare`: D, shares and families by every strategy, per class
                         /figures/*.svg       families, subsets and D; none of a leak, as they show it undone
"""

from __future__ import annotations

import sys

from neurograde.audit.given import GivenSplit
from neurograde.runtime.command import job
from neurograde.runtime.job import Job
from neurograde.specs.partition import PartitionSpec


@job(PartitionSpec)
def partition(job: Job[PartitionSpec]) -> None:
    """Weigh the families, assign and certify them, leak on purpose if the spec wants it, prove the rest."""
    spec = job.spec
    patches = job.upstream("patches", spec.patches)
    split = GivenSplit.read(spec.split) if spec.split else None
    with job.publish("partitions", inputs=[patches], raw=split.raw if split else None) as out:
        from neurograde.patches.partitioning import COLUMNS, Partitioning

        work = Partitioning(spec, job.source, patches, split.names if split else ())
        out.marks.update(work.marks)
        summary = work.summary()
        out.write_csv("assignment.csv", COLUMNS, work.assignment())
        out.write_result("summary.json", summary)
        out.write_result("independence.json", work.independence())
        if not work.leaks:
            from neurograde.reports.partition_figures import partition_figures

            figures = partition_figures(work.families, work.targets, work.solved, summary)
            out.write_many((f"figures/{figure.slug}.svg", figure.svg.encode()) for figure in figures)
        if spec.compare:
            from neurograde.maths.partition import comparison
            from neurograde.reports.partition_figures import comparison_figures

            contenders = comparison.side_by_side(work.families, work.targets, work.options)
            out.write_csv("strategies.csv", comparison.COLUMNS, list(comparison.rows(contenders)))
            figures = comparison_figures(work.families, work.targets, contenders)
            out.write_many((f"figures/{figure.slug}.svg", figure.svg.encode()) for figure in figures)
        work.log(out.folder)


if __name__ == "__main__":
    sys.exit(partition.main())
