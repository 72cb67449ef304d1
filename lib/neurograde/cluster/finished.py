"""The work of Jobs as the store has it: the manifests there are the truth, not the Job that made them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from neurograde.cluster.folder import PlannedJob
from neurograde.errors import NeurogradeError
from neurograde.runtime.grid import ROW
from neurograde.specs.catalogue import BY_NAME
from neurograde.specs.grid import expand, rows
from neurograde.specs.records import Shard
from neurograde.specs.train import TrainSpec
from neurograde.storage.artefact import MANIFEST, read_manifest
from neurograde.storage.series import COMMITS
from neurograde.storage.store import Store


@dataclass(frozen=True)
class Epochs:
    """Epochs of the shards of some training Jobs."""

    done: int
    """Epochs that are committed, or need not be trained since the shard is published."""
    total: int


def is_done(job: PlannedJob) -> bool | None:
    """Return True if everything that the Job makes is published; None where that cannot be told from here.

    The reader needs rights on the store, which who applies manifests may lack; names of features are known to torch
    alone.
    """
    name, spec, row = _work(job)
    if spec is None or name == "features":
        return None
    try:
        store = Store(spec["store"])
        return all(read_manifest(store, folder) is not None for folder in _folders(name, spec, row))
    except (NeurogradeError, OSError):
        return None


def committed_epochs(jobs: Sequence[PlannedJob]) -> Epochs | None:
    """Return the epochs that the training Jobs among `jobs` have committed; None without any, or without the store."""
    shards: dict[tuple[str, str], list[Shard]] = defaultdict(list)
    for job in jobs:
        name, spec, row = _work(job)
        if name == "train" and spec is not None:
            grid = TrainSpec.parse(spec)
            shards[grid.store, grid.name] += _shards(grid, row)
    try:
        pairs = [_epochs(Store(url), name, group) for (url, name), group in shards.items()]
    except (NeurogradeError, OSError):
        return None
    return Epochs(sum(pair.done for pair in pairs), sum(pair.total for pair in pairs)) if pairs else None


def _epochs(store: Store, grid: str, shards: Sequence[Shard]) -> Epochs:
    """Return the epochs of a grid's shards, from one listing of its objects."""
    total = {shard.name: max(session.epochs for session in shard.sessions) for shard in shards}
    done = dict.fromkeys(total, 0)
    for key in store.list(f"runs/{grid}"):
        shard, _, path = key.removeprefix(f"runs/{grid}/").partition("/")
        epoch = total.get(shard) if path == MANIFEST else COMMITS.number(path)
        if shard in total and epoch is not None and epoch <= total[shard]:
            done[shard] = max(done[shard], epoch)
    return Epochs(sum(done.values()), sum(total.values()))


def _work(job: PlannedJob) -> tuple[str, Mapping[str, Any] | None, str | None]:
    """Return the Job's entrypoint, its spec (None where the folder does not hold it) and its row of the grid."""
    container = job.manifest["spec"]["template"]["spec"]["containers"][0]
    if "args" not in container:
        return "", None, None
    module, path, *_ = container["args"]
    text = ((job.config_map or {}).get("data") or {}).get(path.rpartition("/")[2])
    row = next((variable["value"] for variable in container["env"] if variable["name"] == ROW), None)
    return module.removeprefix("jobs."), None if text is None else yaml.safe_load(text), row


def _folders(job: str, spec: Mapping[str, Any], row: str | None) -> list[str]:
    """Return the folders of the store that the Job publishes."""
    if job == "train":
        grid = TrainSpec.parse(spec)
        return [f"runs/{grid.name}/{shard.name}" for shard in _shards(grid, row)]
    if job == "stage":
        backbones = TrainSpec.parse(spec).backbones
        return [f"weights/{backbone.staged_name}" for backbone in backbones if backbone.is_enum]
    return [f"{BY_NAME[job].writes[0]}/{spec['name']}"]


def _shards(grid: TrainSpec, row: str | None) -> list[Shard]:
    by_row = rows(expand(grid, ()).shards)
    return [shard for key in by_row if row in (None, key) for shard in by_row[key]]
