"""What the study published, to stand beside what is counted and measured here."""

from __future__ import annotations

from typing import NamedTuple


class Backbone(NamedTuple):
    """A row of table 1.2, with as many places as it gives."""

    top_1: float
    """Accuracy on ImageNet, as a share."""
    top_5: float
    """Likewise, for the right class among five."""
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
