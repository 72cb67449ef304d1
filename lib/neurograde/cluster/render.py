"""The files of k8s/: what the specs ask for, for one image, one store and one kind of cluster.

    base/    set up once
    chain/   1-stage.yaml, 2-patch.yaml, ...   prepares the data, one file after the other
    grid/    <train spec>.yaml                 trains: a Job for each backbone and strategy, all at once
    after/   1-evaluate.yaml, 2-baseline.yaml, 3-report.yaml

The last three each hold the same specs.yaml too, a ConfigMap with every spec of the study, so that each folder applies
as it stands, and a message that names a spec names one that the pod has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from neurograde.cluster import base
from neurograde.cluster.fit import Sizes, check_fit
from neurograde.cluster.job import Manifest, Placement, Step, indexed_job
from neurograde.cluster.profiles import Profile
from neurograde.cluster.study import Study, after_steps, chain_steps, grid_steps
from neurograde.maths.digest import canonical_json, sha256_hex

GPUS_PER_STUDY = 64  # of the quota: what a namespace may hold at once


def render(study: Study, profile: Profile, placement: Placement, identity: str, sizes: Sizes) -> dict[str, str]:
    """The text of every file by its path under k8s/.

    Args:
        study: The specs.
        profile: The kind of cluster.
        placement: Image and names.
        identity: The Google service account of all pods.
        sizes: Sizes that only torch knows.

    Raises:
        SpecError: no node of the profile can hold a step.
    """
    specs = config_map(study, placement)
    name = specs["metadata"]["name"]

    def jobs(steps: Iterable[Step]) -> list[Manifest]:
        steps = list(steps)
        for step in steps:
            check_fit(step, profile)
        return [indexed_job(step, placement, name) for step in steps]

    files: dict[str, list[Manifest]] = {
        "base/namespace.yaml": [base.namespace(placement)],
        "base/network-policy.yaml": [base.network_policy(placement)],
        "base/quota.yaml": [base.quota(placement, GPUS_PER_STUDY)],
        "base/service-account.yaml": [base.service_account(placement, identity)],
        **{f"{folder}/specs.yaml": [specs] for folder in ("chain", "grid", "after")},
        **{f"grid/{file}": jobs(steps) for file, steps in grid_steps(study, profile, sizes).items()},
    }
    for folder, steps in (("chain", chain_steps(study, profile, sizes)), ("after", after_steps(study, profile, sizes))):
        digits = len(str(len(steps)))  # files are applied in the order of their names
        for number, (name_of_step, each) in enumerate(steps, start=1):
            files[f"{folder}/{number:0{digits}}-{name_of_step}.yaml"] = jobs(each)
    return {path: _text(objects) for path, objects in sorted(files.items())}


def steps_of(study: Study, profile: Profile, sizes: Sizes) -> list[Step]:
    """Return every step of a study, in the order in which they run."""
    chain, after = chain_steps(study, profile, sizes), after_steps(study, profile, sizes)
    grid = grid_steps(study, profile, sizes)
    groups = [*(group for _, group in chain), *grid.values(), *(group for _, group in after)]
    return [step for group in groups for step in group]


def config_map(study: Study, placement: Placement) -> Manifest:
    """The study's specs as files; named by their digest and immutable, so that a Job never sees them change."""
    data = {file: yaml.safe_dump(_plain(spec), sort_keys=False) for file, spec in study.data.items()}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"specs-{sha256_hex(canonical_json(data))[:8]}", "namespace": placement.namespace},
        "immutable": True,
        "data": data,
    }


def _plain(spec: Mapping[str, Any]) -> dict[str, Any]:
    """`job` first: what a file is for."""
    return {"job": spec["job"], **{key: value for key, value in spec.items() if key != "job"}}


class _Dumper(yaml.SafeDumper):
    """YAML as people write it: lists indented, long texts as blocks, nothing abbreviated."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002 - PyYAML's signature
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _scalar(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _scalar)


def _text(objects: list[Manifest]) -> str:
    head = "# Rendered by python -m jobs.grid: change the specs, not this file.\n"
    return head + yaml.dump_all(objects, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)
