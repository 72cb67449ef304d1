"""The one writer of artefacts made by hand, for tests that need what a job would leave without running it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from neurograde.specs.records import InputRecord, Manifest
from neurograde.specs.results.base import Result
from neurograde.storage.artefact import Artefact
from neurograde.storage.draft import Draft
from neurograde.storage.store import Store


def publish(
    store: Store,
    kind: str,
    name: str,
    files: Mapping[str, Any] | None = None,
    *,
    inputs: tuple[InputRecord, ...] = (),
    draft: Draft | None = None,
    **fields: Any,
) -> Artefact:
    """Publish an artefact.

    Args:
        store: Where it goes.
        kind: Folder of the store.
        name: The artefact's name.
        files: Bytes, results, or tables as columns and rows, by path.
        inputs: What it is made from.
        draft: A draft that has files already; a new one when not given.
        fields: Other fields of its manifest.
    """
    draft = draft or Draft(store, f"{kind}/{name}")
    for path, content in (files or {}).items():
        if isinstance(content, bytes):
            draft.write(path, content)
        elif isinstance(content, Result):
            draft.write_result(path, content)
        else:
            draft.write_csv(path, *content)
    plain = {"job": "by hand", "spec": {}, "spec_digest": "0" * 64}
    manifest = Manifest(kind=kind, name=name, inputs=inputs, files=draft.files, **(plain | fields))
    draft.finish(manifest)
    return Artefact(store, draft.folder, manifest)


def png(pixels: np.ndarray) -> bytes:
    """Return the pixels as a PNG file."""
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()
