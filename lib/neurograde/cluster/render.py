"""The files of k8s/: everything that the specs ask for, for one image, one store and one kind of cluster.

    base/    set up once
    queue/   the queue of a cluster with Kueue, applied once by hand
    chain/   1-stage.yaml, 2-patch.yaml, ...   prepares the data, one file after the other
    grid/    <train spec>.yaml                 trains: a Job for each backbone and strategy
    after/   1-evaluate.yaml, 2-baseline.yaml, 3-report.yaml

The last three each hold a ConfigMap with every spec of the study: a folder can be applied and deleted without the
others, and a message that names a spec names one that the pod has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from neurograde.cluster import base, kueue
from neurograde.cluster.fit import Sizes, check_fit
from neurograde.cluster.job import Manifest, Placement, Step, indexed_job
from neurograde.cluster.local_store import local_store
from neurograde.cluster.profiles import Profile
from neurograde.cluster.study import Study, after_steps, chain_steps, grid_steps
from neurograde.cluster.text import as_text, spec_text
from neurograde.maths.digest import canonical_json, sha256_hex

FOLDERS = ("base", "queue", "chain", "grid", "after")
"""The folders of k8s/."""
GPUS_PER_STUDY = 64
"""Boards that the namespace may hold at once."""


@dataclass(frozen=True)
class Rendering:
    """Renders a study for one kind of cluster."""

    study: Study
    profile: Profile
    placement: Placement
    identity: str
    """The Google service account of all pods; empty outside Google's clusters."""
    sizes: Sizes

    def files(self) -> dict[str, str]:
        """Return the text of every file by its path under k8s/.

        Raises:
            SpecError: no node of the profile can hold a step.
        """
        files = {**self._base(), **self._queue(), **self._grid()}
        files |= self._numbered("chain", chain_steps(self.study, self.profile, self.sizes))
        files |= self._numbered("after", after_steps(self.study, self.profile, self.sizes))
        for folder in ("chain", "grid", "after"):
            files[f"{folder}/specs.yaml"] = [self._specs(folder)]
        return {path: as_text(objects) for path, objects in sorted(files.items())}

    def _base(self) -> dict[str, list[Manifest]]:
        policy = base.network_policy(self.placement, store_inside=self.profile.store_inside)
        files = {
            "base/namespace.yaml": [base.namespace(self.placement)],
            "base/network-policy.yaml": [policy],
            "base/quota.yaml": [base.quota(self.placement, GPUS_PER_STUDY)],
            "base/service-account.yaml": [base.service_account(self.placement, self.identity)],
        }
        return files | ({"base/store.yaml": local_store()} if self.profile.store_inside else {})

    def _queue(self) -> dict[str, list[Manifest]]:
        if not self.placement.queue:
            return {}
        return {
            "queue/cluster-queue.yaml": [kueue.cluster_queue(self.placement, self.profile, GPUS_PER_STUDY)],
            "queue/flavors.yaml": kueue.flavors(),
            "queue/local-queue.yaml": [kueue.local_queue(self.placement)],
        }

    def _grid(self) -> dict[str, list[Manifest]]:
        steps = grid_steps(self.study, self.profile, self.sizes)
        return {f"grid/{file}": self._jobs("grid", steps[file]) for file in steps}

    def _numbered(self, folder: str, steps: list[tuple[str, list[Step]]]) -> dict[str, list[Manifest]]:
        """Return files that are applied one after the other, in the order of their names."""
        digits = len(str(len(steps)))
        return {
            f"{folder}/{number:0{digits}}-{name}.yaml": self._jobs(folder, group)
            for number, (name, group) in enumerate(steps, start=1)
        }

    def _jobs(self, folder: str, steps: Iterable[Step]) -> list[Manifest]:
        specs = self._specs(folder)["metadata"]["name"]
        manifests = []
        for step in steps:
            check_fit(step, self.profile)
            manifests.append(indexed_job(step, self.placement, specs))
        return manifests

    def _specs(self, folder: str) -> Manifest:
        return config_map(self.study.data, self.placement, folder)


def steps_of(study: Study, profile: Profile, sizes: Sizes) -> list[Step]:
    """Return every step of a study, in the order in which they run."""
    chain, after = chain_steps(study, profile, sizes), after_steps(study, profile, sizes)
    grid = grid_steps(study, profile, sizes)
    groups = [*(group for _, group in chain), *grid.values(), *(group for _, group in after)]
    return [step for group in groups for step in group]


def config_map(specs: Mapping[str, Mapping[str, Any]], placement: Placement, folder: str) -> Manifest:
    """Return the specs as files, immutable and named by their digest: a Job never sees them change."""
    data = {file: spec_text(spec) for file, spec in specs.items()}
    digest = sha256_hex(canonical_json(data))[:8]
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"specs-{folder}-{digest}", "namespace": placement.namespace},
        "immutable": True,
        "data": data,
    }
