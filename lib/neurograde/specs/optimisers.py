"""Optimisers (table 1.4) of a train spec."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Tag

from neurograde.specs.base import Model
from neurograde.specs.quantities import NotNegative, Positive, Unit


class SGD(Model):
    """Stochastic gradient descent with momentum, as the study used it."""

    kind: Literal["sgd"] = "sgd"
    """The optimiser."""
    momentum: Unit = 0.9
    """Share of the last step that the next one keeps."""
    weight_decay: NotNegative = 0.0
    """L2 penalty added to the gradient; of AdamW, what each step takes off the weights."""


class Adagrad(Model):
    """Steps divided by the root of all squared gradients so far."""

    kind: Literal["adagrad"]
    """The optimiser."""
    eps: Positive = 1e-10
    """Added to what steps are divided by."""
    weight_decay: NotNegative = 0.0
    """L2 penalty added to the gradient."""


class RMSprop(Model):
    """Steps divided by the root of a running mean of the squared gradients."""

    kind: Literal["rmsprop"]
    """The optimiser."""
    alpha: Unit = 0.99
    """Share of the running mean that each step keeps."""
    momentum: Unit = 0.0
    """Share of the last step that the next one keeps."""
    eps: Positive = 1e-8
    """Added to what steps are divided by."""
    weight_decay: NotNegative = 0.0
    """L2 penalty added to the gradient."""


class Adam(Model):
    """Running means of gradient and squared gradient, both corrected for their beginning at zero."""

    kind: Literal["adam"]
    """The optimiser."""
    beta1: Unit = 0.9
    """Share of the mean gradient that each step keeps."""
    beta2: Unit = 0.999
    """Share of the mean squared gradient that each step keeps."""
    eps: Positive = 1e-8
    """Added to what steps are divided by."""
    weight_decay: NotNegative = 0.0
    """L2 penalty added to the gradient."""


class AdamW(Adam):
    """Adam with the decay taken off the weights themselves."""

    kind: Literal["adamw"]  # type: ignore[assignment]  # a sibling in all but its name
    """The optimiser."""
    weight_decay: NotNegative = 0.01
    """Share of the weights that each step removes, times the step size."""


def _kind(default: str) -> Discriminator:
    """Return a discriminator by `kind`, which may be left out for `default`."""

    def kind_of(value: Any) -> Any:
        return value.get("kind", default) if isinstance(value, dict) else getattr(value, "kind", None)

    return Discriminator(kind_of)


Optimiser = Annotated[
    Annotated[SGD, Tag("sgd")]
    | Annotated[Adagrad, Tag("adagrad")]
    | Annotated[RMSprop, Tag("rmsprop")]
    | Annotated[Adam, Tag("adam")]
    | Annotated[AdamW, Tag("adamw")],
    _kind("sgd"),
]
