"""The rendered files, checked and written, and the specs and folders that no pod will see."""

from __future__ import annotations

from pathlib import Path

from neurograde.cluster.lint import lint
from neurograde.cluster.profiles import Profile
from neurograde.cluster.render import FOLDERS
from neurograde.cluster.study import Study
from neurograde.errors import UsageError
from neurograde.runtime.log import log


def checked(files: dict[str, str]) -> dict[str, str]:
    """Return the files as they are, or raise UsageError with every finding of the lint."""
    findings = [f"{path}: {finding}" for path, text in files.items() for finding in lint(text)]
    if findings:
        raise UsageError(*findings)
    return files


def write(root: Path, files: dict[str, str]) -> None:
    """Write the files, and remove those of an earlier study."""
    for folder in FOLDERS:
        for old in (root / folder).glob("*.yaml"):
            old.unlink()
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    log.info(f"wrote {len(files)} files to {root}; next: make cluster, or kubectl apply -f {root}/base, chain, ...")


def report_left_out(study: Study, profile: Profile) -> None:
    """Log which specs were left out and why, and which folders of this machine no pod will find."""
    for file, reason in study.left_out.items():
        log.info(f"left out: {file}: {reason}")
    for url in study.local_places():
        log.warning(f"{url} is on this machine, and no pod of a cluster finds it there; what they share is a bucket")
    if profile.store_inside:
        log.info("the profile's store keeps its objects in memory: they are lost with the cluster")
