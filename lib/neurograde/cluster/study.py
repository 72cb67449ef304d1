"""A folder of specs as the steps of a cluster: which jobs, in which order, on which nodes, with how much memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from neurograde.cluster.fit import Sizes, needs_of, training_memory_gib
from neurograde.cluster.job import Step, object_name
from neurograde.cluster.profiles import Profile
from neurograde.errors import SpecError, UsageError
from neurograde.runtime import specfile
from neurograde.runtime.spec_folder import file_name, specs_of
from neurograde.runtime.study_file import is_study, split_source
from neurograde.specs.base import JobSpec
from neurograde.specs.baseline import BaselineSpec
from neurograde.specs.catalogue import BY_NAME, JOBS, JobEntry, Phase
from neurograde.specs.evaluate import EvaluateSpec
from neurograde.specs.grid import expand, rows
from neurograde.specs.patch import PatchSpec
from neurograde.specs.report import ReportSpec
from neurograde.specs.train import TrainSpec


@dataclass(frozen=True)
class Study:
    """The specs of one folder, for one store and region."""

    source: str
    """The folder, or the one train spec of it that is asked for."""
    data: dict[str, dict[str, Any]]
    """The fields of each spec by the name of its file; a pod finds each spec of a study as a file."""
    specs: dict[str, JobSpec]
    """The same, validated."""
    left_out: dict[str, str]
    """Files that no cluster runs, and why."""

    def trained(self) -> dict[str, TrainSpec]:
        """Return the grids by file."""
        return {file: spec for file, spec in self.specs.items() if isinstance(spec, TrainSpec)}

    def local_places(self) -> list[str]:
        """Return the stores and images that are on this machine, where no pod finds them."""
        sources = [spec.source for spec in self.specs.values() if isinstance(spec, PatchSpec)]
        urls = [
            *(spec.store for spec in self.specs.values()),
            *(url for source in sources for url in source.outside_urls.values()),
        ]
        return sorted({url for url in urls if url and ("://" not in url or url.startswith("file:"))})


def read_study(source: str, store: str | None = None, region: str | None = None) -> Study:
    """Return the specs of the folder `source`; or of its grids only the train spec `source`, with the jobs before it.

    Args:
        source: A folder, its study.yaml, or the source of a train spec.
        store: Replaces the specs' store.
        region: Replaces the specs' region.

    Raises:
        UsageError: the folder or file does not exist, has no grid, or names an unknown job.
        SpecError: a spec is invalid; every mistake is listed.
    """
    path, label = split_source(source)
    is_folder = Path(path).is_dir() or (is_study(path) and label is None)
    study = _read_folder(Path(path) if Path(path).is_dir() else Path(path).parent, store, region)
    if not is_folder:
        study = _alone(study, file_name(source), source)
    if not study.trained():
        raise UsageError(f"{source}: no train spec in this folder")
    return replace(study, source=source)


def _read_folder(folder: Path, store: str | None, region: str | None) -> Study:
    data, specs, left_out = {}, {}, {}
    mistakes: list[str] = []
    for source, own_data in specs_of(folder).items():
        spec_data = specfile.completed(own_data, store=store)
        file, job = file_name(source), spec_data["job"]
        entry = BY_NAME.get(job)
        if entry is None or entry.is_ahead:
            accepted = ", ".join(entry.name for entry in JOBS if not entry.is_ahead)
            raise UsageError(f"{source}: job: {job!r}; accepted are {accepted}")
        if entry.no_pod_because is not None:
            left_out[file] = f"{job} {entry.no_pod_because}"
            continue
        if region is not None:
            spec_data["region"] = region
        try:
            specs[file] = specfile.validate(entry.spec, spec_data, source)
        except SpecError as error:
            mistakes += error.args
        data[file] = spec_data
    if mistakes:
        raise SpecError(*mistakes)
    return Study(str(folder), data, specs, left_out)


def _alone(study: Study, name: str, source: str) -> Study:
    """Return the study with one of its grids, that of the file `name`, the jobs before it and its evaluations."""
    wanted = study.specs.get(name)
    if not isinstance(wanted, TrainSpec):
        raise UsageError(
            f"{source}: no such train spec; accepted are a train spec, or a folder that has some "
            f"({', '.join(study.trained()) or 'here is none'})"
        )
    kept = {
        file: spec
        for file, spec in study.specs.items()
        if not isinstance(spec, TrainSpec | EvaluateSpec | BaselineSpec | ReportSpec)
        or file == name
        or (isinstance(spec, EvaluateSpec) and spec.run == wanted.name)
    }
    left_out = study.left_out | dict.fromkeys(study.specs.keys() - kept.keys(), f"{source} alone is asked for")
    return replace(
        study, data={file: study.data[file] for file in kept}, specs=kept, left_out=dict(sorted(left_out.items()))
    )


def chain_steps(study: Study, profile: Profile, sizes: Sizes) -> list[tuple[str, list[Step]]]:
    """Return the steps that prepare the data, in their order by name; the steps of one name may run at once."""
    return _in_order(study, profile, sizes, "data")


def after_steps(study: Study, profile: Profile, sizes: Sizes) -> list[tuple[str, list[Step]]]:
    """Return the steps that follow the grids, in the same form."""
    return _in_order(study, profile, sizes, "results")


def grid_steps(study: Study, profile: Profile, sizes: Sizes) -> dict[str, list[Step]]:
    """Return the steps by train spec: a Job per row of its grid, an index per shard of the row.

    Raises:
        SpecError: a shard needs more memory than a node of the profile has; names how many sessions fit.
    """
    return {
        file: [
            Step(
                job="train",
                name=f"{spec.name}-{row}" if len(study.trained()) > 1 else row,
                spec=file,
                node=profile.training,
                memory_gib=training_memory_gib(spec, row, shards[0], profile, sizes.shard_memory(spec, shards[0])),
                cache_gib=spec.cache_gib,
                completions=len(shards),
                parallelism=profile.parallelism,
                row=row,
                labels={"neurograde/grid": object_name(spec.name), "neurograde/row": object_name(row)},
            )
            for row, shards in rows(expand(spec, ()).shards).items()
        ]
        for file, spec in study.trained().items()
    }


def _in_order(study: Study, profile: Profile, sizes: Sizes, phase: Phase) -> list[tuple[str, list[Step]]]:
    ordered: list[tuple[str, list[Step]]] = []
    for entry in JOBS:
        steps = _plain_steps(study, profile, sizes, entry) if entry.phase == phase else []
        if entry.is_ahead and len(steps) > 1:  # several grids may need the same: the second finds what the first made
            ordered += [(f"{entry.name}-{object_name(step.name)}", [step]) for step in steps]
        elif steps:
            ordered.append((entry.name, steps))
    return ordered


def _plain_steps(study: Study, profile: Profile, sizes: Sizes, entry: JobEntry) -> list[Step]:
    steps = []
    for file, spec in study.specs.items():
        if spec.job != entry.name and not _is_ahead(entry.name, spec):
            continue
        needs = needs_of(entry.name, spec, sizes)
        steps.append(
            Step(
                job=entry.name,
                name=spec.name,
                spec=file,
                node=profile.training if entry.computes_like_training else profile.other,
                memory_gib=needs.memory_gib,
                cache_gib=needs.cache_gib,
                scratch_gib=needs.scratch_gib,
            )
        )
    return steps


def _is_ahead(job: str, spec: JobSpec) -> bool:
    """Return True if `job` does a part of training ahead for this grid."""
    if not isinstance(spec, TrainSpec):
        return False
    if job == "stage":
        return any(backbone.is_enum for backbone in spec.backbones)
    reads_features = any(strategy.has_frozen_trunk for strategy in spec.strategies)
    return job == "features" and spec.engine == "shared" and reads_features
