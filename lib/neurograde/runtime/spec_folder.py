"""A folder of specs: its files, and the specs of its `study.yaml`, by source."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from neurograde.errors import NeurogradeError, SpecError, UsageError
from neurograde.runtime.specfile import dump, extended, job_of, read_yaml, spec_files
from neurograde.runtime.study_file import MARK, composed, is_study, split_source
from neurograde.specs.catalogue import BY_NAME, chain_order


def specs_of(folder: Path | str) -> dict[str, dict[str, Any]]:
    """Return the fields of every spec of the folder by its source, in the order of files and of a study's sections.

    Files without `job` are bases that others extend, and left out.

    Args:
        folder: The folder, or the study.yaml in it.

    Raises:
        SpecError: A file holds no YAML mapping, or the study breaks the grammar.
    """
    return {source: data for path in _files(folder) for source, data in _specs_of_file(path).items()}


def read_specs(folder: Path | str, mistakes: list[NeurogradeError]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the specs of `specs_of`; the errors of files are added to `mistakes`, and the files left out."""
    for path in _files(folder):
        try:
            yield from _specs_of_file(path).items()
        except NeurogradeError as error:
            mistakes.append(error)


def _files(folder: Path | str) -> list[Path]:
    return spec_files(Path(folder).parent if is_study(str(folder)) else Path(folder))


def _specs_of_file(path: Path) -> dict[str, dict[str, Any]]:
    data = read_yaml(str(path))
    if is_study(str(path)):
        return {f"{path}{MARK}{label}": spec.data for label, spec in composed(str(path), data).items()}
    data = extended(str(path), data)
    return {str(path): data} if job_of(data, path) is not None else {}


def specs_in_order(folder: Path | str) -> list[tuple[str, str]]:
    """Return the job and the source of every step of `folder`, upstream first, without what waits for a person.

    A train spec is two steps: its frozen features, then its sessions.

    Raises:
        UsageError: The folder has no specs, or one whose job the chain does not know.
    """
    jobs = {source: data["job"] for source, data in specs_of(folder).items()}
    for source, job in jobs.items():
        if job not in BY_NAME or BY_NAME[job].is_ahead:
            raise UsageError(f"{source}: job: {job!r} is not in the chain; accepted: {', '.join(chain_order())}")
    return in_order(jobs, folder)


def in_order(jobs: Mapping[str, str], folder: Path | str) -> list[tuple[str, str]]:
    """Return the steps of `specs_in_order` for the job of each source in `folder`."""
    order = chain_order()
    steps = [(job, source) for source, job in jobs.items() if job in order]
    if not steps:
        raise UsageError(f"{folder}: no specs (*.yaml files with a job, or a study.yaml) in this folder")
    ordered = sorted(steps, key=lambda step: order.index(step[0]))
    return [(job, source) for step, source in ordered for job in (("features", step) if step == "train" else (step,))]


def specs_beside(source: str) -> dict[str, dict[str, Any]]:
    """Return the specs of the folder of `source`; none if it is elsewhere than on this disk.

    Files that cannot be read as specs are passed over.
    """
    path, specs = Path(split_source(source)[0]), {}
    for file in spec_files(path.parent) if path.is_file() else []:
        with suppress(SpecError, UsageError):
            specs.update(_specs_of_file(file))
    return specs


def sibling_spec(source: str, job: str, name: str) -> str | None:
    """Return the source of the spec beside `source` by which `job` makes `name`, or None if this disk has none."""
    for sibling, data in specs_beside(source).items():
        if (data.get("job"), data.get("name")) == (job, name):
            return sibling
    return None


def file_name(source: str) -> str:
    """Return the name of the file that holds a spec alone.

    >>> file_name("specs/leak/study.yaml#train-leak-0")
    'train-leak-0.yaml'
    >>> file_name("specs/demo/train.yaml")
    'train.yaml'
    """
    url, label = split_source(source)
    return Path(url).name if label is None else f"{label}.yaml"


def print_specs(folder: Path | str) -> None:
    """Print every spec of the folder as a YAML document, under its source."""
    sys.stdout.write("".join(f"--- # {source}\n{dump(data).decode()}" for source, data in specs_of(folder).items()))


def write_specs(folder: Path | str, into: Path) -> None:
    """Write every spec of the folder into a folder of files; UsageError if one of them exists with other content."""
    into.mkdir(parents=True, exist_ok=True)
    for source, data in specs_of(folder).items():
        path = into / file_name(source)
        if path.exists() and path.read_bytes() != dump(data):
            raise UsageError(f"--into {into}: {path.name} exists, with another content; choose an empty folder")
        path.write_bytes(dump(data))
