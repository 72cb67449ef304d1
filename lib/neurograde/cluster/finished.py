"""The work of a Job as the store has it: the manifests there are the truth, not the Job that made them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from neurograde.cluster.folder import PlannedJob
from neurograde.errors import NeurogradeError
from neurograde.runtime.grid import ROW
from neurograde.specs.catalogue import BY_NAME
from neurograde.specs.grid import expand, rows
from neurograde.specs.train import TrainSpec
from neurograde.storage.artefact import read_manifest
from neurograde.storage.store import Store


def is_done(job: PlannedJob) -> bool | None:
    """Return True if everything that the Job makes is published; None where that cannot be told from here.

    The reader needs rights on the store, which who applies manifests may lack; names of features are known to torch
    alone.
    """
    container = job.manifest["spec"]["template"]["spec"]["containers"][0]
    module, path, *_ = container["args"]
    name = module.removeprefix("jobs.")
    text = ((job.config_map or {}).get("data") or {}).get(path.rpartition("/")[2])
    if text is None or name == "features":
        return None
    spec: Mapping[str, Any] = yaml.safe_load(text)
    row = next((variable["value"] for variable in container["env"] if variable["name"] == ROW), None)
    try:
        store = Store(spec["store"])
        return all(read_manifest(store, folder) is not None for folder in _folders(name, spec, row))
    except (NeurogradeError, OSError):
        return None


def _folders(job: str, spec: Mapping[str, Any], row: str | None) -> list[str]:
    """Return the folders of the store that the Job publishes."""
    if job in ("train", "stage"):
        grid = TrainSpec.parse(spec)
        if job == "stage":
            return [f"weights/{backbone.staged_name}" for backbone in grid.backbones if backbone.is_enum]
        shards = rows(expand(grid, ()).shards)
        return [f"runs/{grid.name}/{shard.name}" for key in shards if row in (None, key) for shard in shards[key]]
    return [f"{BY_NAME[job].writes[0]}/{spec['name']}"]
