"""The ordinary loop: a torchvision network frozen by requires_grad, a DataLoader over PNG files, a session at a time.

What a careful tutorial writes: the frozen part in eval mode, the optimiser given what trains. Every sample is read,
transformed, passed through the whole network, and stepped on, in every epoch of every session.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from neurograde.learning.data.samples import Statistics

PATCH_SIZE_PX = 250
STATISTICS = Statistics((0.7, 0.5, 0.7), (0.2, 0.2, 0.2))


class Files(Dataset[tuple[Tensor, Tensor]]):
    """PNG files as a tutorial reads them, labelled by turns."""

    def __init__(self, files: list[Path], prepare: Any) -> None:
        """The files, and the transforms that prepare each."""
        steps = [prepare, transforms.ToTensor(), transforms.Normalize(*STATISTICS)]
        self.files, self.prepare = files, transforms.Compose(steps)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        image: Tensor = self.prepare(Image.open(self.files[number]).convert("RGB"))
        return image, torch.tensor(float(number % 2))


def write_patches(folder: Path, samples: int) -> list[Path]:
    """That many patches of coarse noise."""
    rng = np.random.Generator(np.random.PCG64(0))
    files = [folder / f"{number:03d}.png" for number in range(samples)]
    for path in files:
        coarse = Image.fromarray(rng.integers(80, 250, (50, 50, 3), dtype=np.uint8))
        coarse.resize((PATCH_SIZE_PX, PATCH_SIZE_PX)).save(path)
    return files


def seconds_a_sample(network: nn.Module, files: list[Path], batch_size: int, prepare: Any) -> tuple[float, float]:
    """Of one epoch over the files: seconds a train sample, and seconds a valid sample.

    Args:
        network: Images in, one logit out; what is frozen has no gradient.
        files: The samples, in whole batches.
        batch_size: Samples a step.
        prepare: From a Pillow image to one of the network's size.
    """
    trained = [each for each in network.parameters() if each.requires_grad]
    optimiser = torch.optim.SGD(trained, lr=1e-5, momentum=0.9)
    loader = DataLoader(Files(files, prepare), batch_size)
    start = time.perf_counter()
    for images, labels in loader:
        loss = nn.functional.binary_cross_entropy_with_logits(network(images)[:, 0], labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    middle = time.perf_counter()
    with torch.no_grad():
        for images, labels in loader:
            nn.functional.binary_cross_entropy_with_logits(network(images)[:, 0], labels).item()
    end = time.perf_counter()
    return (middle - start) / len(files), (end - middle) / len(files)
