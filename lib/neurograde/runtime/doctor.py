"""Examination of this machine: versions, processor, memory, GPU and, where one is named, a store."""

from __future__ import annotations

import platform
import secrets
import shutil
from collections.abc import Iterator
from typing import NamedTuple

from neurograde import __version__
from neurograde.errors import NeurogradeError
from neurograde.runtime.cuda import driver_facts, problem_of
from neurograde.runtime.extras import missing
from neurograde.runtime.machine import machine_facts, software_versions
from neurograde.specs.extras import EXTRAS, how_to_install
from neurograde.storage.store import Store

BROWSERS = ("chromium", "google-chrome", "chrome", "firefox")


class Answer(NamedTuple):
    """One fact of the examination."""

    subject: str
    value: str
    problem: NeurogradeError | None = None
    """The error that a job would end with; None where nothing is wrong."""


def examine(store_url: str | None = None) -> Iterator[Answer]:
    """Yield the facts of this machine, those of the store `store_url` last."""
    facts = machine_facts()
    yield Answer("neurograde", f"{__version__}, Python {platform.python_version()} on {facts.os}")
    yield Answer("packages", _packages())
    yield Answer("processor", f"{facts.cpu_model or 'unknown'}, {facts.logical_cores} cores")
    yield Answer("memory", "unknown" if facts.ram_gib is None else f"{facts.ram_gib:.1f} GiB")
    yield _gpu()
    yield Answer("browser", next((path for name in BROWSERS if (path := shutil.which(name))), "none found"))
    if store_url is not None:
        yield _store(store_url)


def _packages() -> str:
    """Return the packages that can change a result, and the extras of which a module is missing."""
    versions = ", ".join(f"{name} {version}" for name, version in software_versions().items())
    lacking = missing(tuple(EXTRAS))
    return f"{versions}; {how_to_install(*lacking)} brings the rest" if lacking else versions


def _gpu() -> Answer:
    """Return the driver's answers; a machine without driver and board lacks nothing that the CPU needs."""
    facts = driver_facts()
    if facts.driver is None and facts.board is None:
        return Answer("GPU", "none; jobs run on the CPU")
    return Answer("GPU", str(facts), problem_of(facts))


def _store(url: str) -> Answer:
    error = try_store(url)
    return Answer("store", url if error else f"{url}: objects can be created, read and deleted", error)


def try_store(url: str) -> NeurogradeError | None:
    """Write, read and delete an object of the store; return the error of the first that fails, or None."""
    key = f"doctor-{secrets.token_hex(8)}"
    try:
        store = Store(url)
        store.create(key, b"written by neurograde doctor")
        try:
            store.get(key)
        finally:
            store.delete(key)
    except NeurogradeError as error:
        return error
    return None
