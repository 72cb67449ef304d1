"""The subsets of a data set as descriptions: train by its samples, valid and test by their patches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from neurograde.baselines.method import Described, Fitted, Floats
from neurograde.errors import SpecError
from neurograde.evaluation.unit_probabilities import Predicted
from neurograde.evaluation.units import Unit, originals
from neurograde.runtime.job import Job
from neurograde.runtime.upstream import made_from
from neurograde.specs.baseline import BaselineSpec
from neurograde.storage.artefact import Artefact


def descriptions_of(units: Sequence[Unit], rows: Mapping[str, Floats], classes: Sequence[str]) -> Described:
    """Every sample with the description of its patch: a transform turns tissue, and describes the same.

    Raises:
        SpecError: a sample is of a class that the spec does not list.
    """
    strange = sorted({unit.label for unit in units} - set(classes))
    if strange:
        raise SpecError(f"classes: the data set has {strange[0]!r}, the spec lists {', '.join(classes)}")
    return Described([rows[unit.patch] for unit in units], np.array([classes.index(unit.label) for unit in units]))


def predicted(fitted: Fitted, units: Sequence[Unit], rows: Mapping[str, Floats], classes: Sequence[str]) -> Predicted:
    """Return the method's probabilities of the samples; each patch is asked about once."""
    first = originals(units)
    said = fitted.probabilities(descriptions_of(first, rows, classes))
    index_of = {unit.patch: number for number, unit in enumerate(first)}
    return Predicted(units, said[[index_of[unit.patch] for unit in units]])


def source_images(job: Job[BaselineSpec], patches: Artefact) -> Artefact | None:
    """Return the synthesised images behind the patches; None where the images come from a folder."""
    from_store = any(source.kind == "images" for source in patches.manifest.inputs)
    return made_from(job, patches, "images") if from_store else None
