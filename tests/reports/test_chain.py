"""The chain behind an evaluation: followed by digest, and refused where it does not hold."""

from __future__ import annotations

import json

import pytest

from neurograde.errors import DataError, DigestMismatch, MissingUpstream
from neurograde.reports.account import account
from neurograde.reports.chain import Chain, follow
from neurograde.reports.page import compose
from neurograde.runtime.job import Job
from neurograde.specs.records import Manifest
from neurograde.specs.report import ReportSpec
from neurograde.storage.store import Store
from tests.support.study import write_study


@pytest.fixture
def store(memory_url: str) -> Store:
    write_study(memory_url, leaking=False)
    return Store(memory_url)


def chain(store: Store) -> Chain:
    spec = {
        "job": "report",
        "name": "p",
        "store": store.url,
        "region": "FRA",
        "evaluations": ["independent"],
        "title": "t",
    }
    job = Job(ReportSpec.parse(spec), store)
    return follow(job, job.upstream("evaluations", "independent"))


def change_manifest(store: Store, folder: str, **fields: object) -> None:
    manifest = json.loads(store.get(f"{folder}/manifest.json"))
    store.put(f"{folder}/manifest.json", json.dumps(manifest | fields).encode())


def test_the_chain_goes_from_the_images_to_the_evaluation(store: Store):
    folders = [each.folder for each in chain(store).artefacts()]
    assert folders == [
        "images/stand-in",
        "patches/demo",
        "partitions/independent",
        "datasets/independent",
        "runs/independent/mobilenet_v2-extension4",
        "evaluations/independent",
    ]


def test_a_laboratorys_own_images_are_in_no_store(store: Store):
    patches = json.loads(store.get("patches/demo/manifest.json"))
    assert patches["inputs"][0]["kind"] == "images"
    store.clear("images")
    with pytest.raises(MissingUpstream, match="images/stand-in"):
        chain(store)


def test_features_that_a_job_of_their_own_computed_are_charged_once_and_together(store: Store):
    shard = "runs/independent/mobilenet_v2-extension4"
    template = json.loads(store.get("datasets/independent/manifest.json"))
    read = []
    for name, carbon in (("a", template["carbon"]), ("b", template["carbon"]), ("in the shard", None)):
        made = Manifest.parse(template | {"kind": "features", "name": name, "job": "features", "carbon": carbon})
        store.put(f"features/{name}/manifest.json", made.encode())
        read.append({"kind": "features", "name": name, "digest": made.digest})
    before = chain(store)
    change_manifest(store, shard, features=[*read, read[0] | {"name": "deleted since"}])
    after = chain(store)
    assert after.run.artefact().manifest.digest == before.run.artefact().manifest.digest
    without = account([*after.artefacts()])
    found = account([*after.artefacts()], [*after.features()])
    assert found.entries[-1].artefact == "features, 2 arrays"
    assert found.entries[:-1] == without.entries
    assert found.sum.record.wall_seconds == pytest.approx(
        without.sum.record.wall_seconds + 2 * template["carbon"]["wall_seconds"]
    )


def test_an_upstream_artefact_that_was_made_anew_breaks_the_chain_and_both_digests_are_named(store: Store):
    before = chain(store).partition.manifest.digest
    change_manifest(store, "partitions/independent", spec_digest="f" * 64)
    with pytest.raises(DigestMismatch, match=before):
        chain(store)


def test_a_run_that_was_trained_anew_breaks_the_chain(store: Store):
    files = chain(store).run.shards["mobilenet_v2-extension4"].manifest.model_dump(mode="json")["files"]
    files["history.csv"]["sha256"] = "f" * 64
    change_manifest(store, "runs/independent/mobilenet_v2-extension4", files=files)
    with pytest.raises(DigestMismatch, match="runs/independent"):
        chain(store)


def test_a_file_changed_behind_its_manifests_back_is_refused(store: Store):
    store.put("datasets/independent/balance.json", b"{}")
    with pytest.raises(DigestMismatch, match=r"balance\.json"):
        compose("t", [chain(store)])


def test_a_job_without_a_carbon_record_stops_the_page_by_name(store: Store):
    change_manifest(store, "patches/demo", carbon=None)
    with pytest.raises(DataError, match=r"patches/demo/manifest\.json: carbon"):
        compose("t", [chain(store)])
