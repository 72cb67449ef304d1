"""Spec of `train` (§3, 4): a grid of sessions from the start; one setting is a grid of one."""

from __future__ import annotations

import re
from itertools import product
from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from neurograde.specs.base import JobSpec, Model, Name, check_classes
from neurograde.specs.names import Label
from neurograde.specs.optimisers import SGD, Optimiser
from neurograde.specs.quantities import NotNegative, Positive, Unit
from neurograde.specs.strategies import Strategy, StrategyModel

Epochs = Annotated[int, Field(ge=1, le=10_000)]


class Backbone(Model):
    """A network and where its weights come from."""

    name: str
    """Torchvision's name of a classifier (`inception_v3`, `mobilenet_v2`, ...), `leaknet`, or
    `scattering1` and `scattering2`, whose weights are wavelets."""
    weights: str
    """`none` for random weights, a name of torchvision's enum (`IMAGENET1K_V1`), or the URL of a state dict."""

    @property
    def is_enum(self) -> bool:
        """True where the weights are named by the family's enum, not by a URL."""
        return re.fullmatch(r"[A-Z][A-Z0-9_]*", self.weights) is not None

    @property
    def staged_name(self) -> str:
        """Name under `weights/` in the store of torchvision's file, once it is staged there."""
        return f"{self.name}-{self.weights}"


class Loss(Model):
    """The training loss. Cosine and contrastive loss of table 1.3 compare two inputs, and are left out."""

    kind: Literal["cross_entropy", "focal", "hinge", "large_margin", "center"] = "cross_entropy"
    """`cross_entropy` (binary for two classes), `focal` (hard samples count more), `hinge` (margin of one),
    `large_margin` softmax, or cross-entropy with a `center` for each class. The last two record cross-entropy."""
    gamma: NotNegative = 2.0
    """Exponent of `focal`: the larger, the less do samples count that are right already; 0 is cross-entropy."""
    margin: Annotated[int, Field(ge=2, le=4)] = 2
    """Factor on the right class's angle in `large_margin`."""
    pull: NotNegative = 0.003
    """Weight of half the squared distance from the centre in `center`."""
    center_rate: Unit = 0.5
    """Rate at which centres follow their class in `center`."""

    @field_validator("kind", mode="before")
    @classmethod
    def _one_input(cls, kind: object) -> object:
        if kind in ("cosine", "contrastive"):
            raise ValueError(f"{kind} compares two inputs and classifies none: it is left out")
        return kind


class Schedule(Model):
    """Step size over the epochs: a factor on every session's learning rate."""

    kind: Literal["constant", "step", "cosine"] = "constant"
    """`step` multiplies by `factor` every so many epochs; `cosine` falls to `factor` at the last epoch."""
    every: Annotated[int, Field(ge=1)] = 10
    """Epochs from one step of `step` to the next."""
    factor: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Factor of `step`, and the last value of `cosine`."""
    warm_up: Annotated[int, Field(ge=0)] = 0
    """Epochs at the beginning over which the rate rises to its full size, a step an epoch."""


class EarlyStopping(Model):
    """End a session whose valid loss has stopped falling; its best epoch's weights are kept in any case (§1.5.3)."""

    patience: Annotated[int, Field(ge=1)]
    """Epochs without a lower valid loss after which it ends."""
    min_delta: NotNegative = 0.0
    """Smallest fall of the loss that counts."""


class EpochsRule(Model):
    """Epochs of some sessions of a grid: small steps and some networks need more of them (§5.3.2: 25 to 100)."""

    epochs: Epochs
    """Epochs of the sessions that meet the conditions; a rule without conditions holds for all."""
    min_learning_rate: Positive | None = None
    """Smallest learning rate that the rule holds for."""
    max_batch_size: Annotated[int, Field(ge=1)] | None = None
    """Largest batch size that the rule holds for."""
    backbones: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Networks that the rule holds for, of those of the grid; all when not given."""
    strategies: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Strategies that the rule holds for: a kind, or a strategy as session names have it, `extension4`; all when not
    given."""

    def holds(self, learning_rate: float, batch_size: int, backbone: str, strategy: StrategyModel) -> bool:
        """Return True where the rule holds for sessions of this setting."""
        return (
            learning_rate >= (self.min_learning_rate or 0.0)
            and batch_size <= (self.max_batch_size or batch_size)
            and (self.backbones is None or backbone in self.backbones)
            and (self.strategies is None or not {strategy.kind, strategy.label}.isdisjoint(self.strategies))
        )


EpochsOrRules = Annotated[
    Annotated[Epochs, Tag("(number)")] | Annotated[tuple[EpochsRule, ...], Field(min_length=1), Tag("(rules)")],
    Discriminator(lambda value: "(rules)" if isinstance(value, list | tuple) else "(number)"),
]


