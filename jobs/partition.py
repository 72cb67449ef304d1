"""partition: families to train, valid and test, each family whole (§2.3), with a proof of independence.

    python -m jobs.partition specs/demo/partition.yaml

Reads   patches/<patches>, every byte of it
Writes  partitions/<name>/assignment.csv      patch, class, family, subset: one row a patch
                         /summary.json        targets, what came out, D, the best possible D and the gap, and why
                         /independence.json   families and pixel digests of each subset, what they share, look-alikes
                         /figures/*.svg       families, subsets and D; none of a leak, as they show it undone
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from neurograde.errors import DataError, SpecError
from neurograde.runtime.command import job
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.specs.partition import PartitionSpec

if TYPE_CHECKING:
    from neurograde.maths.partition import Families, Partition, SearchOptions, Targets


@job(PartitionSpec)
def partition(job: Job[PartitionSpec]) -> None:
    """Weigh the families, assign them, say how good that can be, leak on purpose if asked to, prove the rest."""
    spec = job.spec
    patches = job.upstream("patches", spec.patches)
    with job.publish("partitions", inputs=[patches]) as out:
        from neurograde.maths.correlate import correlate
        from neurograde.maths.independence import independence
        from neurograde.maths.partition import SearchOptions, certified, leave_one_out, remarks
        from neurograde.maths.partition.summary import (
            coarseness,
            families_of,
            in_words,
            subsets_of,
            summarise,
            unrepresented,
        )
        from neurograde.maths.subsets import SUBSETS
        from neurograde.patches.near_duplicates import hash_every_patch, near_duplicates
        from neurograde.specs.results.independence import Independence
        from neurograde.specs.results.partition import PartitionSummary

        options = SearchOptions(spec.search_nodes, spec.search_seconds, spec.search_turns, spec.readings)
        rows = patches.read_csv("index.csv")
        try:
            targets = targets_of(spec, len({row["family"] for row in rows}))
        except ValueError as error:
            raise SpecError(f"{job.source}: {error}") from None
        hashes = hash_every_patch(patches, [row["patch"] for row in rows])
        try:
            left_out = spec.folds is not None and spec.folds.left_out is not None
            fewest = 1 if left_out else len(SUBSETS)
            families = families_of(rows, patches.manifest.spec["patch_size_px"] ** 2, fewest)
            solved = assign(spec, families, targets, options)
            subsets = subsets_of(rows, solved)
            proof = independence(rows, subsets)
        except ValueError as error:
            raise DataError(f"{patches.url}: {error}") from None
        if solved.certificate is None and not left_out:
            solved = certified(solved, families, targets, options)
        if spec.correlate is not None:
            subsets = correlate(rows, subsets, **spec.correlate.model_dump())
            proof = independence(rows, subsets, leaking=True)
            out.mark("leaking")
        alike = near_duplicates(rows, subsets, hashes)
        out.write_csv(
            "assignment.csv",
            ("patch", "class", "family", "subset"),
            [(row["patch"], row["class"], row["family"], subset) for row, subset in zip(rows, subsets, strict=True)],
        )
        folds = spec.folds.model_dump() if spec.folds else None
        lacking = tuple(leave_one_out.lacking(solved)) if left_out else unrepresented(solved)
        said = (*lacking, *coarseness(solved), *remarks(families, targets))
        summary = PartitionSummary.of(summarise(rows, subsets, solved, targets, remarks=said, folds=folds))
        out.write_result("summary.json", summary)
        out.write_result("independence.json", Independence.of(proof | {"near_duplicates": alike}))
        if spec.correlate is None:
            from neurograde.reports.partition_figures import partition_figures

            drawn = partition_figures(families, targets, solved, summary)
            out.write_many((f"figures/{each.slug}.svg", each.svg.encode()) for each in drawn)
        log.info(f"{len(solved.assignment)} families of {len(rows):,} patches: {in_words(solved)}")
        for line in lacking:
            log.warning(line)
        if alike.count:
            log.warning(
                f"{alike.count:,} pairs of patches look the same, in two families and two subsets: see "
                f"independence.json of {out.folder}; first {' and '.join(alike.pairs[0].patches)}"
            )


def targets_of(spec: PartitionSpec, families: int) -> Targets:
    """What the spec aims at, of so many families; ValueError naming a target that is out of bounds."""
    from neurograde.maths.partition import Targets, kfold

    weights = (spec.proportion_weight, spec.diversity_weight)
    if spec.folds:
        return kfold.targets_of(families if spec.folds.k == "families" else spec.folds.k, *weights)
    return Targets(spec.proportions, spec.diversity, *weights, spec.min_train_share)


def assign(spec: PartitionSpec, families: Families, targets: Targets, options: SearchOptions) -> Partition:
    """Who goes where by the spec's strategy; ValueError naming a class of too few families."""
    from neurograde.maths.partition import STRATEGIES, kfold, leave_one_out

    weights = (spec.proportion_weight, spec.diversity_weight)
    if spec.folds and spec.folds.left_out is not None:
        return leave_one_out.solve(families, spec.folds.left_out, *weights)
    if spec.folds and spec.folds.numbered is not None:
        k, test = spec.folds.numbered
        return kfold.solve(families, k, *weights)[test]
    return STRATEGIES[spec.strategy](families, targets, options)


if __name__ == "__main__":
    sys.exit(partition.main())
