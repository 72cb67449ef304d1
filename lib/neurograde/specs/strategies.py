"""Strategies (§4.2 to 4.4) of a train spec: the layers that are new, frozen or trained."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field, model_validator

from neurograde.specs.base import Model
from neurograde.specs.quantities import Positive, Unit

Activation = Literal["linear", "sigmoid", "softmax", "tanh", "relu", "leaky_relu", "prelu", "elu", "swish", "mish"]


class StrategyModel(Model):
    """A way to adapt a backbone to the classes of a spec."""

    TITLE: ClassVar[str]
    """Name on a page."""
    UNIT: ClassVar[str] = ""
    """Name of one of the layers that `depth` counts; empty where a strategy has a single depth."""
    SYMBOL: ClassVar[str] = ""
    """Letter of the depth in the report."""

    kind: str
    """The strategy."""

    @property
    def label(self) -> str:
        """Name in session ids."""
        return self.kind

    @property
    def depth(self) -> int:
        """Number of layers that are new before the last, or trained besides it; 0 is the new last layer alone."""
        return self.hidden_layers + (self.trained_layers or 0)

    @property
    def has_frozen_trunk(self) -> bool:
        """True where the whole trunk stays as it is, so that its features are computed once for all sessions."""
        return False

    @property
    def hidden_layers(self) -> int:
        """Number of layers that the new head has before its last."""
        return 0

    @property
    def trained_layers(self) -> int | None:
        """Number of the trunk's layers that are trained, counted from its end; None: all of them."""
        return 0


class Straightforward(StrategyModel):
    """§4.2: a new last layer on the frozen trunk."""

    TITLE = "New last layer"

    kind: Literal["straightforward"]
    """The strategy."""

    @property
    def has_frozen_trunk(self) -> bool:
        """True: only the new layer is trained."""
        return True


class Extension(StrategyModel):
    """§4.3: k times (Linear to half the width, LeakyReLU, dropout), then the last layer, on the frozen trunk."""

    TITLE = "Extension"
    UNIT = "non-linearity"
    SYMBOL = "k"

    kind: Literal["extension"]
    """The strategy."""
    non_linearities: Annotated[int, Field(ge=1, le=12)]
    """k, the number of non-linearities."""
    activation: Activation = "leaky_relu"
    """The non-linearity, of table 1.1; `prelu` learns one slope per layer, `softmax` is over a layer's units."""
    negative_slope: Unit = 0.2
    """Slope of LeakyReLU below zero, and the initial slope of PReLU."""
    alpha: Positive = 1.0
    """Negated limit of ELU far below zero."""
    dropout: Unit = 0.5
    """Share of the units dropped after each non-linearity."""

    @property
    def label(self) -> str:
        """Name in session ids."""
        other = "" if self.activation == "leaky_relu" else f"-{self.activation}"
        return f"{self.kind}{self.non_linearities}{other}"

    @property
    def has_frozen_trunk(self) -> bool:
        """True: only the new layers are trained."""
        return True

    @property
    def hidden_layers(self) -> int:
        """Return k."""
        return self.non_linearities

    @model_validator(mode="after")
    def _check_slopes(self) -> Extension:
        for field, owners in (("negative_slope", ("leaky_relu", "prelu")), ("alpha", ("elu",))):
            is_given = getattr(self, field) != type(self).model_fields[field].default
            if is_given and self.activation not in owners:
                raise ValueError(f"{field} belongs to {' and '.join(owners)}, the activation is {self.activation}")
        return self


class Unfreezing(StrategyModel):
    """§4.4: a new last layer, and the last n layers trained from their initial weights."""

    TITLE = "Unfreezing"
    UNIT = "unfrozen layer"
    SYMBOL = "n"

    kind: Literal["unfreezing"]
    """The strategy."""
    layers: Annotated[int, Field(ge=0)]
    """n: weight tensors of two or more dimensions before the new layer, counted backwards in registration order."""

    @property
    def label(self) -> str:
        """Name in session ids."""
        return f"{self.kind}{self.layers}"

    @property
    def trained_layers(self) -> int | None:
        """Return n."""
        return self.layers


class Whole(StrategyModel):
    """Every layer trained; what `leaknet`, which has no pretrained weights, needs (§2.6)."""

    TITLE = "Every layer"

    kind: Literal["whole"]
    """The strategy."""

    @property
    def trained_layers(self) -> int | None:
        """Return None: all layers are trained."""
        return None


Strategy = Annotated[Straightforward | Extension | Unfreezing | Whole, Field(discriminator="kind")]

KINDS: tuple[str, ...] = tuple(
    get_args(strategy.model_fields["kind"].annotation)[0] for strategy in get_args(get_args(Strategy)[0])
)
"""The kinds of strategies, in the order of §4.2 to 4.4."""
