"""A partition of patches, step by step: families weighed and assigned, leaked on purpose if asked, the rest proved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neurograde.errors import DataError, SpecError
from neurograde.maths.accuracy_width import folds_instead, what_it_decides
from neurograde.maths.correlate import correlate
from neurograde.maths.given_split import leaks, measured, subsets_of_names
from neurograde.maths.identity import spellings
from neurograde.maths.independence import independence
from neurograde.maths.partition import (
    STRATEGIES,
    Families,
    Partition,
    SearchOptions,
    Targets,
    certified,
    kfold,
    leave_one_out,
    remarks,
)
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
from neurograde.runtime.log import log
from neurograde.specs.partition import PartitionSpec
from neurograde.specs.results.independence import Independence
from neurograde.specs.results.partition import PartitionSummary
from neurograde.storage.artefact import Artefact

COLUMNS = ("patch", "class", "family", "subset")


class Partitioning:
    """A partition of the patches of an artefact."""

    def __init__(
        self, spec: PartitionSpec, source: str, patches: Artefact, names: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Weigh the families and assign them.

        Args:
            spec: The spec of the job.
            source: Path or URL of the spec, for messages.
            patches: The patches; every byte of them is read.
            names: Names and their subsets, of the strategy `given`.

        Raises:
            SpecError: a target is out of bounds.
            DataError: a class has too few families, or the names do not fit the patches.
        """
        self.spec, self.patches = spec, patches
        self.marks: tuple[str, ...] = ()
        self.rows = patches.read_csv("index.csv")
        try:
            self.targets = _targets_of(spec, len({row["family"] for row in self.rows}))
        except ValueError as error:
            raise SpecError(f"{source}: {error}") from None
        self._check_spellings()
        hashes = hash_every_patch(patches, [row["patch"] for row in self.rows])
        try:
            fewest = 1 if self._leaves_one_out or spec.split else len(SUBSETS)
            self.families = families_of(self.rows, patches.manifest.spec["patch_size_px"] ** 2, fewest)
            if spec.split:
                self._measure(names)
            else:
                self.solved = _assign(spec, self.families, self.targets, self.options)
                self.subsets = subsets_of(self.rows, self.solved)
                self.proof = independence(self.rows, self.subsets)
        except ValueError as error:
            raise DataError(f"{patches.url}: {error}") from None
        enough = all(len(self.families.members(label)) >= len(SUBSETS) for label in self.families.classes)
        if self.solved.certificate is None and enough and not self._leaves_one_out:
            self.solved = certified(self.solved, self.families, self.targets, self.options)
        if spec.correlate is not None:
            self.subsets = correlate(self.rows, self.subsets, **spec.correlate.model_dump())
            self.proof = independence(self.rows, self.subsets, leaking=True)
            self.marks = ("leaking",)
        self.alike = near_duplicates(self.rows, self.subsets, hashes)

    @property
    def _spellings(self) -> dict[str, Any] | None:
        """Answer of `patch` to spellings that meet; None where none do."""
        path = "spellings.json"
        return self.patches.read_json(path) if path in self.patches.manifest.files else None

    def _check_spellings(self) -> None:
        """Raise DataError if one family or class is spelt in several ways that nobody asked to keep apart."""
        if self.patches.manifest.spec.get("spellings") == "keep_apart":
            return
        for column in ("family", "class"):
            for names in spellings(row[column] for row in self.rows).values():
                raise DataError(
                    f"{self.patches.url}: {column} {' and '.join(map(repr, names))} are one name in several spellings: "
                    "make the patches again, with spellings: merge or keep_apart"
                )

    def _measure(self, names: Sequence[tuple[str, str]]) -> None:
        """Take the split that the spec names, whatever it leaks."""
        self.subsets, level, unused = subsets_of_names(self.rows, names)
        log.info(f"the split names {level} by {level}; names without a patch: {unused:,}")
        self.solved = measured(self.rows, self.subsets, self.families, self.targets)
        self.proof, self.marks = leaks(self.rows, self.subsets)

    @property
    def leaks(self) -> bool:
        """True if subsets share families or pixels, on purpose or in a split of somebody else."""
        return bool(self.marks)

    @property
    def _leaves_one_out(self) -> bool:
        return self.spec.folds is not None and self.spec.folds.left_out is not None

    def assignment(self) -> list[tuple[str, ...]]:
        """Return the rows of assignment.csv."""
        pairs = zip(self.rows, self.subsets, strict=True)
        return [(row["patch"], row["class"], row["family"], subset) for row, subset in pairs]

    def summary(self) -> PartitionSummary:
        """Return the content of summary.json."""
        said = (*self._reasons, *self._lacking(), *coarseness(self.solved), *remarks(self.families, self.targets))
        folds = self.spec.folds.model_dump() if self.spec.folds else None
        return PartitionSummary.of(
            summarise(
                self.rows,
                self.subsets,
                self.solved,
                self.targets,
                remarks=said,
                folds=folds,
                divided=self.spec.split is not None,
            )
        )

    def independence(self) -> Independence:
        """Return the content of independence.json."""
        return Independence.of(self.proof | {"near_duplicates": self.alike, "spellings": self._spellings})

    def log(self, folder: str) -> None:
        """Log the result, and warn of what a reader of the artefact in `folder` must know."""
        log.info(f"{len(self.solved.assignment)} families of {len(self.rows):,} patches: {in_words(self.solved)}")
        self._log_width()
        for line in (*self._reasons, *self._lacking()):
            log.warning(line)
        if self.alike.count:
            log.warning(
                f"{self.alike.count:,} pairs of patches look the same, in two families and two subsets: see "
                f"independence.json of {folder}; first {' and '.join(self.alike.pairs[0].patches)}"
            )

    def _log_width(self) -> None:
        """Log how much the test subset can decide, before anything is trained, and where folds would decide more."""
        rows = zip(self.rows, self.subsets, strict=True)
        log.info(what_it_decides(len({row["family"] for row, subset in rows if subset == "test"})))
        suggestion = folds_instead({label: len(self.families.members(label)) for label in self.families.classes})
        if suggestion and self.spec.folds is None:
            log.info(suggestion)

    @property
    def _reasons(self) -> tuple[str, ...]:
        return tuple(self.proof.get("reasons", ()))

    @property
    def options(self) -> SearchOptions:
        """Options of the search, as the spec gives them."""
        spec = self.spec
        return SearchOptions(spec.search_nodes, spec.search_seconds, spec.search_turns, spec.readings)

    def _lacking(self) -> Sequence[str]:
        return tuple(leave_one_out.lacking(self.solved)) if self._leaves_one_out else unrepresented(self.solved)


def _targets_of(spec: PartitionSpec, families: int) -> Targets:
    """Return the targets of the spec for so many families; ValueError naming a target that is out of bounds."""
    weights = (spec.proportion_weight, spec.diversity_weight)
    if spec.folds:
        return kfold.targets_of(families if spec.folds.k == "families" else spec.folds.k, *weights)
    return Targets(spec.proportions, spec.diversity, *weights, spec.min_train_share)


def _assign(spec: PartitionSpec, families: Families, targets: Targets, options: SearchOptions) -> Partition:
    """Return the assignment by the spec's strategy; ValueError naming a class of too few families."""
    weights = (spec.proportion_weight, spec.diversity_weight)
    if spec.folds and spec.folds.left_out is not None:
        return leave_one_out.solve(families, spec.folds.left_out, *weights)
    if spec.folds and spec.folds.numbered is not None:
        k, test = spec.folds.numbered
        return kfold.solve(families, k, *weights)[test]
    return STRATEGIES[spec.strategy](families, targets, options)
