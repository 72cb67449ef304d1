"""One way to publish what several processes may make at once: the first manifest holds."""

from __future__ import annotations

from typing import Literal

from neurograde.runtime.manifests import describe, publish_once, write_files
from neurograde.specs.base import JobSpec
from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.store import Store


class ToySpec(JobSpec):
    """A spec."""

    job: Literal["toy"] = "toy"
    """The job this spec is for."""


def test_the_first_manifest_holds_and_the_second_process_gets_it(memory_url: str):
    store, spec = Store(memory_url), ToySpec(name="one", store=memory_url, region="FRA")
    first, second = (
        describe(spec, "features", "abc", write_files(store, "features/abc", {f"{who}.txt": who.encode()}), job=who)
        for who in ("first", "second")
    )
    assert publish_once(store, first) is first
    assert publish_once(store, second) == first
    assert read_manifest(store, "features/abc") == first
    assert Artefact(store, "features/abc", first).read("first.txt") == b"first"


def test_a_manifest_has_the_spec_its_digest_and_the_facts_of_the_machine(memory_url: str):
    spec = ToySpec(name="one", store=memory_url, region="FRA")
    manifest = describe(spec, "features", "abc", {}, machine={"threads": 3})
    assert (manifest.job, manifest.spec_digest) == ("toy", spec.digest())
    assert manifest.machine["threads"] == 3
    assert manifest.machine["logical_cores"] >= 1
    assert manifest.software["numpy"]


def test_what_another_process_published_and_took_back_meanwhile_is_none(memory_url: str):
    class Forgetful(Store):
        def create(self, key: str, data: bytes) -> None:
            raise FileExistsError(key)

    spec = ToySpec(name="one", store=memory_url, region="FRA")
    assert publish_once(Forgetful(memory_url), describe(spec, "features", "abc", {})) is None
