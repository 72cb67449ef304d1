"""The names and addresses in a spec: the upstream artefacts and the files from outside that its job reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from neurograde.specs.base import JobSpec
from neurograde.specs.catalogue import BY_NAME
from neurograde.specs.patch import GridSpec, PatchSpec
from neurograde.specs.predict import PredictSpec
from neurograde.specs.train import TrainSpec


def upstreams(spec: JobSpec) -> Iterator[tuple[str, str, str]]:
    """Yield path of the field, kind and name of every upstream artefact that the spec names."""
    for path, kind in BY_NAME[spec.job].upstream_fields.items():
        value: Any = spec
        for part in path.split("."):
            value = getattr(value, part)
        for name in (value,) if isinstance(value, str) else value or ():
            yield path, kind, name


def files(spec: JobSpec) -> Iterator[tuple[str, str]]:
    """Yield path of the field and address of the images, tables and weights from outside the store."""
    if isinstance(spec, GridSpec):
        yield from spec.source.outside_urls.items()
    if isinstance(spec, PatchSpec) and spec.rejected is not None:
        yield "rejected", spec.rejected
    if isinstance(spec, PredictSpec):
        yield "images", spec.images
    if isinstance(spec, TrainSpec):
        for index, backbone in enumerate(spec.backbones):
            if backbone.weights != "none" and not backbone.is_enum:
                yield f"backbones.{index}.weights", backbone.weights
