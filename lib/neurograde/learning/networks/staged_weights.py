"""Torchvision's weights, staged once into the store, so that a thousand pods need not download them.

    <store>/weights/<backbone>-<name>/<file>          resnet18-f37072fd.pth, as torchvision offers it
                                     /source.json     where it came from, and its licence
                                     /manifest.json   create-only, last

Staged files are copied to where torchvision looks first. The manifest's spec is that of the first grid that needed the
weights, as with features.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from neurograde.learning.networks.families.family import family_of
from neurograde.learning.networks.weights import check_source, read_weights
from neurograde.maths.digest import canonical_json
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.runtime.manifests import describe, publish_once, write_files
from neurograde.runtime.up_to_date import keeps_bytes
from neurograde.specs.records import RawInput
from neurograde.specs.train import Backbone, TrainSpec
from neurograde.storage.artefact import MANIFEST, Artefact, read_manifest
from neurograde.storage.store import Store

KIND, SOURCE = "weights", "source.json"


def stage(job: Job[TrainSpec], backbone: Backbone) -> bool:
    """Put named weights into the store; return False where they are staged already, or come from a URL.

    Jobs that stage the same weights at once put the same file; the first manifest is kept.

    Raises:
        SpecError: the backbone has no weights of that name.
        StoreUnavailable: they cannot be downloaded now.
    """
    if not backbone.is_enum:
        return False
    folder = f"{KIND}/{backbone.staged_name}"
    published = read_manifest(job.store, folder)
    if published is not None and keeps_bytes(Artefact(job.store, folder, published), replace=job.replace):
        return False
    weights = read_weights(backbone)
    assert weights is not None
    path = family_of(backbone.name).weight_file(backbone).name
    source = {"backbone": backbone.name, "weights": backbone.weights, "url": weights.source, "licence": weights.licence}
    files = {path: weights.data, SOURCE: canonical_json(source)}
    if published is not None:
        job.store.delete(f"{folder}/{MANIFEST}")  # it is damaged
    downloaded = RawInput(path=weights.source, size=len(weights.data), stamp=path, sha256=weights.sha256)
    manifest = describe(
        job.spec,
        KIND,
        backbone.staged_name,
        write_files(job.store, folder, files),
        job="stage",
        raw=(downloaded,),
        carbon=job.meter.peek().model_dump(mode="json"),
    )
    if publish_once(job.store, manifest) is not manifest:
        return False
    log.info(
        f"staged {job.store.url}/{folder}: {len(weights.data) / 1e6:.0f} MB, {weights.licence or 'no licence named'}"
    )
    return True


def fetch(store: Store, backbones: Iterable[Backbone]) -> None:
    """Copy the backbones' staged weights to where torchvision looks first; it downloads the others itself.

    Raises:
        DigestMismatch: a staged file contradicts its manifest.
    """
    for backbone in backbones:
        if not backbone.is_enum:
            continue
        check_source(backbone)
        path = family_of(backbone.name).weight_file(backbone)
        manifest = None if path.exists() else read_manifest(store, f"{KIND}/{backbone.staged_name}")
        if manifest is None:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{secrets.token_hex(8)}.part")  # processes of one machine may fetch it at once
        temporary.write_bytes(Artefact(store, f"{KIND}/{backbone.staged_name}", manifest).read(path.name))
        temporary.replace(path)
