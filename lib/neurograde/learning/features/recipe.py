"""The recipe of an array of features: everything that it follows from, whose digest is its name.

Weights and pixels count by their values, wherever they came from: features of other weights, of a patch that was cut
anew or of another crop have another name, so they are never taken for these.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from torch import nn

from neurograde.learning.data.inputs import Inputs
from neurograde.learning.data.samples import Samples, Statistics
from neurograde.maths.digest import canonical_json, sha256_hex


def recipe(
    *,
    backbone: str,
    weights: str,
    inputs: Inputs,
    samples: str,
    statistics: Statistics,
    crop_slice: int | None,
    precision: str,
) -> dict[str, Any]:
    """Everything that the features of some samples follow from, as JSON values.

    Args:
        backbone: Name of the network.
        weights: `weights_digest` of its trunk.
        inputs: How it takes its samples.
        samples: `samples_digest` of them.
        statistics: What they are standardised with.
        crop_slice: Slice of the bank that the crops are of; None: the centre crop.
        precision: Arithmetic of the pass.
    """
    return {
        "backbone": backbone,
        "weights": weights,
        "boundary": "before the last layer; in full precision with batch norms folded",
        "size_px": inputs.size_px,
        "resize": inputs.resize,
        "crop": None if crop_slice is None else {"seed": inputs.seed, "slice": crop_slice},
        "mean": list(statistics.mean),
        "std": list(statistics.std),
        "precision": precision,
        "samples": samples,
    }


def digest_of(recipe: dict[str, Any]) -> str:
    """Return the digest of a recipe, under which its array is published."""
    return sha256_hex(canonical_json(recipe))


def weights_digest(module: nn.Module) -> str:
    """SHA-256 over the names, types, shapes and values of every parameter and buffer."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        values = tensor.detach().cpu().numpy()
        digest.update(canonical_json([name, str(values.dtype), list(values.shape)]))
        digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()


def samples_digest(samples: Samples, *, named: bool) -> str:
    """SHA-256 over pixels and transform of every sample, in order; `named`: over the patches' names as well.

    Random crops go by the names of the patches, so there the names matter.
    """
    pixels = {index: hashlib.sha256(samples.patches[index].data).hexdigest() for index in set(samples.places)}
    rows = [
        [pixels[index], planned.transform, planned.patch if named else None]
        for index, planned in zip(samples.places, samples.plan, strict=True)
    ]
    return sha256_hex(canonical_json([samples.patch_size_px, rows]))
