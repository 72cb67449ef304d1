"""The heads of several sessions as one: every parameter with a leading member axis, forward and backward by hand.

A head is a few small matrices, so one head alone spends its time on calls, not on arithmetic. Stacked, a step of all
members is one batched product a layer. The backward pass is written out because autograd would keep every product of
the step, write a gradient beside every weight and visit each again: a linear layer here adds the gradient straight to
its velocity (`products.add_outer`), and passes its own gradient on before its weight moves.

    forward    Z_l = H_{l-1} W_lᵀ + b_l,  H_l = act(Z_l) · mask / (1 - p)
    backward   D_{l-1} = (D_l W_l) · mask / (1 - p) · act'(Z_{l-1}),  with W_l as it was in the forward pass
    step       V_l ← μ V_l + D_lᵀ H_{l-1},  W_l ← W_l - lr V_l

The samples of the next steps are known, so steps come in blocks: dropout of the features and, where it pays, the first
layer's products are computed for a block at once (`first.py`).

A batched product treats each member alone: in a stack of a given width, a member's bits depend neither on its place
nor on its company. Another width may choose another kernel, so widths are fixed and stacks are padded to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from neurograde.learning.engines.stacked.products import add_outer, backward, forward
from neurograde.learning.engines.stacked.steps import Stepper, stepper
from neurograde.learning.losses.margin_and_centre import margin_logits, moved, pulls
from neurograde.learning.losses.objective import Objective
from neurograde.learning.networks.dropout import Dropout
from neurograde.learning.networks.elementwise import pointwise
from neurograde.specs.train import SGD, Optimiser

ROWS = 8
"""A layer of fewer outputs is small: its product is formed the other way round."""


class Layer(Protocol):
    """One layer of every member."""

    def forward(self, values: Tensor, rows: slice) -> Tensor:
        """What the layer makes of values (member, batch, in), the samples `rows` of the block, kept for `backward`."""

    def backward(self, gradient: Tensor, rates: Tensor) -> Tensor | None:
        """From the gradient of what it made to that of what it was given (None: nothing before it learns).

        A layer with parameters steps them by `rates`, (member, 1, 1).
        """

    def tensors(self) -> dict[str, Tensor]:
        """Parameters and what the optimiser keeps of them, (member, ...) each, by the names of torch's layers."""

    def infer(self, values: Tensor, member: int) -> Tensor:
        """What one member makes of values (batch, in) in eval mode."""


class Linear:
    """A linear layer of every member."""

    def __init__(self, layers: Sequence[nn.Linear], optimiser: Optimiser) -> None:
        """The members' layers."""
        self.weight = torch.stack([each.weight.detach() for each in layers])  # (member, out, in)
        self.bias = torch.stack([each.bias.detach() for each in layers])[:, None]  # (member, 1, out)
        self._step_weight: Stepper = stepper(optimiser, self.weight)
        self._step_bias: Stepper = stepper(optimiser, self.bias)
        self.values = self.weight
        """What the last forward pass was given, (member, batch, in)."""

    def forward(self, values: Tensor, rows: slice) -> Tensor:
        """Values (member, batch, in) to (member, batch, out)."""
        self.values = values
        return self.bias + product(values, self.weight)

    def backward(self, gradient: Tensor, rates: Tensor) -> Tensor | None:
        """Pass the gradient on, then step."""
        passed = backward(gradient, self.weight)
        self._step_weight.product(gradient, self.values, rates)
        self._step_bias.step(gradient.sum(1, keepdim=True), rates)
        return passed

    def tensors(self) -> dict[str, Tensor]:
        """`weight`, `bias`, and `weight/<slot>`, `bias/<slot>` of the optimiser."""
        slots = {"weight": self._step_weight.slots(), "bias": self._step_bias.slots()}
        kept = {f"{name}/{slot}": value for name, each in slots.items() for slot, value in each.items()}
        return {"weight": self.weight, "bias": self.bias} | kept

    def backward_through(
        self,
        function: Callable[[Tensor, Tensor, Tensor], Tensor],
        gradient_of: Callable[[Tensor], Tensor],
        rates: Tensor,
    ) -> Tensor:
        """Step by a function of (values, weight, bias) that is no product, as autograd differentiates it."""
        leaves = [each.detach().requires_grad_() for each in (self.values, self.weight, self.bias)]
        with torch.enable_grad():
            found = function(leaves[0], leaves[1], leaves[2])
        passed, weight, bias = torch.autograd.grad(found, leaves, gradient_of(found.detach()))
        self._step_weight.step(weight, rates)
        self._step_bias.step(bias, rates)
        return passed

    def parameters(self, member: int) -> dict[str, Tensor]:
        """One member's, in the shapes of torch's layer."""
        return {"weight": self.weight[member], "bias": self.bias[member, 0]}

    def infer(self, values: Tensor, member: int) -> Tensor:
        """One member's."""
        found: Tensor = self.bias[member] + product(values[None], self.weight[member : member + 1])[0]
        return found


