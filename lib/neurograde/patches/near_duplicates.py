"""Patches of different families that look the same: one slide scanned twice, or one image saved twice.

Equal pixels are near by their digest. What was saved again, brightened, turned or mirrored is near by a perceptual
hash: 9 x 9 mean grey levels, and for each of their 144 neighbours to the right and below whether it is the brighter
one. A patch is compared under the 8 symmetries of the square, so that a turn or a flip hides nothing.

On the 880 patches of 250 px with tissue of 60 osteosarcoma tiles (H&E, 26 slides, none of them twice), the nearest two
of different slides are 23 bits apart, and most are beyond 36; a copy saved as JPEG of quality 60 is at most 12 away, a
brightened one (x 1.1) 12, one with noise (σ 8) 12, and nine in ten of those enlarged by 3 % are within 17. A shift by
5 px is not near. 51 patches of nearly bare glass have no neighbours that differ: they resemble each other without
being copies, so that they are counted and left out. Up to `COMPARED_ALL` patches, every two are compared: 20,000 take
4 s on a Xeon core. Beyond, the search is by keys, and what it gives is found, not all (`neurograde.maths.hamming`).
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from neurograde.maths.dihedral import IDENTITY, TRANSFORMS, apply
from neurograde.maths.hamming import all_pairs, keyed_pairs
from neurograde.patches.png import decode_png
from neurograde.runtime.progress import progress
from neurograde.specs.results.independence import ALL_PAIRS, KEYED, Method, NearDuplicates, Pair
from neurograde.storage.artefact import Artefact

GRID = 9
NEAR_BITS = 18
"""Two patches look the same up to this many of the 144 bits."""
LISTED = 1000
"""Pairs that the proof lists, the nearest first; all are counted."""
COMPARED_ALL = 100_000
"""Patches up to which every two are compared."""
BITS = 2 * GRID * (GRID - 1)
"""Bits of a hash."""
_STEP = 2  # neighbours are told apart from this many grey levels on


def perceptual_hash(patch: NDArray[np.uint8]) -> NDArray[np.uint64] | None:
    """Return the hash of a patch under each of the 8 symmetries, identity first, or None if the patch is too plain.

    Args:
        patch: Pixels, (height, width, 3) uint8 RGB.

    Returns:
        (8, 3) uint64: 144 bits, and zeros to fill the last word.
    """
    grey = Image.fromarray(patch).convert("L").resize((GRID, GRID), Image.Resampling.BOX)
    means = np.asarray(grey)[:, :, None]
    steps = np.array([_steps(apply(means, transform)) for transform in (IDENTITY, *TRANSFORMS)])  # (8, 144)
    if 2 * np.count_nonzero(np.abs(steps[0]) >= _STEP) < steps.shape[1]:
        return None
    packed = np.packbits(steps > 0, axis=1)  # (8, 18)
    return np.pad(packed, ((0, 0), (0, -packed.shape[1] % 8))).view(np.uint64)


@dataclass
class PatchHashes:
    """The hashes of a set of patches."""

    names: list[str] = field(default_factory=list)
    hashes: list[NDArray[np.uint64]] = field(default_factory=list)
    plain: int = 0
    """Number of patches that are too plain to compare, which are not among the names."""

    def add(self, name: str, patch: NDArray[np.uint8]) -> None:
        """Hash one more patch."""
        symmetries = perceptual_hash(patch)
        if symmetries is None:
            self.plain += 1
        else:
            self.names.append(name)
            self.hashes.append(symmetries)


def hash_every_patch(patches: Artefact, names: Sequence[str]) -> PatchHashes:
    """Read every file of the artefact once, checked against its digest, and hash the patches `names` among them.

    Raises:
        DigestMismatch: A file differs from its digest in the manifest.
        DataError: A patch is not a PNG file.
    """
    hashes, wanted = PatchHashes(), set(names)
    files = list(patches.manifest.files)
    with progress("checking", len(files), "files") as advance:
        for path, data in zip(files, patches.read_many(files), strict=True):
            if path in wanted:
                hashes.add(path, decode_png(data, f"{patches.url}/{path}"))
            advance(1)
    return hashes


def near_duplicates(rows: Sequence[Mapping[str, str]], subsets: Sequence[str], hashes: PatchHashes) -> NearDuplicates:
    """Return the pairs of patches that look the same, in two families and two subsets: a warning, no error.

    Args:
        rows: Patch and family of each patch.
        subsets: Subset of each patch.
        hashes: Hashes of the same patches.

    Returns:
        The number of such pairs, at most `LISTED` of them, nearest first, then by name, and how they were searched.
    """
    where = {row["patch"]: (row["family"], subset) for row, subset in zip(rows, subsets, strict=True)}
    near, method = _near(hashes, [where[name] for name in hashes.names])
    nearest = heapq.nsmallest(LISTED, near)
    pairs = []
    for bits, *names in nearest:
        families, sides = zip(*(where[name] for name in names), strict=True)
        pairs.append(Pair(patches=tuple(names), families=families, subsets=sides, bits=bits))
    return NearDuplicates(count=len(near), pairs=tuple(pairs), too_plain=hashes.plain, method=method)


def _near(hashes: PatchHashes, sides: Sequence[tuple[str, str]]) -> tuple[list[tuple[int, str, str]], Method]:
    """Return bits and names of the patches that differ in family, in subset, and in no more than `NEAR_BITS`."""
    if not hashes.names:
        return [], ALL_PAIRS
    words = np.moveaxis(np.array(hashes.hashes), 0, -1).copy()  # (symmetry, word, patch): patches side by side are fast
    groups = np.array([np.unique(column, return_inverse=True)[1] for column in zip(*sides, strict=True)])
    method: Method = ALL_PAIRS if len(hashes.names) <= COMPARED_ALL else KEYED
    pairs = all_pairs(words, groups, NEAR_BITS) if method == ALL_PAIRS else keyed_pairs(words, groups, NEAR_BITS, BITS)
    columns = zip(pairs.first.tolist(), pairs.second.tolist(), pairs.bits.tolist(), strict=True)
    named = ((bits, sorted((hashes.names[first], hashes.names[second]))) for first, second, bits in columns)
    return [(bits, first, second) for bits, (first, second) in named], method


def _steps(means: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Return by how much each mean's neighbours to the right and below are brighter: (144,)."""
    return np.concatenate([np.diff(means[:, :, 0].astype(np.int16), axis=axis).ravel() for axis in (1, 0)])
