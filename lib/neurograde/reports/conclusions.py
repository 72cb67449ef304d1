"""The conclusions of the study's chapters 2 and 4 and its appendix C, as claims that a page can examine.

The study compared on valid, by the loss of the best session, without intervals; its last model alone opened test.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from neurograde.specs.strategies import Strategy


class Side(NamedTuple):
    """One side of a claim: how a network was adapted, and which one."""

    kind: str
    """Kind of the strategy."""
    backbones: tuple[str, ...] = ()
    """Networks that it holds for; all when empty."""
    but: tuple[str, ...] = ()
    """Networks that it does not hold for."""
    least_depth: int = 0
    """Least depth that it holds for."""
    most_depth: int | None = None
    """Greatest depth that it holds for; None without a limit."""
    not_depth: int | None = None
    """Depth that it does not hold for."""

    def holds(self, backbone: str, adaptation: Strategy) -> bool:
        """Return True if the side is about this network under this strategy."""
        depth = adaptation.depth
        return (
            adaptation.kind == self.kind
            and (not self.backbones or backbone in self.backbones)
            and backbone not in self.but
            and self.least_depth <= depth != self.not_depth
            and (self.most_depth is None or depth <= self.most_depth)
        )


class Claim(NamedTuple):
    """A claim of the study about the second side against the first."""

    where: str
    """Section of the report."""
    finding: str
    """The claim, in a sentence."""
    first: Side
    second: Side
    better: bool
    """True if the second was better; False if it was worse, or not better."""
    pairs: Literal["same", "best", "each", "steps"]
    """Pairs that it holds for: of one network (`same`), the best of both sides (`best`), the best of the first with
    each network of the second (`each`), or each network of the second with the one before it (`steps`)."""
    or_equal: bool = False
    """True if the second was as good, or better."""


class Promise(NamedTuple):
    """A claim of the study about the figures on valid against those on test, of one session."""

    where: str
    finding: str
    leak: Literal["exchange", "shuffle"] | None
    """Leak that was made between train and valid; None without one."""
    better: bool | None
    """True if valid looks better than test, False if worse; None if they agree."""


class Shape(NamedTuple):
    """A claim of the study about all sessions together."""

    where: str
    finding: str
    of: Literal["gaussian", "two peaks", "no link"]


CLAIMS: tuple[Claim | Promise | Shape, ...] = (
    Promise(
        "§2.6, experiment 1",
        "One patch of each family exchanged: the curves of independent subsets at a smaller loss, so that valid "
        "promises more than it should.",
        leak="exchange",
        better=True,
    ),
    Promise(
        "§2.6, experiment 2",
        "Train and valid shuffled: valid follows train down, and test has the loss of an untrained network, 0.7.",
        leak="shuffle",
        better=True,
    ),
    Claim(
        "§4.2, figure 4.3",
        "Inception v3 is the best backbone with a new last layer alone: loss 0.322, accuracy 85.9 %.",
        Side("straightforward", but=("inception_v3",)),
        Side("straightforward", ("inception_v3",)),
        better=True,
        pairs="best",
    ),
    Claim(
        "§4.2, figure 4.3",
        "The more convolutional layers a VGG has, the lower its loss.",
        Side("straightforward", ("vgg11",)),
        Side("straightforward", ("vgg11", "vgg13", "vgg16", "vgg19")),
        better=True,
        pairs="steps",
    ),
    Claim(
        "§4.2, figure 4.3",
        "The loss of a ResNet does not fall with its depth.",
        Side("straightforward", ("resnet18",)),
        Side("straightforward", ("resnet34", "resnet50", "resnet101")),
        better=False,
        pairs="each",
    ),
    Claim(
        "§4.2, figure 4.3",
        "The best ResNets are 18 and 152.",
        Side("straightforward", ("resnet34", "resnet50", "resnet101")),
        Side("straightforward", ("resnet18", "resnet152")),
        better=True,
        pairs="each",
    ),
    Claim(
        "§4.3, figure 4.5",
        "On every backbone a well-chosen extension is as good as a new last layer alone, or better: Inception v3 goes "
        "from a loss of 0.322 to 0.278.",
        Side("straightforward"),
        Side("extension"),
        better=True,
        pairs="same",
        or_equal=True,
    ),
    Claim(
        "§4.3, figure 4.5",
        "Four non-linearities suit Inception v3 best.",
        Side("extension", ("inception_v3",), not_depth=4),
        Side("extension", ("inception_v3",), least_depth=4, most_depth=4),
        better=True,
        pairs="best",
    ),
    Claim(
        "§4.4, figure 4.7",
        "Unfreezing suits VGG 19: the loss falls by 40 %, to 0.282.",
        Side("straightforward", ("vgg19",)),
        Side("unfreezing", ("vgg19",)),
        better=True,
        pairs="same",
    ),
    Claim(
        "§4.4, figure 4.7",
        "Six unfrozen layers suit VGG 19 best.",
        Side("unfreezing", ("vgg19",), not_depth=6),
        Side("unfreezing", ("vgg19",), least_depth=6, most_depth=6),
        better=True,
        pairs="best",
    ),
    Claim(
        "§4.4, figure 4.7",
        "Beyond 7 unfrozen layers the loss of VGG 19 rises.",
        Side("unfreezing", ("vgg19",), most_depth=7),
        Side("unfreezing", ("vgg19",), least_depth=8),
        better=False,
        pairs="same",
    ),
    Claim(
        "§4.4, figure 4.7",
        "For networks other than VGG 19 unfreezing is less convincing, for Inception v3 least of all.",
        Side("straightforward", but=("vgg19",)),
        Side("unfreezing", but=("vgg19",)),
        better=False,
        pairs="same",
    ),
    Claim(
        "§4.5, table 4.1",
        "The best extension beats the best new last layer alone: loss 0.278 against 0.322, accuracy 88.36 % against "
        "85.90 %.",
        Side("straightforward"),
        Side("extension"),
        better=True,
        pairs="best",
    ),
    Claim(
        "§4.5, table 4.1",
        "The best unfreezing beats the best new last layer alone: loss 0.282 against 0.322, accuracy 88.09 % against "
        "85.90 %.",
        Side("straightforward"),
        Side("unfreezing"),
        better=True,
        pairs="best",
    ),
    Claim(
        "§4.5, table 4.1",
        "The best extension beats the best unfreezing, and is the model retained: loss 0.278 against 0.282, accuracy "
        "88.36 % against 88.09 %.",
        Side("unfreezing"),
        Side("extension"),
        better=True,
        pairs="best",
    ),
    Promise(
        "§4.5",
        "Test keeps what valid promises: loss 0.278 on valid and 0.320 on test, accuracy 88.36 % and 88.43 %.",
        leak=None,
        better=None,
    ),
    Shape(
        "§4.2, figure C.3",
        "No simple link joins the accuracy and the loss of an epoch.",
        of="no link",
    ),
    Shape(
        "figure C.1",
        "Before training the loss is Gaussian but for a few outliers: 0.705 ± 0.042.",
        of="gaussian",
    ),
    Shape(
        "figure C.2",
        "Before training the accuracy has two peaks around its mean of 0.500.",
        of="two peaks",
    ),
)
"""Every conclusion that comparing sessions can examine."""
