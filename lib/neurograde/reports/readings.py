"""What a report takes from the files of other jobs; fields that it has no use for are passed over."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from neurograde.errors import DataError
from neurograde.specs.base import Format, Share
from neurograde.storage.artefact import Artefact


class Reading(BaseModel):
    """Part of a file."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


ReadingT = TypeVar("ReadingT", bound=Reading)


def read(model: type[ReadingT], artefact: Artefact, path: str) -> ReadingT:
    """The file of the artefact as `model`; DataError naming file and field where they do not fit."""
    try:
        return model.model_validate_json(artefact.read(path))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        raise DataError(f"{artefact.url}/{path}: {field}: {first['msg']}") from None


class PixelAccount(Reading):
    """Where the pixels of a class, or of the whole set, went."""

    images: int
    patches: int
    total_px: int
    kept_px: int
    labels_px: int
    background_px: int
    borders_px: int
    precrop_px: int
    families: int | None = None


class Review(Reading):
    """How far a review went that the patches followed."""

    images: int
    reviewers: dict[str, int]
    undecided: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()
    void: dict[str, str] = {}


class Accounting(PixelAccount):
    """accounting.json of patches."""

    format: Format
    patch_size_px: int
    images_without_patches: int = 0
    review: Review | None = None
    classes: dict[str, PixelAccount]


class SubsetOfClass(Reading):
    """What a partition gave one subset of one class."""

    families: tuple[str, ...]
    patches: int
    share: float
    family_share: float


class ClassOfPartition(Reading):
    """How a partition divided one class."""

    families: int
    subsets: dict[str, SubsetOfClass]
    loss: float | None = None


class Targets(Reading):
    """What a partition aimed at, in the order train, valid, test."""

    proportions: tuple[Share, ...]
    diversity: tuple[Share, ...]


class Certificate(Reading):
    """How far the partition is from the best there is."""

    bound: float
    best: float
    gap: float
    proved: bool
    lifted: bool = False


class Folds(Reading):
    """Which fold of how many is tested, from 0; or which family, where `k` says `families`."""

    k: int | str
    test: int | str


class Partition(Reading):
    """summary.json of a partition."""

    format: Format
    strategy: str
    targets: Targets
    classes: dict[str, ClassOfPartition]
    loss: float | None = None
    certificate: Certificate | None = None
    folds: Folds | None = None
    remarks: tuple[str, ...] = ()


class NearDuplicates(Reading):
    """Pairs of patches that look the same, in two families and two subsets."""

    count: int
    too_plain: int


class Shared(Reading):
    """What two subsets have in common: nothing, unless the partition leaks."""

    subsets: tuple[str, str]
    families: tuple[str, ...]
    identical_patches: int


class Independence(Reading):
    """independence.json of a partition."""

    near_duplicates: NearDuplicates
    leaking: bool = False
    shared: tuple[Shared, ...] = ()


class ClassOfBalance(Reading):
    """Table 2.1 for one class of one subset."""

    start: int
    balanced: int
    final: int


class Ratio(Reading):
    """Table 2.2 for one subset: largest class over smallest."""

    start: float
    balanced: float
    final: float


class SubsetOfBalance(Reading):
    """How the classes of one subset were balanced."""

    r: int
    ngca: int
    classes: dict[str, ClassOfBalance]
    ratio: Ratio


class Balance(Reading):
    """balance.json of a data set."""

    format: Format
    balance: str
    transforms: int
    classes: tuple[str, ...]
    subsets: dict[str, SubsetOfBalance]


