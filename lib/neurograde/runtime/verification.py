"""A store checked from end to end: its records against each other, its files against their digests."""

from __future__ import annotations

from neurograde.errors import MissingUpstream, SpecError, UsageError
from neurograde.runtime import invocation
from neurograde.runtime.progress import progress
from neurograde.runtime.spec_folder import specs_of
from neurograde.storage.store import Store
from neurograde.storage.survey import Survey, survey
from neurograde.storage.verify import check_records


def open_store(url: str) -> Store:
    """Return the store at `url`; UsageError for a scheme that is not known."""
    try:
        return Store(url)
    except SpecError as error:
        raise UsageError(str(error)) from None


def verify_store(store: Store) -> Survey:
    """Return everything in the store with what is wrong with it.

    Raises:
        MissingUpstream: there is nothing at the store's address.
    """
    contents = survey(store)
    if not contents.listing:
        raise MissingUpstream(
            f"{store.url}: there is no store, or nothing in it; {invocation.shown('chain', 'FOLDER')} fills one"
        )
    check_records(contents)
    with progress("verifying", len(contents.files), "files") as advance:
        contents.check_files(advance)
    return contents


def spec_sources(folder: str) -> dict[tuple[str, str], str]:
    """Return the source of the spec of each job and name in `folder`; UsageError when there is none."""
    specs = specs_of(folder)
    if not specs:
        raise UsageError(f"--specs {folder}: no specs (*.yaml files with a job, or a study.yaml) in this folder")
    return {(str(data["job"]), str(data.get("name"))): source for source, data in specs.items()}
