"""metrics.json of evaluations: sessions and settings compared, one session chosen, and its success on each subset."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from neurograde.specs.base import is_none
from neurograde.specs.results.assessment import Assessment, CalibrationBin, Intervals, SubsetResult, Threshold
from neurograde.specs.results.base import Part, Result


class BestEpoch(Part):
    """An epoch that the minimax rule picked: the worse of train and valid, and the four values."""

    epoch: int
    """The epoch, 1 or later."""
    loss: float | None
    """max(train loss, valid loss)."""
    accuracy: float | None
    """min(train accuracy, valid accuracy)."""
    train_loss: float | None = None
    """Running mean over the epoch, in training mode."""
    valid_loss: float | None = None
    """Mean over the valid subset, in eval mode."""
    train_accuracy: float | None = None
    """Running share over the epoch, in training mode."""
    valid_accuracy: float | None = None
    """Share of the valid subset, in eval mode."""


class Setting(Part):
    """A point of the grid: a backbone, a strategy, a learning rate and a batch size."""

    cell: str
    """Id of the setting: a session's without its repeat."""
    backbone: str
    """Name of the network."""
    strategy: str
    """Label of its adaptation."""
    learning_rate: float
    """Step size."""
    batch_size: int
    """Samples per step."""


class SessionResult(Setting):
    """The result of a session."""

    FIRST: ClassVar[tuple[str, ...]] = ("id",)

    id: str
    """Id of the session."""
    repeat: int
    """Number of the repeat, from 0."""
    diverged: int | None = None
    """Epoch at which it diverged; None where it did not."""
    best_loss: BestEpoch | None = None
    """Epoch of least minimax loss; None where it diverged."""
    best_accuracy: BestEpoch | None = None
    """Epoch of greatest minimax accuracy; None where it diverged."""


class Spread(Part):
    """A value over the repeats of a setting."""

    mean: float | None
    """Mean; None without a repeat."""
    std: float | None
    """Standard deviation (n - 1); None with fewer than two repeats."""
    best: float | None
    """Best repeat; None without one."""


class CellResult(Setting):
    """The result of a setting over its repeats."""

    n: int
    """Repeats that did not diverge."""
    diverged: int = 0
    """Repeats that diverged."""
    loss: Spread
    """Best minimax loss of each repeat."""
    accuracy: Spread
    """Best minimax accuracy of each repeat."""
    accuracy_at_best_loss: Spread | None = None
    """Accuracy at the epoch of best loss, as the report's figure 4.3 shows it; None in files of the first stand-ins."""


class Chosen(Part):
    """The session that opened the test set."""

    session: str
    """Id of the session."""
    cell: str
    """Id of its setting."""
    rule: str
    """The spec's `opens`."""


class CasesOfSubset(Part):
    """The cases of a subset, graded from their patches in three ways."""

    fewer_than_k: int
    """Cases with fewer than k patches."""
    mean: Assessment
    """Grades by the mean probability."""
    vote: Assessment
    """Grades by a vote of the patches."""
    top_k: Assessment
    """Grades by the mean of the k highest scores."""


class Cases(Part):
    """The grades of whole cases."""

    k: int
    """Number of highest-scoring patches averaged for `top_k`."""
    subsets: dict[str, CasesOfSubset]
    """Grades of each subset."""


class Recalibration(Part):
    """The effect of the temperature on the original patches of a subset."""

    n: int
    """Number of patches."""
    families: int
    """Families that they come from."""
    before: Intervals
    """Metrics before."""
    after: Intervals
    """Metrics after."""
    change: Intervals
    """Metrics after less metrics before, paired."""
    calibration: dict[str, tuple[CalibrationBin, ...]]
    """Reliability diagram `before` and `after`."""


class Temperature(Part):
    """The temperature that fits valid best."""

    value: float
    """The temperature."""
    source: str
    """Source of the temperature, in words."""
    at_border: bool
    """True if it is at the border of the values that were searched."""
    subsets: dict[str, Recalibration]
    """Effect on each subset."""


class Ensemble(Part):
    """The repeats of the chosen setting together, and their difference from the chosen session."""

    sessions: tuple[str, ...]
    """Ids of the repeats, the chosen session first."""
    rule: str
    """Rule of their combination, in words."""
    threshold: Threshold | None = None
    """Threshold that their own valid probabilities give."""
    subsets: dict[str, SubsetResult]
    """Result on each subset."""
    less_chosen: dict[str, dict[str, Intervals]]
    """Metrics less the chosen session's, paired, by subset and level."""
    losses: Annotated[dict[str, tuple[float, ...]] | None, Field(exclude_if=is_none)] = None
    """Loss per sample of each session, by subset, in the order of `sessions`; None in older files."""


class External(Part):
    """An external test set."""

    patches: str
    """Name of its patches."""
    test_set: str
    """Digest of the set."""
    openings: int
    """Times that it was opened, this one included."""
    elsewhere: Annotated[int | None, Field(exclude_if=is_none)] = None
    """Openings by then in the other stores that the spec names; None where it names none."""


class EvaluationResult(Result):
    """An evaluation. What was added since the first version is None in older files."""

    run: str
    """Name of the run."""
    classes: tuple[str, ...]
    """The classes, in the order of the probabilities."""
    positive: str
    """The class that sensitivity and specificity are of."""
    sessions: tuple[SessionResult, ...]
    """Every session, in the grid's order."""
    cells: tuple[CellResult, ...]
    """Every setting, best first."""
    chosen: Chosen
    """The session that opened the test set."""
    threshold: Threshold
    """Threshold of that session."""
    subsets: dict[str, SubsetResult]
    """Result of that session on each subset."""
    cases: Cases | None = None
    """Grades of whole cases."""
    temperature: Temperature | None = None
    """Calibration by a temperature."""
    ensemble: Ensemble | None = None
    """The repeats of its setting together; None of a single session."""
    test_standardised_as_train: SubsetResult | None = None
    """The test set as new images are standardised; None where its own statistics are train's."""
    test_set: str
    """Digest of the test set."""
    openings: int
    """Times that the test set was opened, this one included."""
    elsewhere: Annotated[int | None, Field(exclude_if=is_none)] = None
    """Openings by then in the other stores that the spec names; None where it names none."""
    external: External | None = None
    """The external test set; None without one."""
    notes: tuple[str, ...] = ()
    """Remarks that a reader of the figures must know, a sentence each."""

    @property
    def chosen_cell(self) -> CellResult:
        """The setting of the session that opened the test set."""
        return next(cell for cell in self.cells if cell.cell == self.chosen.cell)