class TrainSpec(JobSpec):
    """Train every session of a grid: backbones x strategies x learning rates x batch sizes x repeats."""

    PLACEMENT: ClassVar[frozenset[str]] = JobSpec.PLACEMENT | {"cache_gib", "engine"}  # engines agree to rounding

    job: Literal["train"]
    """The job this spec is for."""
    dataset: Name
    """The data set to learn from."""
    classes: Annotated[tuple[Label, ...], Field(min_length=2)]
    """The classes in label order. Two: one logit and binary cross-entropy. More: softmax and cross-entropy."""
    positive: Label
    """The class that sensitivity and specificity speak of; with two classes, the one of label 1."""
    backbones: Annotated[tuple[Backbone, ...], Field(min_length=1)]
    """The networks."""
    strategies: Annotated[tuple[Strategy, ...], Field(min_length=1)]
    """Strategies by which each network is adapted."""
    learning_rates: Annotated[tuple[Positive, ...], Field(min_length=1)]
    """Step sizes of the grid."""
    batch_sizes: Annotated[tuple[Annotated[int, Field(ge=1, le=4096)], ...], Field(min_length=1)]
    """Batch sizes of the grid."""
    repeats: Annotated[int, Field(ge=1, le=1000)]
    """Sessions per setting, which differ in their random streams only."""
    epochs: EpochsOrRules
    """Epochs of each session; or rules by batch size, learning rate, backbone and strategy, of which the first that
    holds counts."""
    optimiser: Optimiser = SGD()
    """Optimiser of the weights."""
    loss: Loss = Loss()
    """The training loss."""
    class_weights: Literal["balanced"] | dict[Label, Positive] | None = None
    """Factor on the loss per class; `balanced`: the inverse of its share of the train samples. None: no factors."""
    schedule: Schedule = Schedule()
    """Step size over the epochs."""
    early_stopping: EarlyStopping | None = None
    """Rule by which a session ends early; None: never, as in the study."""
    crop: Literal["random", "center"] = "random"
    """Crop of a larger patch in training; everywhere else it is the centre crop."""
    input_size_px: Annotated[int, Field(ge=32, le=1024)] | None = None
    """Side of the network's input; None: 224, or 299 for Inception, to which patches are resized."""
    crop_slices: Annotated[int, Field(ge=1)] | None = None
    """Random crops per sample in the bank that all sessions read; None: as many as epochs."""
    engine: Literal["plain", "shared"] = "shared"
    """`shared` computes the frozen part once for all sessions; `plain` is its readable, slow reference. A grid that
    has begun goes on as it began."""
    precision: Literal["fp64", "fp32", "bf16", "fp16"] = "fp32"
    """Arithmetic of the frozen part; the trained part is fp32. Under `fp64` (for checks) both are."""
    boundary: Literal["fp16", "same"] = "fp16"
    """With `unfreezing`, how activations before the first trained layer are kept; `same` is as `precision`."""
    cache_gib: Annotated[float, Field(ge=0)] = 8.0
    """Local disk for cached arrays, GiB; what does not fit is computed again when it is needed."""
    deterministic: bool = True
    """True: results are bit for bit the same on the same kind of machine. False: a GPU may sum in a faster order."""
    checkpoint_every: Annotated[int, Field(ge=1)] = 1
    """Epochs from one checkpoint to the next; a kill costs at most these."""
    sessions_per_shard: Annotated[int, Field(ge=1)] | None = None
    """Largest number of sessions per pod; None: all that share a trunk."""
    keep_last: Annotated[int, Field(ge=1)] = 2
    """Checkpoints kept while a shard is trained; older ones are deleted once a newer commit is verified, all once the
    shard is published."""
    seed: Annotated[int, Field(ge=0)]
    """Root of every random stream: initial weights, order, crops, dropout."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device to train on; `auto` takes a GPU if one is available."""
    workers: Annotated[int, Field(ge=1)] | None = None
    """Threads that torch may use; None: all cores. Where layers of the network itself are trained on a CPU, results
    differ bitwise between thread counts; a resumed shard keeps the count it started with."""

    @model_validator(mode="after")
    def _consistent(self) -> TrainSpec:
        check_classes(self.classes, self.positive)
        if isinstance(self.class_weights, dict) and set(self.class_weights) != set(self.classes):
            raise ValueError(f"class_weights {self.class_weights} must name the classes {list(self.classes)}")
        self._check_rules()
        for field in ("learning_rates", "batch_sizes"):
            values = getattr(self, field)
            if len(set(values)) < len(values):
                raise ValueError(f"{field} {list(values)} must differ, or their sessions would be the same")
        for field, keys in (
            ("backbones", [backbone.name for backbone in self.backbones]),
            ("strategies", [strategy.label for strategy in self.strategies]),
        ):
            if len(set(keys)) < len(keys):
                raise ValueError(f"{field} {keys} must differ, or their sessions would be the same")
        return self

    def _check_rules(self) -> None:
        """Raise ValueError for a rule of a network or strategy that the grid lacks, or a setting without a rule."""
        names = {backbone.name for backbone in self.backbones}
        strategies = {word for strategy in self.strategies for word in (strategy.kind, strategy.label)}
        for rule in () if isinstance(self.epochs, int) else self.epochs:
            for field, values, known in (
                ("backbones", rule.backbones, names),
                ("strategies", rule.strategies, strategies),
            ):
                if unknown := sorted(set(values or ()) - known):
                    raise ValueError(
                        f"epochs: {field}: {unknown[0]!r} is not in this grid; accepted: {', '.join(sorted(known))}"
                    )
        assert self.longest

    def epochs_of(self, learning_rate: float, batch_size: int, backbone: str, strategy: StrategyModel) -> int:
        """Return the epochs of a setting's sessions; ValueError where no rule holds for it."""
        if isinstance(self.epochs, int):
            return self.epochs
        for rule in self.epochs:
            if rule.holds(learning_rate, batch_size, backbone, strategy):
                return rule.epochs
        raise ValueError(
            f"epochs: no rule holds for learning rate {learning_rate:g} with batch size {batch_size} of {backbone} "
            f"with {strategy.label}; end the list with a rule without conditions"
        )

    @property
    def longest(self) -> int:
        """Epochs of the sessions that have most of them."""
        names = [backbone.name for backbone in self.backbones]
        settings = product(self.learning_rates, self.batch_sizes, names, self.strategies)
        return max(self.epochs_of(*setting) for setting in settings)
