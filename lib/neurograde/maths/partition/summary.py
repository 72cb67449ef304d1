"""The files of a partition: assignment.csv and summary.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neurograde.maths.partition.problem import Families, Partition, Targets
from neurograde.maths.subsets import SUBSETS

Row = Mapping[str, str]


def families_of(rows: Sequence[Row], patch_area_px: int, fewest: int = len(SUBSETS)) -> Families:
    """Return the families of index.csv, weighed by the pixels of their patches, class by class (§2.3.1).

    A family without a patch has no row and is left out. Each class needs `fewest` families.
    """
    weights: dict[str, dict[str, int]] = {}
    for row in rows:
        of_class = weights.setdefault(row["class"], {})
        of_class[row["family"]] = of_class.get(row["family"], 0) + patch_area_px
    return Families.of(weights, fewest)


def subsets_of(rows: Sequence[Row], partition: Partition) -> list[str]:
    """Return the subset of each patch, which is that of its family."""
    return [SUBSETS[partition.assignment[row["family"]]] for row in rows]


def in_words(partition: Partition) -> str:
    """Return D and its distance from the best possible as a sentence for the log."""
    words = f"D = {float(partition.loss):.4f}"
    best = partition.certificate
    if best is None:
        return words
    if not best.proved:
        return f"{words}; none below {float(best.bound):.4f} is possible, the best found is {float(best.best):.4f}"
    alone = " for this fold alone" if partition.strategy == "kfold" else ""
    lifted = " with that little in train" if best.lifted else ""
    return (
        f"{words}; the best possible{alone}{lifted} is {float(best.best):.4f}, the gap {float(partition.gap or 0):.4f}"
    )


def coarseness(partition: Partition) -> tuple[str, ...]:
    """Return a line if the search tried a coarser grid of ε and μ, not every piece of D."""
    if not partition.coarse:
        return ()
    gap = f": D is at most {float(partition.gap):.4f} above the best possible" if partition.gap is not None else ""
    return (f"the turns of the search were spent, so ε and μ were tried on a coarser grid{gap}",)


def unrepresented(partition: Partition) -> tuple[str, ...]:
    """Return a line for each class that a subset lacks: D allows it, a data set does not (chapter 2)."""
    return tuple(
        f"class {label!r} has no family in {subset}, so that no data set can be made of this: add families of the "
        "class, ask for the strategy 'exact', or lift min_train_share"
        for label, score in partition.scores.items()
        for subset, families in zip(SUBSETS, score.families, strict=True)
        if not families
    )


def summarise(
    rows: Sequence[Row],
    subsets: Sequence[str],
    partition: Partition,
    targets: Targets,
    *,
    remarks: Sequence[str] = (),
    folds: Mapping[str, int | str] | None = None,
    divided: bool = False,
) -> dict[str, Any]:
    """Return summary.json: the targets, the result per class, and its distance from the best possible.

    Args:
        rows: The rows of index.csv.
        subsets: Subset of each patch, after a leak if there is one; patches are counted from it.
        partition: The assignment of families, which a leak does not change.
        targets: The targets.
        remarks: Reasons why D cannot be lower.
        folds: The fold or family tested in cross-validation.
        divided: True to list families by their patches, not by the partition: a given split may divide them.
    """
    certificate = partition.certificate
    return {
        "format": 1,
        "strategy": partition.strategy,
        "folds": folds and dict(folds),
        "targets": {
            "proportions": [str(share) for share in targets.p],
            "diversity": [str(share) for share in targets.d],
            "proportion_weight": str(targets.proportion_weight),
            "diversity_weight": str(targets.diversity_weight),
            "min_train_share": None if targets.min_train_share is None else str(targets.min_train_share),
        },
        "loss": float(partition.loss),
        "parameters": {
            name: {"epsilon": str(where.epsilon), "mu": str(where.mu), "reading": where.reading}
            for name, where in partition.parameters.items()
        },
        "remarks": list(remarks),
        "certificate": certificate
        and {
            "best": float(certificate.best),
            "bound": float(certificate.bound),
            "gap": float(partition.gap or 0),
            "proved": certificate.proved,
            "lifted": certificate.lifted,
        },
        "classes": {
            label: {
                "weight": sum(score.weights),
                "families": sum(score.families),
                "loss": float(score.loss),
                "subsets": {
                    subset: {
                        "families": sorted(
                            {
                                row["family"]
                                for row, now in zip(rows, subsets, strict=True)
                                if row["class"] == label
                                and (now == subset if divided else partition.assignment[row["family"]] == index)
                            }
                        ),
                        "patches": sum(
                            now == subset and row["class"] == label for row, now in zip(rows, subsets, strict=True)
                        ),
                        "weight": score.weights[index],
                        "share": float(score.proportions[index]),
                        "family_share": float(score.diversity[index]),
                    }
                    for index, subset in enumerate(SUBSETS)
                },
            }
            for label, score in partition.scores.items()
        },
    }
