"""The numbers of the study's report with their sections, shown beside the ones of the store."""

from __future__ import annotations

from typing import NamedTuple

from neurograde.reports.numbers import decimal, percent


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


class Literature(NamedTuple):
    """A method of the literature, on neuroblastoma."""

    where: str
    """Section of the report."""
    method: str
    date: str
    accuracy: float
    """As a share."""
    f_measure: float | None = None


TABLE_1_5 = (
    Literature("§1.2.1, table 1.5", "Kong: cytoplasm and neuropil, voting", "2008-10", 0.88),
    Literature("§1.2.2, table 1.5", "PCLBP", "2018-04", 0.76, 0.75),
    Literature("§1.2.3, table 1.5", "CDBN", "2018-05", 0.84, 0.86),
    Literature("§1.2.4, table 1.5", "SIFT and SURF", "2020-11", 0.90, 0.88),
    Literature("§1.2.5", "Hover-Net, high or low risk", "2022-10", 0.865),
    Literature("§1.2.5", "entropy, fractal dimension, lacunarity", "2023-01", 0.82),
)
"""The four methods of table 1.5, which grade the differentiation, and the two of §1.2.5, which answer other things."""


class Pixels(NamedTuple):
    """The account of the images' pixels."""

    images: int
    total_px: int
    patches: int
    lost: float
    """Share of the pixels that no patch holds."""
    labels: float
    """Share lost where squares cannot inherit the label."""
    borders: float
    """Share lost where the grid does not fit."""


SECTION_2_2_2 = Pixels(61, 116_077_948, 1570, 0.1547, 0.1294, 0.0253)

TABLE_2_1: dict[tuple[str, ...], tuple[int, ...]] = {
    ("train", "PD"): (734, 734, 2936), ("train", "D"): (420, 840, 3360), ("valid", "PD"): (127, 127, 508),
    ("valid", "D"): (82, 164, 656), ("test", "PD"): (127, 127, 508), ("test", "D"): (80, 160, 640),
}  # fmt: skip
"""Samples at the start, at the balancing point and after augmentation, by subset and class."""

TABLE_2_2: dict[tuple[str, ...], tuple[float, ...]] = {
    ("train",): (1.75, 1.14, 1.14), ("valid",): (1.55, 1.29, 1.29), ("test",): (1.59, 1.25, 1.25),
}  # fmt: skip
"""Ratio of the largest class to the smallest, at the same three steps."""

TABLE_2_3 = {"train": 6296, "valid": 1164, "test": 1148, "total": 8608}
"""Samples after augmentation."""


class Best(NamedTuple):
    """A row of table 4.1: the best session of a strategy, on train and valid by the minimax loss."""

    backbone: str
    depth: int
    """Number of new or trained layers besides the last."""
    loss: float
    accuracy: float
    where: str
    """Figures that show it."""


TABLE_4_1 = {
    "straightforward": Best("inception_v3", 0, 0.322, 0.8590, "figures 4.3, B.1"),
    "extension": Best("inception_v3", 4, 0.278, 0.8836, "figures 4.5, B.2"),
    "unfreezing": Best("vgg19", 6, 0.282, 0.8809, "figures 4.7, B.3"),
}
"""The best session of each strategy, by its kind."""


class Retained(NamedTuple):
    """The model that the study retained (§4.5): Inception v3 with an extension of four non-linearities."""

    learning_rate: float = 3e-5
    batch_size: int = 8
    repeats: int = 10
    mean_loss: float = 0.310
    """Mean of the best loss of its setting's repeats."""
    mean_accuracy: float = 0.8695
    """Mean of their best accuracy."""
    test_loss: float = 0.320
    test_accuracy: float = 0.8843


RETAINED = Retained()


class Untrained(NamedTuple):
    """A measure at epoch 0 over all sessions: mean and deviation (figures C.1, C.2)."""

    mean: float
    std: float
    text: str


UNTRAINED = {"loss": Untrained(0.705, 0.042, "0.705 ± 0.042"), "accuracy": Untrained(0.500, 0.10, "0.500 ± 0.10")}
SESSIONS = 12_500
"""Sessions of figures C.1 and C.2."""
EPOCHS = 936_000
"""Epochs of figure C.3."""


class Computing(NamedTuple):
    """Computing of the whole study, and its emissions (§5.2.4)."""

    hours: float = 12_740
    gpu: str = "T4"
    tdp_w: float = 70
    kg_per_kwh: float = 0.57
    co2e_kg: float = 508.33
    french_kg_per_year: float = 8900
    """Emissions of a person in France in 2021."""

    @property
    def seconds_per_epoch(self) -> float:
        """Return the mean time of an epoch.

        >>> round(COMPUTING.seconds_per_epoch)
        49
        """
        return self.hours * 3600 / EPOCHS

    @property
    def kwh(self) -> float:
        """Return the energy of the GPUs at their thermal design power.

        >>> round(COMPUTING.kwh * COMPUTING.kg_per_kwh, 2)
        508.33
        """
        return self.hours * self.tdp_w / 1000


COMPUTING = Computing()


def best_of(kind: str) -> str:
    """Return the study's best session of a kind of strategy in words, or an empty text.

    >>> best_of("extension").replace(chr(0x202f), " ")
    '0.278 and 88.36 % (inception_v3, table 4.1)'
    """
    best = TABLE_4_1.get(kind)
    return f"{decimal(best.loss)} and {percent(best.accuracy, 2)} ({best.backbone}, table 4.1)" if best else ""
