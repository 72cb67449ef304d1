"""`scattering1`, `scattering2`: small networks whose weights are wavelets: no training and no download.

A scattering network (Bruna and Mallat, IEEE TPAMI 2013) convolves an image with wavelets of several orientations and
scales, takes moduli, and averages. The second order convolves the moduli again. These are such networks of ordinary
layers: a strategy may keep them frozen, extend them or train them on. A modulus is a wavelet's even and odd half under
ReLU, with both signs, added up. Colours are the three opponent axes of standardised RGB.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from neurograde.errors import SpecError
from neurograde.learning.networks.families.family import FAMILIES, Family

ORIENTATIONS = 4
WAVELENGTHS_PX = (2.5, 5.0)
SIDE = 7
SECOND_WAVELENGTH = 2.5
"""Wavelength of the second order, in positions of the pooled moduli."""
SECOND_SIDE = 3
SMALLEST_PX = 32
COLOURS = ((1.0, 1.0, 1.0), (1.0, -1.0, 0.0), (1.0, 1.0, -2.0))
"""Luminance, red against green, yellow against blue."""
GAINS = {(0, 2.5): 12.0, (0, 5.0): 4.0, (1, 5.0): 8.0, (2, 5.0): 8.0}
"""Factor of each wavelet by colour and wavelength: in tissue all features then vary by some tenths."""
MEAN_GAINS = (0.15, 1.0, 1.0)
"""Factor of each colour's mean."""
CLASSES = 2
ORDERS = {"scattering1": 1, "scattering2": 2}


class Scattering(nn.Module):
    """Wavelets, ReLU and pooling, once or twice; then the mean over positions and a last layer."""

    def __init__(self, order: int) -> None:
        """Build the network of first or second order."""
        super().__init__()
        first, second = first_order(), second_order()
        layers: list[nn.Module] = [_convolution(first, stride=2, padding=SIDE // 2), nn.ReLU(), nn.AvgPool2d(2)]
        if order > 1:
            layers += [_convolution(second, stride=1, padding=SECOND_SIDE // 2), nn.ReLU()]
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(len(second if order > 1 else first), CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (batch, 2) of images (batch, 3, side, side)."""
        logits: Tensor = self.classifier(self.avgpool(self.features(images)).flatten(1))
        return logits


def first_order() -> Tensor:
    """Return the filters of the first order, (46, 3, 7, 7).

    Each wavelet gives four: its even and its odd half, with both signs. Luminance has all orientations and wavelengths;
    the two colours have the longer wavelength in one orientation. Last come both signs of each colour's mean.
    """
    waves = [(0, length, orientation) for length in WAVELENGTHS_PX for orientation in range(ORIENTATIONS)]
    waves += [(colour, WAVELENGTHS_PX[-1], 0) for colour in (1, 2)]
    filters = [
        sign * GAINS[colour, length] * _in_colour(half, colour)
        for colour, length, orientation in waves
        for half in wavelet(SIDE, length, orientation)
        for sign in (1, -1)
    ]
    mean = torch.ones(SIDE, SIDE) / SIDE
    filters += [sign * MEAN_GAINS[colour] * _in_colour(mean, colour) for colour in range(3) for sign in (1, -1)]
    return torch.stack(filters)


def second_order() -> Tensor:
    """Return the filters of the second order: every channel of the first kept, and wavelets of luminance's moduli."""
    channels = len(first_order())
    centre = SECOND_SIDE // 2
    kept = torch.zeros(channels, channels, SECOND_SIDE, SECOND_SIDE)
    kept[range(channels), range(channels), centre, centre] = 1
    filters = []
    for modulus in range(len(WAVELENGTHS_PX) * ORIENTATIONS):
        for orientation in range(ORIENTATIONS):
            even, _ = wavelet(SECOND_SIDE, SECOND_WAVELENGTH, orientation)
            for sign in (1, -1):
                weights = torch.zeros(channels, SECOND_SIDE, SECOND_SIDE)
                weights[4 * modulus : 4 * modulus + 4] = sign * even
                filters.append(weights)
    return torch.cat([kept, torch.stack(filters)])


def wavelet(side: int, wavelength: float, orientation: int) -> tuple[Tensor, Tensor]:
    """Return the even and odd half of a Gabor wavelet, (side, side) each, of mean 0 and norm 1.

    >>> even, odd = wavelet(7, 5.0, 0)
    >>> abs(float(even.sum())) < 1e-6, round(float(odd.norm()), 6)
    (True, 1.0)
    """
    angle = math.pi * orientation / ORIENTATIONS
    middle = torch.arange(side) - side // 2
    y, x = torch.meshgrid(middle, middle, indexing="ij")
    envelope = torch.exp(-(x**2 + y**2) / (2 * (side / 3.5) ** 2))
    phase = 2 * math.pi * (x * math.cos(angle) + y * math.sin(angle)) / wavelength
    even, odd = envelope * torch.cos(phase), envelope * torch.sin(phase)
    even = even - envelope * even.sum() / envelope.sum()
    return even / even.norm(), odd / odd.norm()


def _in_colour(weights: Tensor, colour: int) -> Tensor:
    """Return weights (side, side) as a filter (3, side, side) of one opponent axis."""
    axis = torch.tensor(COLOURS[colour])
    in_colour: Tensor = (axis / axis.norm())[:, None, None] * weights
    return in_colour


def _convolution(weights: Tensor, stride: int, padding: int) -> nn.Conv2d:
    filters, channels, side, _ = weights.shape
    layer = nn.Conv2d(channels, filters, side, stride, padding, bias=False)
    if not layer.weight.is_meta:
        with torch.no_grad():
            layer.weight.copy_(weights)
    return layer


class ScatteringFamily(Family):
    """Both networks; `weights: none` are the wavelets."""

    @property
    def names(self) -> Sequence[str]:
        """Return both names."""
        return tuple(ORDERS)

    def build(self, name: str, input_size_px: int) -> nn.Module:
        """Return the network; the wavelets depend on nothing."""
        if input_size_px < SMALLEST_PX:
            raise SpecError(f"input_size_px: {name} takes inputs of {SMALLEST_PX} px or more, not {input_size_px}")
        return Scattering(ORDERS[name])


FAMILIES.register("scattering")(ScatteringFamily())
