"""Manifests: what is recorded of every artefact, and how one is published that several processes may make at once.

The files come first and the manifest last, create-only: of several processes, the first manifest holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurograde.maths.digest import sha256_hex
from neurograde.runtime.machine import machine_facts, software_versions
from neurograde.specs.base import JobSpec
from neurograde.specs.records import FileRecord, Manifest
from neurograde.storage.artefact import MANIFEST, read_manifest
from neurograde.storage.store import Store


def describe(
    spec: JobSpec,
    kind: str,
    name: str,
    files: Mapping[str, FileRecord],
    *,
    machine: Mapping[str, Any] | None = None,
    **facts: Any,
) -> Manifest:
    """Return the manifest of an artefact that this process makes by `spec`.

    Args:
        spec: The spec of the job.
        kind: Folder of the store that holds the artefact.
        name: Name of the artefact.
        files: Its files, by path.
        machine: Facts of the machine beside those that are always recorded.
        **facts: Other fields of the manifest. Job and digest of the spec are those of `spec` if they are not given.
    """
    identity = {"job": spec.job, "spec_digest": spec.digest()} | facts
    return Manifest(
        kind=kind,
        name=name,
        spec=spec.model_dump(mode="json"),
        files=dict(sorted(files.items())),
        software=software_versions(),
        machine=machine_facts().model_dump(mode="json") | dict(machine or {}),
        **identity,
    )


def write_files(store: Store, folder: str, files: Mapping[str, bytes]) -> dict[str, FileRecord]:
    """Write files into the folder of an artefact and return their records."""
    store.put_many((f"{folder}/{path}", data) for path, data in files.items())
    return {path: record_of(data) for path, data in files.items()}


def record_of(data: bytes) -> FileRecord:
    """Return the record of a file with this content."""
    return FileRecord(sha256=sha256_hex(data), size=len(data))


def publish_once(store: Store, manifest: Manifest) -> Manifest | None:
    """Publish the artefact whose files have been written, unless another process just has.

    Returns:
        The manifest that holds: this one, or that of the process that was quicker. None if that is gone already.
    """
    folder = f"{manifest.kind}/{manifest.name}"
    try:
        store.create(f"{folder}/{MANIFEST}", manifest.encode())
    except FileExistsError:
        return read_manifest(store, folder)
    return manifest
