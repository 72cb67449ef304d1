"""card.json of exports: the model card, of which card.md is the text for people."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from neurograde.specs.base import is_none
from neurograde.specs.results.assessment import ClassCount
from neurograde.specs.results.base import Part, Result
from neurograde.specs.results.model_facts import (
    ExportedFile,
    InputFacts,
    Licences,
    ModelFacts,
    OutputFacts,
    Verification,
)


class WrittenMetric(Part):
    """A metric with its interval, as a number and in words."""

    title: str
    """Name in words."""
    value: float | None
    """The metric; None where it is undefined."""
    low: float | None
    """Lower bound; None where there is none."""
    high: float | None
    """Upper bound; None where there is none."""
    text: str
    """Metric and interval as text."""


class WrittenAssessment(Part):
    """The success on some units."""

    n: int
    """Number of units."""
    families: int
    """Families that they come from."""
    classes: dict[str, ClassCount]
    """Units of each class."""
    metrics: dict[str, WrittenMetric]
    """Metrics by name."""


class WrittenCases(Part):
    """The success on whole cases, graded in three ways."""

    k: int
    """Number of highest-scoring patches averaged for `top_k`."""
    mean: WrittenAssessment
    """Grades by the mean probability."""
    vote: WrittenAssessment
    """Grades by a vote of the patches."""
    top_k: WrittenAssessment
    """Grades by the mean of the k highest scores."""


class CardMetrics(Part):
    """The success on test and valid."""

    test: dict[str, WrittenAssessment]
    """Test set by patch and by image."""
    valid: dict[str, WrittenAssessment]
    """Valid subset by patch."""
    cases: WrittenCases | None
    """Cases of the test set; None in evaluations that did not grade them."""
    as_in_the_report: WrittenAssessment | None
    """Test set standardised as on the evaluation's page; None where that is the same."""


class Selection(Part):
    """The choice of the session."""

    rule: str
    """The spec's `opens`."""
    cells: int
    """Number of settings that it was chosen from."""
    sessions: int
    """Number of sessions that it was chosen from."""
    openings: int
    """Times that the test set was opened."""
    test_set: str
    """Digest of the test set."""
    head: Annotated[str | None, Field(exclude_if=is_none)] = None
    """Head digest before the test set was opened; evaluations of older versions have none."""


class NamedDigest(Part):
    """An artefact that the model was made from."""

    name: str
    """Folder in the store."""
    digest: str
    """Digest of the artefact."""


class ClassOfData(Part):
    """One class of one subset."""

    families: int
    """Number of families."""
    patches: int
    """Number of patches."""
    samples: int
    """Number of samples."""


class DataFacts(Part):
    """The data that the model was trained and tested on."""

    source: Annotated[str | None, Field(exclude_if=is_none)] = None
    """Name of the data and of their owner, by the spec of the patches."""
    doi: Annotated[str | None, Field(exclude_if=is_none)] = None
    """DOI of the data."""
    family_is: Annotated[str | None, Field(exclude_if=is_none)] = None
    """The word for a family: patient, case, slide or image."""
    patches: NamedDigest
    """The patches."""
    dataset: NamedDigest
    """The data set."""
    standardisation: str
    """Mode of the standardisation."""
    subsets: dict[str, dict[str, ClassOfData]]
    """Size of each class of each subset."""


class SharedCount(Part):
    """The number of families and pixels that two subsets share."""

    subsets: tuple[str, str]
    """Names of the two."""
    families: int
    """Families in both."""
    identical_patches: int
    """Patches of one that are the same to the pixel as one of the other."""


class PartitionFacts(NamedDigest):
    """The partition, and the proof that its subsets are independent."""

    strategy: str
    """Strategy that made it."""
    loss: float | None
    """D."""
    gap: float | None
    """D less the least possible; None where that was not computed."""
    proved: bool | None
    """True if the best possible is known."""
    independent: bool
    """True if no two subsets share a family or a patch."""
    shared: tuple[SharedCount, ...]
    """Families and pixels that each two subsets share."""
    near_duplicates: int
    """Pairs of patches that look the same."""
    proof_sha256: str
    """SHA-256 of independence.json."""


class CarbonFacts(Part):
    """The cost of everything from the images to the evaluation."""

    co2e_g: float
    """Emissions."""
    kwh: float
    """Energy."""
    wall_seconds: float
    """Time."""
    time: str
    """Time in words."""
    region: str | None
    """Region of the electricity; None where there were several."""
    counts: str
    """Jobs that are counted, in words."""


class Source(Part):
    """A link of the chain of digests."""

    artefact: str
    """Folder in the store."""
    digest: str
    """Digest of the artefact."""


class ModelCard(Result):
    """A model card."""

    name: str
    """Name of the export."""
    marks: tuple[str, ...]
    """Warnings about the images and the partition."""
    intended_use: str
    """Uses that the model is made for."""
    not_for: tuple[str, ...]
    """Uses that it is not made for."""
    limits: tuple[str, ...]
    """Limits of its figures."""
    model: ModelFacts
    """The network."""
    threshold: float | None
    """Probability from which a patch counts as positive; None with more than two classes."""
    temperature: float
    """Temperature of the calibrated probabilities."""
    input: InputFacts
    """The input."""
    output: OutputFacts
    """The output."""
    metrics: CardMetrics
    """The success on test and valid."""
    selection: Selection
    """The choice of the session."""
    data: DataFacts
    """The data."""
    partition: PartitionFacts
    """The partition."""
    carbon: CarbonFacts
    """The cost."""
    licences: Licences
    """The licences."""
    verification: Verification
    """The check of the graph."""
    provenance: tuple[Source, ...]
    """Every artefact behind it."""
    files: dict[str, ExportedFile]
    """The files beside it."""
    command: str
    """Command that makes it again."""
    spec: dict[str, Any]
    """Spec of the export."""
