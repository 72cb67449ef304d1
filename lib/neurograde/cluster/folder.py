"""The rendered folder as the steps to apply: base/, chain/ file by file, grid/ at once, after/ file by file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from neurograde.cluster.job import BOARDS, QUEUE, is_placeholder
from neurograde.errors import UsageError
from neurograde.runtime import invocation, strict_yaml
from neurograde.runtime.specfile import spec_files

FOLDERS = ("base", "chain", "grid", "after")
Manifest = Mapping[str, Any]


@dataclass(frozen=True)
class PlannedJob:
    """A Job of a manifest file."""

    name: str
    namespace: str
    manifest: Manifest
    config_map: Manifest | None = None
    """The ConfigMap with its specs."""

    @property
    def text(self) -> str:
        """The manifest as YAML, for kubectl's stdin."""
        return yaml.safe_dump(dict(self.manifest), sort_keys=False)

    @property
    def pods(self) -> int:
        """Most pods at once."""
        return int(self.manifest["spec"].get("parallelism", 1))

    @property
    def boards(self) -> int:
        """Boards that these pods ask for."""
        containers = self.manifest["spec"]["template"]["spec"]["containers"]
        limits = (containers[0].get("resources") or {}).get("limits") or {}
        return self.pods * int(limits.get(BOARDS, 0))

    @property
    def image(self) -> str:
        """The image of its pods."""
        return str(self.manifest["spec"]["template"]["spec"]["containers"][0]["image"])

    @property
    def queue(self) -> str:
        """Name of Kueue's queue; empty without one."""
        labels: Mapping[str, str] = self.manifest["metadata"].get("labels") or {}
        return labels.get(QUEUE, "")


@dataclass(frozen=True)
class FolderStep:
    """Files that are applied together, and their Jobs, which are waited for together."""

    name: str
    files: tuple[Path, ...]
    """Files of everything but Jobs."""
    jobs: tuple[PlannedJob, ...]


@dataclass(frozen=True)
class Quota:
    """The pods and boards that the namespace may hold at once."""

    pods: int
    boards: int


UNLIMITED = Quota(pods=10**6, boards=10**6)
"""The quota of a namespace that has none, or whose queue counts."""


def steps(root: Path) -> Iterator[FolderStep]:
    """Yield the steps in their order: the numbered files of a folder follow its other files, one by one.

    Raises:
        UsageError: a folder has no manifests.
    """
    for folder in FOLDERS:
        files = spec_files(root / folder)
        if not files:
            raise UsageError(f"{root / folder}: no manifests; {invocation.shown('grid')} SPECS renders them")
        objects = [item for path in files for item in _objects(path)]
        specs = {item["metadata"]["name"]: item for item in objects if item["kind"] == "ConfigMap"}
        numbered = [path for path in files if path.name[0].isdigit()]
        yield _step(folder, [path for path in files if path not in numbered], specs)
        for path in numbered:
            yield _step(f"{folder}/{path.stem}", [path], specs)


def check_images(folder: Sequence[FolderStep]) -> None:
    """Raise UsageError if the image is still the placeholder that is committed, which no registry has."""
    for step in folder:
        for job in step.jobs:
            if is_placeholder(job.image):
                raise UsageError(
                    f"{step.name}: Job {job.name} names the placeholder {job.image!r}; make push prints the digest "
                    'of an image, then: make k8s ARGS="--image ...@sha256:..."'
                )


def quota(root: Path) -> Quota:
    """Return the quota of the folder's base/."""
    for path in spec_files(root / "base"):
        for item in _objects(path):
            if item["kind"] == "ResourceQuota":
                hard = item["spec"]["hard"]
                pods, boards = hard.get("pods", UNLIMITED.pods), hard.get(f"requests.{BOARDS}", UNLIMITED.boards)
                return Quota(int(pods), int(boards))
    return UNLIMITED


def _step(name: str, files: Sequence[Path], specs: Mapping[str, Manifest]) -> FolderStep:
    others, jobs = [], []
    for path in files:
        objects = _objects(path)
        if any(item["kind"] != "Job" for item in objects):
            others.append(path)
        for item in objects:
            if item["kind"] == "Job":
                metadata = item["metadata"]
                jobs.append(PlannedJob(metadata["name"], metadata["namespace"], item, _specs_of(item, specs)))
    return FolderStep(name, tuple(others), tuple(jobs))


def _specs_of(job: Manifest, specs: Mapping[str, Manifest]) -> Manifest | None:
    volumes = job["spec"]["template"]["spec"].get("volumes") or []
    names = [volume["configMap"]["name"] for volume in volumes if "configMap" in volume]
    return next((specs[name] for name in names if name in specs), None)


def _objects(path: Path) -> list[Manifest]:
    try:
        objects = [item for item in yaml.safe_load_all(path.read_text()) if item]
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = strict_yaml.reason(error) if isinstance(error, yaml.YAMLError) else error
        raise UsageError(
            f"{path}: not valid YAML: {reason}; {invocation.shown('grid')} SPECS renders it again"
        ) from None
    if not all(isinstance(item, dict) and item.get("kind") and item.get("metadata") for item in objects):
        raise UsageError(f"{path}: not a manifest: an object has no kind or no metadata")
    return objects
