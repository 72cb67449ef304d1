"""The pixels behind a plan of samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from neurograde.maths.dihedral import apply
from neurograde.maths.plan import Sample, copies
from neurograde.maths.standardise import ChannelCounts
from neurograde.maths.subsets import SUBSETS
from neurograde.patches.png import decode_png, encode_png
from neurograde.storage.artefact import Artefact


def channel_counts(samples: Sequence[Sample], patches: Artefact) -> dict[str, ChannelCounts]:
    """Return pixel values counted over the samples of each subset; each patch is read and checked once.

    A transform moves pixels without changing them, so a patch counts once for each of its samples.
    """
    counted = copies(samples)
    counts = {subset: ChannelCounts() for subset in SUBSETS}
    names = sorted({sample.patch for sample in samples})
    for name, data in zip(names, patches.read_many(names), strict=True):
        pixels = decode_png(data)
        for subset in SUBSETS:
            if counted[subset][name]:
                counts[subset].add(pixels, counted[subset][name])
    return counts


def sample_files(samples: Sequence[Sample], patches: Artefact) -> Iterator[tuple[str, bytes]]:
    """Yield every sample as a PNG file: `samples/<subset>/<class>/<patch>_<transform>.png`, patch by patch."""
    for sample in samples:
        stem = PurePosixPath(sample.patch).with_suffix("").as_posix().replace("/", "__")
        pixels = apply(decode_png(patches.read(sample.patch)), sample.transform)
        yield f"samples/{sample.subset}/{sample.label}/{stem}_{sample.transform}.png", encode_png(pixels)