class Statistics(Reading):
    """Mean and deviation of each channel, on the scale 0 to 1."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


class Standardisation(Reading):
    """standardisation.json of a data set."""

    format: Format
    mode: str
    subsets: dict[str, Statistics]


class BestEpoch(Reading):
    """An epoch that the minimax rule picked."""

    epoch: int
    loss: float | None
    accuracy: float | None


class SessionResult(Reading):
    """What a session reached."""

    id: str
    cell: str
    diverged: int | None = None
    best_loss: BestEpoch | None = None
    best_accuracy: BestEpoch | None = None


class Spread(Reading):
    """What the repeats of a cell reached."""

    mean: float | None
    std: float | None
    best: float | None


class CellResult(Reading):
    """What a cell reached over its repeats."""

    cell: str
    backbone: str
    strategy: str
    learning_rate: float
    batch_size: int
    n: int
    diverged: int = 0
    loss: Spread
    accuracy: Spread


class Interval(Reading):
    """A metric with its 95 % interval over families."""

    value: float | None
    low: float | None = None
    high: float | None = None
    undefined: int = 0


class CalibrationBin(Reading):
    """A point of the calibration curve."""

    low: float
    high: float
    n: int
    mean_probability: float | None
    positive_share: float | None


class ClassCount(Reading):
    """Units of a class, and the families that they come from."""

    n: int
    families: int


class Assessment(Reading):
    """How the chosen session did on some units."""

    n: int
    families: int
    classes: dict[str, ClassCount] = {}
    metrics: dict[str, Interval]
    confusion: tuple[tuple[int, ...], ...]
    calibration: tuple[CalibrationBin, ...] = ()
    roc: tuple[tuple[float, float], ...] = ()

    def metric(self, name: str) -> Interval:
        """The metric `name`; undefined where it was not taken."""
        return self.metrics.get(name, Interval(value=None))


class SubsetResult(Reading):
    """The three ways of counting a subset."""

    samples: Assessment
    patches: Assessment
    images: Assessment


class CasesOfSubset(Reading):
    """The cases of a subset, graded from their patches in three ways."""

    fewer_than_k: int
    mean: Assessment
    vote: Assessment
    top_k: Assessment


class Cases(Reading):
    """Grades of whole cases."""

    k: int
    subsets: dict[str, CasesOfSubset]


class Recalibration(Reading):
    """What the temperature does to the original patches of a subset."""

    n: int
    families: int
    before: dict[str, Interval]
    after: dict[str, Interval]
    change: dict[str, Interval]
    calibration: dict[str, tuple[CalibrationBin, ...]]


class Temperature(Reading):
    """The temperature that valid asks for."""

    value: float
    source: str
    at_border: bool
    subsets: dict[str, Recalibration]


class Ensemble(Reading):
    """The repeats of the chosen cell together, and how they differ from the chosen session."""

    sessions: tuple[str, ...]
    rule: str
    subsets: dict[str, SubsetResult]
    less_chosen: dict[str, dict[str, dict[str, Interval]]]


class BaselineMetrics(Reading):
    """metrics.json of a baseline."""

    format: Format
    method: str
    classes: tuple[str, ...]
    subsets: dict[str, SubsetResult]
    test_set: str


class Chosen(Reading):
    """The session that opened the test set."""

    session: str
    cell: str
    rule: str


class Threshold(Reading):
    """The probability from which a sample counts as positive."""

    value: float | None
    source: str


class Metrics(Reading):
    """metrics.json of an evaluation."""

    format: Format
    run: str
    classes: tuple[str, ...]
    positive: str
    sessions: tuple[SessionResult, ...]
    cells: tuple[CellResult, ...]
    chosen: Chosen
    threshold: Threshold
    subsets: dict[str, SubsetResult]
    test_set: str
    openings: int
    notes: tuple[str, ...] = ()
    cases: Cases | None = None
    """None in an evaluation of before they were graded; likewise what follows."""
    temperature: Temperature | None = None
    ensemble: Ensemble | None = None
    """None of a single session, too."""
    test_standardised_as_train: SubsetResult | None = None
    """The test set as new images are standardised; None where its own statistics are train's."""

    @property
    def chosen_cell(self) -> CellResult:
        """The cell of the session that opened the test set."""
        return next(each for each in self.cells if each.cell == self.chosen.cell)
