"""The records that jobs leave in the store; each carries `format` and stays readable for good.

Longer than other files, since all records lie here: what one names, another holds.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, TypeAdapter, model_validator

from neurograde.maths.digest import canonical_json, sha256_hex
from neurograde.specs.base import Model, Name, Record, Sealed, Sha256, is_none
from neurograde.specs.patch import Margins
from neurograde.specs.strategies import Strategy

STRATEGY: TypeAdapter[Strategy] = TypeAdapter(Strategy)
"""Reads the strategy of a session."""


def _is_empty(value: tuple[object, ...]) -> bool:
    return not value


def _is_first(revision: int) -> bool:
    return revision == 1


RevisionNumber = Annotated[int, Field(ge=1, exclude_if=_is_first)]
"""Number of a job's revision; 1 is left out of the record, as in records of before there were revisions."""


def _check_moment(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return text


Moment = Annotated[str, AfterValidator(_check_moment)]
"""A time in ISO 8601, with its time zone."""


class FileRecord(Record):
    """One file of an artefact."""

    sha256: Sha256
    """SHA-256 of the file's bytes."""
    size: int
    """Length in bytes."""
    portable_sha256: Annotated[Sha256 | None, Field(exclude_if=is_none)] = None
    """SHA-256 of the bytes without the address of the store, where they hold it: what the artefact's digest is over."""

    @property
    def identity(self) -> list[Any]:
        """The part of an artefact's digest that this file is."""
        return [self.sha256, self.size] if self.portable_sha256 is None else [self.portable_sha256]


class InputRecord(Record):
    """An upstream artefact that was read."""

    kind: str
    """Folder of the store that holds it: `patches`, `partitions`, `datasets`, ..."""
    name: str
    """Name at the time; two names of one digest are the same artefact."""
    digest: Sha256
    """Digest of the input."""


class LedgerEntry(Model):
    """A record of a ledger, as the artefact names it that came of that opening."""

    ledger: Sha256
    """Name of the ledger: its folder under ledgers/."""
    number: Annotated[int, Field(ge=1)]
    """Number of the record in it."""
    sha256: Sha256
    """SHA-256 of the record's bytes."""


class RawInput(Record):
    """A file from outside the store's artefacts that was read: an image, a table, pretrained weights."""

    path: str
    """Path inside its folder, or its code where the job pseudonymises."""
    size: int
    """Length in bytes."""
    stamp: str
    """Modification time or etag: when size and stamp are unchanged, the file is not hashed again."""
    sha256: Sha256
    """SHA-256 of the file's bytes."""


class Manifest(Record):
    """Manifest of an artefact: its identity, inputs and cost. Written last: without it the artefact does not exist."""

    kind: str
    """Folder of the store that holds the artefact."""
    name: str
    """The artefact's name."""
    job: str
    """The job that made it."""
    spec: dict[str, Any]
    """The whole spec as it was run."""
    spec_digest: Sha256
    """Digest of the spec's identity."""
    revision: RevisionNumber = 1
    """Revision of the job that made it, see `specs.revisions`."""
    inputs: tuple[InputRecord, ...] = ()
    """Upstream artefacts, in the order in which the job names them."""
    raw: tuple[RawInput, ...] = ()
    """Files from outside, by path."""
    features: tuple[InputRecord, ...] = ()
    """Trunk features, or a baseline's descriptions, that were read: no inputs, since they can be made from these again;
    so outside the digest."""
    files: dict[str, FileRecord]
    """Every file of the artefact but the manifest, by path."""
    marks: tuple[str, ...] = ()
    """Marks that every page shows beside the artefact: `synthetic`, `leaking`."""
    diverged: Annotated[tuple[str, ...], Field(exclude_if=_is_empty)] = ()
    """Sessions of a shard that diverged, by id; its files list them too, so outside the digest."""
    openings: Annotated[tuple[LedgerEntry, ...], Field(exclude_if=_is_empty)] = ()
    """Records of the ledgers of the test sets that the job opened; outside the digest."""
    head: Annotated[Sha256 | None, Field(exclude_if=is_none)] = None
    """Head digest of an evaluation, registered before its test set was opened; outside the digest."""
    software: dict[str, str] = Field(default_factory=dict)
    """Versions of the packages that made it."""
    machine: dict[str, Any] = Field(default_factory=dict)
    """Facts of the machine that made it."""
    wall_seconds: float = 0.0
    """Time that the job took."""
    carbon: dict[str, Any] | None = None
    """Energy and emissions of the job."""
    carbon_wasted: dict[str, Any] | None = None
    """The part of `carbon` that went into work lost to preemption; null where nothing was lost."""

    @property
    def digest(self) -> str:
        """SHA-256 over spec, inputs and files; never over names of inputs, times, machine or carbon.

        The revision counts from 2 on, so that artefacts of before there were revisions keep their digests.
        """
        identity: dict[str, Any] = {
            "kind": self.kind,
            "spec": self.spec_digest,
            "inputs": [[record.kind, record.digest] for record in self.inputs],
            "raw": [[record.path, record.size, record.sha256] for record in self.raw],
            "files": {path: record.identity for path, record in self.files.items()},
            "marks": list(self.marks),
        }
        if self.revision > 1:
            identity["revision"] = self.revision
        return sha256_hex(canonical_json(identity))


class Session(Record):
    """One training run: a setting of the grid and its repeat."""

    id: str
    """`mobilenet_v2-straightforward-lr0.001-b32-r00`: names its random streams too."""
    backbone: str
    """Torchvision's name of the network, or `leaknet`."""
    weights: str
    """Source of the initial weights."""
    strategy: dict[str, Any]
    """The adaptation: kind and its depth."""
    learning_rate: float
    """Step size."""
    batch_size: int
    """Samples a step."""
    repeat: int
    """Repeat of the setting, from 0."""
    epochs: int
    """Epochs to train."""

    @property
    def cell(self) -> str:
        """The session's id without its repeat: what is averaged over repeats."""
        return self.id.rsplit("-r", 1)[0]

    @property
    def adaptation(self) -> Strategy:
        """The strategy as the spec has it."""
        return STRATEGY.validate_python(self.strategy)


class Shard(Record):
    """Work of one pod: sessions that share a frozen trunk."""

    name: Name
    """Folder of the shard under the grid's."""
    sessions: tuple[Session, ...]
    """Sessions, in order."""


class Grid(Sealed):
    """The frozen expansion of a train spec: grid.json."""

    name: Name
    """Name of the grid: its folder under runs/."""
    spec: dict[str, Any]
    """The train spec as it was expanded."""
    spec_digest: Sha256
    """Digest of the spec's identity."""
    revision: RevisionNumber = 1
    """Revision of the job `train` by which all its shards are made."""
    inputs: tuple[InputRecord, ...]
    """The data set that every session reads."""
    raw: tuple[RawInput, ...] = ()
    """The weights files that were given by URL."""
    marks: tuple[str, ...] = ()
    """Marks of the data set: `synthetic`, `leaking`."""
    shards: tuple[Shard, ...]
    """The shards, in the order of their completion index."""


class Metrics(Record):
    """Metrics of one session in one epoch; null where it has diverged."""

    train_loss: float | None
    """Running mean over the epoch's batches, in training mode; in eval mode for epoch 0."""
    train_accuracy: float | None
    """Running mean over the epoch's batches, as a share."""
    valid_loss: float | None
    """Mean over the valid samples, in eval mode."""
    valid_accuracy: float | None
    """Share of the valid samples, in eval mode."""


class Best(Model):
    """The best epoch of a session so far, by the minimax rule of §4.1.2."""

    epoch: int
    """The epoch."""
    loss: float
    """max(train loss, valid loss) at it."""


class Commit(Sealed):
    """One finished epoch of a shard: create-only, and written after the blob that it names."""

    epoch: int
    """The epoch, 0 before any step."""
    attempt: int
    """The attempt that committed it."""
    key: str
    """The checkpoint blob, relative to the shard."""
    sha256: Sha256
    """SHA-256 of the blob: tensors only, in canonical order, so equal states are equal digests."""
    size: int
    """Length of the blob in bytes."""
    metrics: dict[str, Metrics]
    """Metrics of this epoch by session id; a session that has reached its last epoch is absent."""
    earlier: tuple[dict[str, Metrics], ...] = ()
    """Metrics of the preceding epochs without a commit, oldest first."""
    diverged: dict[str, int] = Field(default_factory=dict)
    """Sessions that have diverged so far, with the epoch at which they did."""
    carbon: dict[str, Any] | None = None
    """Energy and emissions of this epoch, and of the earlier ones."""
    best: dict[str, Best] = Field(default_factory=dict)
    """Best epoch so far by session id: who watches the grid need not read its history."""
    carbon_so_far: dict[str, Any] | None = None
    """Energy and emissions of all commits up to this one."""

    @property
    def first_epoch(self) -> int:
        """The first epoch that this commit covers."""
        return self.epoch - len(self.earlier)

    @property
    def epochs(self) -> dict[int, dict[str, Metrics]]:
        """Metrics of every epoch that this commit covers."""
        return dict(enumerate((*self.earlier, self.metrics), self.first_epoch))


class Lap(Model):
    """Energy that went into the work between two commits."""

    epoch: int
    """The first epoch that it went into: whichever commit covers that one counts it."""
    carbon: dict[str, Any]
    """The energy and its emissions."""


class Attempt(Record):
    """A claim on a shard, or on another artefact: create-only; its number is the fencing token."""

    attempt: Annotated[int, Field(ge=1)]
    """Number of the attempt, from 1."""
    resumes_from: int | None
    """The last committed epoch that it found, null when there was none."""
    token: str
    """Random, so that no two claims are the same bytes: a create-only put takes its own bytes for success."""
    claimed_at: Moment
    """When, in ISO 8601, UTC."""
    machine: dict[str, Any] = Field(default_factory=dict)
    """Facts of the machine that claimed it."""
    work: Annotated[Sha256 | None, Field(exclude_if=is_none)] = None
    """Digest of the spec and the inputs that the artefact is made from; a shard's are those of its grid."""


class Status(Record):
    """Heartbeat of an attempt: overwritten at most every 20 seconds, and once at its end."""

    attempt: int
    """Number of the attempt."""
    at: Moment
    """When, in ISO 8601, UTC."""
    epoch: int | None
    """The epoch under way."""
    ended: str | None = None
    """End of the attempt: `done`, `SIGTERM` or `SIGINT` (asked to stop), `fenced`, `error`; null while it runs."""
    exit_code: int | None = None
    """Exit code; null while it runs."""
    carbon: dict[str, Any] | None = None
    """Energy of this attempt that none of its commits counts: wasted, if it ends here."""
    laps: tuple[Lap, ...] = ()
    """The same by parts, since a commit under way may still come to count one of them."""


class Cell(Model):
    """A square that a reviewer decided on otherwise than the tissue filter."""

    row: Annotated[int, Field(ge=0)]
    """Row in the grid, from 0."""
    col: Annotated[int, Field(ge=0)]
    """Column in the grid, from 0."""
    reason: str | None = None
    """Why it was greyed; null for a background square that was restored."""


DecisionNumber = Annotated[int, Field(ge=1, le=999_999)]
"""Number of a decision: six digits in the name of its record."""


class Decision(Record):
    """Decision of one reviewer on one image: create-only; a later number replaces the earlier one as a whole."""

    image: str
    """The image's path in its folder, or its code where the review pseudonymises."""
    image_sha256: Sha256
    """Digest of the reviewed file; the decision is void for any other file."""
    width_px: Annotated[int, Field(ge=1)]
    """Width of the image."""
    height_px: Annotated[int, Field(ge=1)]
    """Height of the image."""
    patch_size_px: Annotated[int, Field(ge=1)]
    """Side of the grid's squares; the decision is void for any other grid."""
    level: Annotated[int | None, Field(exclude_if=is_none)] = None
    """Level of a slide that the spec asked for; the decision is void for any other level."""
    um_per_px: Annotated[float | None, Field(exclude_if=is_none)] = None
    """Resolution of a slide that the spec asked for; the decision is void for any other resolution."""
    margins_px: Margins
    """Pre-crop that the grid begins from."""
    reviewer: Name
    """Name of the reviewer."""
    number: DecisionNumber
    """Number among this reviewer's decisions on this image, from 1."""
    at: str
    """When, in ISO 8601, UTC."""
    rejected: tuple[Cell, ...] = ()
    """Squares with tissue that cannot inherit the label."""
    restored: tuple[Cell, ...] = ()
    """Squares that the tissue filter took for background and that are kept all the same."""
    background: Annotated[int, Field(ge=0)] = 0
    """Squares that stay background: with the others, the image's account."""
    finished: bool = False
    """True where the reviewer has finished the image."""

    @property
    def resolution(self) -> tuple[int | None, float | None]:
        """Return level and µm/px; (None, None) for a picture."""
        return self.level, self.um_per_px

    @property
    def of_slide(self) -> bool:
        """True for a decision on a slide."""
        return self.resolution != (None, None)

    @model_validator(mode="after")
    def _within_the_grid(self) -> Decision:
        inner = (
            self.height_px - self.margins_px.top - self.margins_px.bottom,
            self.width_px - self.margins_px.left - self.margins_px.right,
        )
        rows, cols = (max(0, side) // self.patch_size_px for side in inner)
        named = [(each.row, each.col) for each in (*self.rejected, *self.restored)]
        for row, col in named:
            if row >= rows or col >= cols:
                raise ValueError(f"square ({row}, {col}) is outside the grid of {rows} rows and {cols} columns")
        if len(set(named)) < len(named):
            raise ValueError("a square is named twice")
        if self.background + len(named) > rows * cols:
            raise ValueError(f"{self.background} background squares and {len(named)} others are more than the grid has")
        return self


class Opening(Record):
    """One opening of a test set, in its ledger."""

    test_set: Sha256
    """Digest of the source images with their classes and families; in records without `patches`, the digest of the
    test patches."""
    patches: Annotated[Sha256 | None, Field(exclude_if=is_none)] = None
    """Digest of the test patches: pixels and labels. Older ledgers are named by it."""
    before: Annotated[Sha256 | None, Field(exclude_if=is_none)] = None
    """SHA-256 of the record before this one in the ledger, for the first that of no bytes; null in records of before
    ledgers were chained."""
    looked_at: Annotated[int | None, Field(exclude_if=is_none)] = None
    """Number of images of the test set that `predict` graded; null in an evaluation's record."""
    evaluation: str
    """Name of the evaluation that opened it."""
    evaluation_spec_digest: Sha256
    """Digest of that evaluation's spec."""
    run: Sha256
    """Digest of the run that was tested."""
    session: str
    """The session whose weights were tested."""
    at: str
    """When, in ISO 8601, UTC."""