class First(Linear):
    """The first linear layer of every member: it is given its values a block at a time, and passes no gradient on."""

    def begin(self, values: Tensor, batch: int, rates: Tensor) -> None:
        """Take the values of the next steps, (member, row, in), of `batch` rows each."""
        self._block = values

    def forward(self, values: Tensor, rows: slice) -> Tensor:
        """What comes of the block's samples `rows`."""
        return super().forward(self._block[:, rows], rows)

    def backward(self, gradient: Tensor, rates: Tensor) -> None:
        """Step."""
        self._step_weight.product(gradient, self.values, rates)
        self._step_bias.step(gradient.sum(1, keepdim=True), rates)

    def end(self) -> None:
        """All steps of the block have been taken."""


class Delayed(First):
    """A first layer whose weights move once a block; what they would be in between is worked into its products.

    A deep head's first layer is most of its weights, and a step on a small batch little more than reading and writing
    them: at batch 8 they are 70 % of the traffic. With X_t, D_t the values and gradients of step t, momentum μ and
    W_0, V_0 as the block begins,

        a_t = Σ_{i=1..t} μⁱ,  c_n = Σ_{i<n} μⁱ
        X_t W_tᵀ = X_t W_0ᵀ - lr a_t X_t V_0ᵀ - lr Σ_{j<t} c_{t-j} (X_t X_jᵀ) D_j
        V_s = μˢ V_0 + Σ_j μ^{s-1-j} D_jᵀ X_j,   W_s = W_0 - lr a_s V_0 - lr Σ_j c_{s-j} D_jᵀ X_j

    which is the same recurrence, multiplied out: twice the arithmetic, a block's traffic instead of every step's.
    """

    def __init__(self, layers: Sequence[nn.Linear], optimiser: Optimiser) -> None:
        """The members' layers, under SGD without weight decay."""
        super().__init__(layers, optimiser)
        self.velocity = self._step_weight.slots().get("momentum_buffer", torch.zeros_like(self.weight))
        assert isinstance(optimiser, SGD)
        self.momentum = optimiser.momentum

    @staticmethod
    def pays(optimiser: Optimiser, heads: Sequence[nn.Linear], batch: int) -> bool:
        """Whether the recurrence holds, and the layer is large and the batch small enough for it to be faster."""
        is_plain = isinstance(optimiser, SGD) and not optimiser.weight_decay
        return is_plain and heads[0].out_features >= ROWS and batch <= 16

    def begin(self, values: Tensor, batch: int, rates: Tensor) -> None:
        """Form the products that all steps of the block share."""
        self._block, self._batch, self._rates, self._taken = values, batch, rates, 0
        self._from_weight = forward(values, self.weight)  # (member, row, out)
        self._from_velocity = forward(values, self.velocity) * rates
        self._alike = forward(values, values) * rates  # (member, row, row)
        self._gradients = torch.zeros_like(self._from_weight)
        steps = torch.arange(values.shape[1] // batch + 1, dtype=values.dtype, device=values.device)
        powers = self.momentum**steps
        self._powers, self._sums = powers, powers.cumsum(0) - powers  # μⁿ and c_n
        self._drifts = self._sums + powers - 1  # a_t = c_t + μᵗ - 1

    def forward(self, values: Tensor, rows: slice) -> Tensor:
        """What comes of the block's samples `rows`, with the weights as they would be by now."""
        found = self._from_weight[:, rows] - self._drifts[self._taken] * self._from_velocity[:, rows] + self.bias
        if not self._taken:
            return found
        past = self._sums[1 : self._taken + 1].flip(0).repeat_interleave(self._batch)  # c_{t-j} of each past row
        return found.baddbmm_(self._alike[:, rows, : rows.start] * past, self._gradients[:, : rows.start], alpha=-1)

    def backward(self, gradient: Tensor, rates: Tensor) -> None:
        """Keep the gradient; step the bias, which is small."""
        self._gradients[:, self._taken * self._batch : (self._taken + 1) * self._batch] = gradient
        self._step_bias.step(gradient.sum(1, keepdim=True), rates)
        self._taken += 1

    def end(self) -> None:
        """Move weights and velocity to where the block's steps have brought them."""
        ages = torch.arange(self._taken - 1, -1, -1, device=self.weight.device).repeat_interleave(self._batch)[:, None]
        self.weight.addcmul_(self.velocity, self._rates, value=-float(self._drifts[self._taken]))
        moved = (self._gradients * self._sums[ages + 1]).mul_(self._rates)
        add_outer(self.weight, moved, self._block, alpha=-1)
        kept = self._gradients * self._powers[ages]
        add_outer(self.velocity, kept, self._block, beta=float(self._powers[self._taken]))


class LeakyReLU:
    """The activation of the study's extension."""

    def __init__(self, layers: Sequence[nn.LeakyReLU]) -> None:
        """The members' layers, which share their slope."""
        self.slope = layers[0].negative_slope
        self._values = torch.empty(0)

    def forward(self, values: Tensor, rows: slice) -> Tensor:
        """Values below zero times the slope."""
        self._values = values
        return nn.functional.leaky_relu(values, self.slope)

    def backward(self, gradient: Tensor, rates: Tensor) -> Tensor:
        """The gradient, times the slope where the values were below zero."""
        passed: Tensor = torch.ops.aten.leaky_relu_backward(gradient, self._values, self.slope, False)  # noqa: FBT003
        return passed

    def tensors(self) -> dict[str, Tensor]:
        """None."""
        return {}

    def infer(self, values: Tensor, member: int) -> Tensor:
        """As in training."""
        return nn.functional.leaky_relu(values, self.slope)


class PReLU:
    """Leaky ReLU whose slope is learned, one for each member."""

    def __init__(self, layers: Sequence[nn.PReLU], optimiser: Optimiser) -> None:
        """The members' layers."""
        self.slope = torch.stack([each.weight.detach() for each in layers])[:, None]  # (member, 1, 1)
        self._step: Stepper = stepper(optimiser, self.slope)
        self._values = torch.empty(0)

    def forward(self, values: Tensor, rows: slice) -> Tensor:
        """Values below zero times the member's slope."""
        self._values = values
        return torch.where(values > 0, values, self.slope * values)

    def backward(self, gradient: Tensor, rates: Tensor) -> Tensor:
        """Pass the gradient on, then step the slope."""
        is_above = self._values > 0
        passed = torch.where(is_above, gradient, self.slope * gradient)
        # Over a member's own values at once, in the shape that it has in whatever company.
        by_member = torch.where(is_above, 0, gradient * self._values)
        self._step.step(torch.stack([each.sum() for each in by_member])[:, None, None], rates)
        return passed

    def tensors(self) -> dict[str, Tensor]:
        """`weight`, the slope, and `weight/<slot>` of the optimiser."""
        return {"weight": self.slope, **{f"weight/{slot}": each for slot, each in self._step.slots().items()}}

    def parameters(self, member: int) -> dict[str, Tensor]:
        """One member's, in the shape of torch's layer."""
        return {"weight": self.slope[member, 0]}

    def infer(self, values: Tensor, member: int) -> Tensor:
        """As in training."""
        return torch.where(values > 0, values, self.slope[member] * values)


class Activation:
    """Any other activation, with the derivative that autograd knows."""

    def __init__(self, layers: Sequence[nn.Module]) -> None:
        """The members' layers, which hold no parameters and are all alike."""
        self.function = layers[0]
        self._values = self._found = torch.empty(0)

    def forward(self, values: Tensor, rows: slice) -> Tensor:
        """The function of every value; softmax, of every row."""
        with torch.enable_grad():
            self._values = values.detach().requires_grad_()
            is_by_row = isinstance(self.function, nn.Softmax)
            self._found = self.function(self._values) if is_by_row else pointwise(self.function, self._values)
        return self._found.detach()

    def backward(self, gradient: Tensor, rates: Tensor) -> Tensor:
        """The gradient times the derivative."""
        (passed,) = torch.autograd.grad(self._found, self._values, gradient)
        return passed

    def tensors(self) -> dict[str, Tensor]:
        """None."""
        return {}

    def infer(self, values: Tensor, member: int) -> Tensor:
        """As in training."""
        found: Tensor = self.function(values)
        return found


class Drop:
    """Dropout of every member, each by masks of its own."""

    def __init__(self, layers: Sequence[Dropout]) -> None:
        """The members' layers, which share rate and width."""
        self.layer = layers[0]
        self.masks = torch.empty(0)
        """For the block, (member, row, units): the scale where a unit is kept, 0 where it is dropped."""
        self._rows = slice(None)

    def forward(self, values: Tensor, rows: slice) -> Tensor:
        """The units kept, scaled."""
        self._rows = rows
        return values * self.masks[:, rows] if self.layer.threshold else values

    def backward(self, gradient: Tensor, rates: Tensor) -> Tensor:
        """The gradient of the units kept, scaled likewise."""
        return gradient * self.masks[:, self._rows] if self.layer.threshold else gradient

    def tensors(self) -> dict[str, Tensor]:
        """None."""
        return {}

    def infer(self, values: Tensor, member: int) -> Tensor:
        """All of them."""
        return values


class Stack:
    """The heads of as many sessions as its width."""

    def __init__(self, heads: Sequence[nn.Sequential], optimiser: Optimiser, objective: Objective, batch: int) -> None:
        """The members' heads, alike in every shape, as they are before any step on batches of `batch` samples."""
        self.objective = objective
        self.layers: list[Layer] = []
        for same in zip(*heads, strict=True):
            begun = any(isinstance(each, Linear) for each in self.layers)
            self.layers.append(_layer(same, optimiser) if begun else _first(same, optimiser, batch))
        self.drops = [each for each in self.layers if isinstance(each, Drop) and each.layer.threshold]
        place = next(place for place, each in enumerate(self.layers) if isinstance(each, First))
        self._before = [each for each in self.layers[:place] if isinstance(each, Drop)]  # nothing else comes before
        self._learning = self.layers[place:-1]
        last = self.layers[-1]
        assert isinstance(last, Linear)
        self.last = last
        self.centres = torch.zeros(len(heads), objective.classes, last.weight.shape[2]).to(last.weight)

    @property
    def first(self) -> First:
        """The first layer that learns."""
        first = [*self._learning, self.last][0]
        assert isinstance(first, First)
        return first

    def begin(self, values: Tensor, batch: int, rates: Tensor) -> None:
        """Take the features of the next steps.

        Args:
            values: (member, row, width), which are overwritten; a step takes the next `batch` rows. The drops have
                their masks for them.
            batch: Samples a step.
            rates: Step size of each member, (member, 1, 1).
        """
        for drop in self._before:
            if drop.layer.threshold:
                values.mul_(drop.masks)  # in place: they were gathered for this block
        self.first.begin(values, batch, rates)

    def step(self, rows: slice, labels: Tensor, rates: Tensor) -> Tensor:
        """Take one step.

        Args:
            rows: The step's samples in the block.
            labels: Their classes, (member, batch).
            rates: Step size of each member, (member, 1, 1).

        Returns:
            The logits (member, batch, outputs) before the step.
        """
        values = torch.empty(0)  # the first layer has the block's
        for layer in self._learning:
            values = layer.forward(values, rows)
        logits = self.last.forward(values, rows)
        passed = self._last_step(logits, labels, rates)
        for layer in reversed(self._learning):
            assert passed is not None
            passed = layer.backward(passed, rates)
        return logits

    def _last_step(self, logits: Tensor, labels: Tensor, rates: Tensor) -> Tensor | None:
        """Step the last layer; the gradient of what entered it."""
        criterion, hidden = self.objective.criterion, self.last.values
        if criterion.kind == "large_margin":
            return self.last.backward_through(
                lambda values, weight, bias: margin_logits(values, weight, bias, labels, criterion.margin),
                lambda logits: self.objective.gradient(logits, labels),
                rates,
            )
        passed = self.last.backward(self.objective.gradient(logits, labels), rates)
        if criterion.kind == "center" and passed is not None:
            passed = passed + criterion.pull / labels.shape[1] * pulls(hidden, self.centres, labels)
            self.centres = moved(self.centres, hidden, labels, criterion.center_rate)
        return passed

    def end(self) -> None:
        """The block's steps have been taken."""
        self.first.end()

    def infer(self, values: Tensor, member: int) -> Tensor:
        """Features (batch, width) to one member's logits (batch, outputs), in eval mode."""
        for layer in self.layers:
            values = layer.infer(values, member)
        return values

    def tensors(self) -> dict[str, Tensor]:
        """All that a stack is made of, (member, ...) each: `1.weight`, `1.bias`, `1.weight/momentum_buffer`, ..."""
        centres = {"centres": self.centres} if self.objective.has_centres else {}
        return centres | {f"{place}.{name}": each for place, name, each in self._named()}

    def parameters(self, member: int) -> dict[str, Tensor]:
        """One member's parameters, by the names and in the shapes that its head has."""
        found: dict[str, Tensor] = {}
        for place, layer in enumerate(self.layers):
            if isinstance(layer, Linear | PReLU):
                found |= {f"{place}.{name}": each for name, each in layer.parameters(member).items()}
        return found

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what `tensors` gave, of as many members as there are."""
        for name, each in self.tensors().items():
            each[: len(tensors[name])] = tensors[name]

    def _named(self) -> Iterator[tuple[int, str, Tensor]]:
        for place, layer in enumerate(self.layers):
            for name, tensor in layer.tensors().items():
                yield place, name, tensor


def product(values: Tensor, weight: Tensor) -> Tensor:
    """Values (member, batch, in) times weight (member, out, in), (member, batch, out).

    With few outputs it is computed the other way round: a tall thin result is 3 to 5 times slower.
    """
    if weight.shape[1] < ROWS:
        return torch.bmm(weight, values.transpose(1, 2)).transpose(1, 2)
    return forward(values, weight)


def _first(layers: Sequence[nn.Module], optimiser: Optimiser, batch: int) -> Layer:
    """A layer at the beginning of the heads, up to the first linear one."""
    if not isinstance(layers[0], nn.Linear):
        return _layer(layers, optimiser)
    linear = [each for each in layers if isinstance(each, nn.Linear)]
    return (Delayed if Delayed.pays(optimiser, linear, batch) else First)(linear, optimiser)


def _layer(layers: Sequence[nn.Module], optimiser: Optimiser) -> Layer:
    kind = layers[0]
    if isinstance(kind, nn.Linear):
        return Linear([each for each in layers if isinstance(each, nn.Linear)], optimiser)
    if isinstance(kind, nn.LeakyReLU):
        return LeakyReLU([each for each in layers if isinstance(each, nn.LeakyReLU)])
    if isinstance(kind, nn.PReLU):
        return PReLU([each for each in layers if isinstance(each, nn.PReLU)], optimiser)
    if isinstance(kind, Dropout):
        return Drop([each for each in layers if isinstance(each, Dropout)])
    return Activation(layers)
