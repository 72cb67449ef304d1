"""Numbers and claims of the study, shown beside the ones of the store."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Backbone(NamedTuple):
    """A row of table 1.2, with as many places as it gives."""

    top_1: float
    """Accuracy on ImageNet, as a share."""
    top_5: float
    """Share of ImageNet's images whose class is among the first five named."""
    parameters_millions: float
    """Number of parameters."""
    operations_billions: float
    """`FLOPs`: multiplications and additions together count as one."""
    parameters_places: int = 0
    """Decimals that the table gives."""
    operations_places: int = 0
    """Decimals that the table gives."""


TABLE_1_2 = {
    "resnet18": Backbone(0.6976, 0.8908, 11.7, 2, parameters_places=1),
    "resnet34": Backbone(0.7330, 0.9142, 22, 4),
    "resnet50": Backbone(0.7615, 0.9287, 26, 4),
    "resnet101": Backbone(0.7737, 0.9356, 45, 8),
    "resnet152": Backbone(0.7831, 0.9406, 60, 12),
    "vgg11": Backbone(0.6902, 0.8863, 133, 8),
    "vgg13": Backbone(0.6993, 0.8925, 133, 11),
    "vgg16": Backbone(0.7159, 0.9038, 138, 15),
    "vgg19": Backbone(0.7238, 0.9088, 144, 20),
    "inception_v3": Backbone(0.7729, 0.9345, 27.2, 5.71, parameters_places=1, operations_places=2),
}
"""Performance on ImageNet, parameters and operations of the study's backbones. Inception's parameters include its
auxiliary head; the accuracies of ResNet-50, 101 and 152 are those of the first version of the weights."""


class Side(NamedTuple):
    """One side of a claim: how a network was adapted, and which one."""

    kind: str
    """Kind of the strategy."""
    backbones: tuple[str, ...] = ()
    """Networks that it holds for; all when empty."""
    but: tuple[str, ...] = ()
    """Networks that it does not hold for."""
    least_layers: int = 0
    """Least number of unfrozen layers that it holds for."""
    most_layers: int | None = None
    """Greatest number of unfrozen layers that it holds for; None without a limit."""


class Claim(NamedTuple):
    """A claim of the study about the second side against the first."""

    where: str
    """Section of the report."""
    found: str
    """The claim, in a sentence."""
    first: Side
    second: Side
    better: bool
    """True if the second was better; False if it was worse, or not better."""
    backbone: Literal["same", "other", "best"]
    """Pairs that it holds for: of one network, of two, or the best evaluation of each side."""


class Promise(NamedTuple):
    """A claim of the study about the figures on valid against those on test, of one session."""

    where: str
    found: str
    leak: Literal["exchange", "shuffle"] | None
    """Leak that was made between train and valid; None without one."""
    better: bool | None
    """True if valid looks better than test, False if worse; None if they agree."""


CLAIMS: tuple[Claim | Promise, ...] = (
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
        backbone="other",
    ),
    Claim(
        "§4.2, figure 4.3",
        "The more convolutional layers a VGG has, the lower its loss.",
        Side("straightforward", ("vgg11",)),
        Side("straightforward", ("vgg13", "vgg16", "vgg19")),
        better=True,
        backbone="other",
    ),
    Claim(
        "§4.2, figure 4.3",
        "The loss of a ResNet does not fall with its depth: 18 is among the best.",
        Side("straightforward", ("resnet18",)),
        Side("straightforward", ("resnet34", "resnet50", "resnet101")),
        better=False,
        backbone="other",
    ),
    Claim(
        "§4.3, figure 4.5",
        "On every backbone a well-chosen extension is as good as a new last layer alone, or better: Inception v3 goes "
        "from a loss of 0.322 to 0.278.",
        Side("straightforward"),
        Side("extension"),
        better=True,
        backbone="same",
    ),
    Claim(
        "§4.4, figure 4.7",
        "Unfreezing suits VGG 19: the loss falls by 40 %, with 6 layers to 0.282.",
        Side("straightforward", ("vgg19",)),
        Side("unfreezing", ("vgg19",)),
        better=True,
        backbone="same",
    ),
    Claim(
        "§4.4, figure 4.7",
        "Beyond 7 unfrozen layers the loss of VGG 19 rises.",
        Side("unfreezing", ("vgg19",), most_layers=7),
        Side("unfreezing", ("vgg19",), least_layers=8),
        better=False,
        backbone="same",
    ),
    Claim(
        "§4.4, figure 4.7",
        "For networks other than VGG 19 unfreezing is less convincing, for Inception v3 least of all.",
        Side("straightforward", but=("vgg19",)),
        Side("unfreezing", but=("vgg19",)),
        better=False,
        backbone="same",
    ),
    Claim(
        "§4.5, table 4.1",
        "The best extension beats the best new last layer alone: loss 0.278 against 0.322, accuracy 88.36 % against "
        "85.90 %.",
        Side("straightforward"),
        Side("extension"),
        better=True,
        backbone="best",
    ),
    Claim(
        "§4.5, table 4.1",
        "The best unfreezing beats the best new last layer alone: loss 0.282 against 0.322, accuracy 88.09 % against "
        "85.90 %.",
        Side("straightforward"),
        Side("unfreezing"),
        better=True,
        backbone="best",
    ),
    Claim(
        "§4.5, table 4.1",
        "The best extension beats the best unfreezing, and is the model retained: loss 0.278 against 0.282, accuracy "
        "88.36 % against 88.09 %.",
        Side("unfreezing"),
        Side("extension"),
        better=True,
        backbone="best",
    ),
    Promise(
        "§4.5",
        "Test keeps what valid promises: loss 0.278 on valid and 0.320 on test, accuracy 88.36 % and 88.43 %.",
        leak=None,
        better=None,
    ),
)
"""The conclusions of chapters 2 and 4 from comparing evaluations. The study compared on valid, by the loss of the best
repeat, and gave no intervals; only its last model opened the test set."""
