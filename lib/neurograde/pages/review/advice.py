"""The steps after a review: the line that makes `patch` follow it, and the command that cuts."""

from __future__ import annotations

import shlex
from typing import Any

from neurograde.runtime import invocation
from neurograde.runtime.job import Job
from neurograde.runtime.spec_folder import specs_beside
from neurograde.specs.review import ReviewSpec
from neurograde.storage.artefact import MANIFEST


def next_steps(job: Job[ReviewSpec]) -> list[dict[str, str]]:
    """Return what to do when the review is finished, as steps of `text` and `code`.

    The line goes into the spec and not onto the command line: the next `make chain` reads the spec alone.
    """
    path, spec = _patch_spec(job)
    steps = []
    if spec.get("review") != job.spec.name:
        steps.append({"text": f"Write into {path or 'the spec of patch'}:", "code": f"review: {job.spec.name}"})
    command = invocation.shown("patch", shlex.quote(path) if path else "SPEC")
    if path and spec.get("store") != job.store.url:
        command += f" --store {shlex.quote(job.store.url)}"
    if path and job.store.exists(f"patches/{spec.get('name')}/{MANIFEST}"):
        command += " --replace"  # of patches that were cut before
    return [*steps, {"text": "Then cut:" if steps else "Cut:", "code": command}]


def _patch_spec(job: Job[ReviewSpec]) -> tuple[str | None, dict[str, Any]]:
    """Return path and content of the spec beside the review's that cuts the same images; one that follows it first."""
    specs = {source: spec for source, spec in specs_beside(job.source).items() if spec["job"] == "patch"}
    ours = job.spec.source
    cuts_the_same = {
        path: spec
        for path, spec in specs.items()
        if isinstance(source := spec.get("source"), dict)
        and (source.get("url"), source.get("images")) == (ours.url, ours.images)
    }
    following = [path for path, spec in cuts_the_same.items() if spec.get("review") == job.spec.name]
    for path in (*following, *cuts_the_same):
        return path, specs[path]
    return None, {}
