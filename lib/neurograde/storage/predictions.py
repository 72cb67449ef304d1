"""The predictions of a name: one artefact per image, named by the digest of the image's file.

    <store>/predictions/<name>/<SHA-256 of the image>/...             the grade of one image
    <store>/predictions/<name>/manifest.json                          of versions up to 0.1: one artefact for all images

An image is added by adding its artefact: nothing that is published changes, so that several jobs may add to a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from neurograde.storage.artefact import MANIFEST, Artefact, read_manifest
from neurograde.storage.store import Store

KIND = "predictions"


def read_predictions(store: Store, name: str, most: int | None = None) -> list[Artefact]:
    """Return the artefacts of a name, those of images in the order of their paths; none where the name is free.

    Args:
        store: Holds them.
        name: Name of the prediction.
        most: Return so many of the images at most.
    """
    folder = f"{KIND}/{name}"
    whole = read_manifest(store, folder)
    pattern = rf"{re.escape(folder)}/([0-9a-f]{{64}})/{re.escape(MANIFEST)}"
    digests = [match[1] for key in sorted(store.list(folder)) if (match := re.fullmatch(pattern, key))]
    artefacts = [
        Artefact(store, f"{folder}/{digest}", manifest)
        for digest in digests[:most]
        if (manifest := read_manifest(store, f"{folder}/{digest}")) is not None
    ]
    artefacts.sort(key=lambda artefact: [record.path for record in artefact.manifest.raw])
    return [*([Artefact(store, folder, whole)] if whole is not None else []), *artefacts]


def rows_of(artefacts: Sequence[Artefact], table: str) -> Iterator[tuple[Artefact, dict[str, str]]]:
    """Yield the rows of a table of every artefact, each with its artefact."""
    for artefact in artefacts:
        for row in artefact.read_csv(table):
            yield artefact, row
