"""The lint of manifests: what it passes, and for each rule what it does not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from neurograde.cluster import base, kueue
from neurograde.cluster.job import Placement, Step, indexed_job
from neurograde.cluster.lint import JOB_RULES, RULES, lint, quantity
from neurograde.cluster.local_store import local_store
from neurograde.cluster.profiles import PROFILES

PLACEMENT = Placement(image=f"registry/neurograde@sha256:{'ab' * 32}", namespace="neurograde", queue="neurograde")
STEP = Step(
    job="train",
    name="inception_v3-extension2",
    spec="train.yaml",
    node=PROFILES["gke-spot-t4"].training,
    memory_gib=7,
    cache_gib=8.0,
    completions=40,
    parallelism=8,
    row="inception_v3-extension2",
)


def job() -> dict[str, Any]:
    return copy.deepcopy(indexed_job(STEP, PLACEMENT, "specs-00000000"))


def findings(thing: object) -> list[str]:
    return lint(yaml.safe_dump(thing))


def pod(thing: dict[str, Any]) -> dict[str, Any]:
    return thing["spec"]["template"]["spec"]


def container(thing: dict[str, Any]) -> dict[str, Any]:
    return pod(thing)["containers"][0]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda each: each.name)
def test_what_the_suite_renders_passes(profile):
    for node in (profile.training, profile.other):
        step = Step(job="evaluate", name="a" * 80, spec="e.yaml", node=node, memory_gib=8, completions=10_000)
        assert findings(indexed_job(step, PLACEMENT, "specs-00000000")) == []


def test_what_is_set_up_once_passes():
    for thing in (
        base.namespace(PLACEMENT),
        base.service_account(PLACEMENT, "a@b.iam.gserviceaccount.com"),
        base.quota(PLACEMENT, 8),
        base.network_policy(PLACEMENT),
        base.network_policy(PLACEMENT, store_inside=True),
        *local_store(),
        *kueue.flavors(),
        *(kueue.cluster_queue(PLACEMENT, profile, 64) for profile in PROFILES.values()),
        kueue.local_queue(PLACEMENT),
    ):
        assert findings(thing) == []


Break = Callable[[dict[str, Any]], Any]
BROKEN: dict[str, list[tuple[Break, str]]] = {
    "known_kind": [(lambda it: it.update(apiVersion="batch/v2"), "batch/v2/Job is not among")],
    "name": [
        (lambda it: it["metadata"].update(name="Train_1"), "name 'Train_1' is no DNS label"),
        (lambda it: it["metadata"].update(generateName="train-"), "generateName: kubectl apply needs a name"),
    ],
    "labels": [
        (lambda it: it["metadata"]["labels"].update(grid="-a"), "label grid: '-a'"),
        (lambda it: it["spec"]["template"]["metadata"]["labels"].update(grid="a" * 64), "at most 63"),
    ],
    "host_name": [(lambda it: it["metadata"].update(name="a" * 61), "with an index")],
    "quantities": [
        (lambda it: container(it)["resources"]["limits"].update(memory="7GiB"), "limits.memory: '7GiB' is no quantity"),
        (lambda it: pod(it)["volumes"][1]["emptyDir"].pop("sizeLimit"), "volume tmp: sizeLimit: None is no quantity"),
    ],
    "requests": [
        (
            lambda it: container(it)["resources"]["requests"].update(memory="7168.5Mi"),
            "requests.memory 7168.5Mi is more than its limit 7Gi",
        ),
        (lambda it: container(it)["resources"]["limits"].pop("memory"), "limits.memory is not given"),
        (
            lambda it: container(it)["resources"]["limits"].update({"nvidia.com/gpu": "2"}),
            "request and limit of a board must be equal",
        ),
    ],
    "volumes": [
        (
            lambda it: pod(it)["volumes"][2]["emptyDir"].update(sizeLimit="11Gi"),
            "volumes may grow to 13958643712 bytes",
        ),
        (lambda it: pod(it)["volumes"].pop(0), "mounts 'specs', which is none of the pod's volumes"),
    ],
    "failure_policy": [
        (lambda it: it["spec"].pop("podFailurePolicy"), "every preemption counts as a failure"),
        (lambda it: pod(it).update(restartPolicy="OnFailure"), "restartPolicy 'OnFailure': a podFailurePolicy needs"),
        (lambda it: it["spec"].update(podReplacementPolicy="TerminatingOrFailed"), "needs Failed"),
        (lambda it: it["spec"].update(completionMode="NonIndexed"), "FailIndex and maxFailedIndexes need both"),
        (lambda it: it["spec"].pop("backoffLimitPerIndex"), "FailIndex and maxFailedIndexes need both"),
    ],
    "failure_rules": [
        (lambda it: rules(it)[1]["onExitCodes"].pop("containerName"), "rules[1]: containerName None is none of"),
        (lambda it: rules(it)[2]["onExitCodes"].update(containerName="train"), "rules[2]: containerName 'train'"),
        (lambda it: rules(it)[3]["onExitCodes"]["values"].append(75), "exit code 75 is decided by rules[1] already"),
        (lambda it: rules(it)[3]["onExitCodes"]["values"].append(0), "0 is no exit code of a failure"),
        (lambda it: rules(it)[0]["onPodConditions"][0].pop("status"), "condition DisruptionTarget has no status"),
    ],
    "counts": [
        (lambda it: it["spec"].update(parallelism=41), "parallelism 41 is more than completions 40"),
        (lambda it: it["spec"].update(maxFailedIndexes=41), "maxFailedIndexes 41 is more than"),
        (lambda it: it["spec"].update(activeDeadlineSeconds=3600), "it would kill the whole grid"),
    ],
    "restricted": [
        (lambda it: pod(it)["securityContext"].pop("runAsNonRoot"), "runAsNonRoot and a user are needed"),
        (lambda it: pod(it)["securityContext"].update(runAsUser=0), "runAsNonRoot and a user are needed"),
        (lambda it: pod(it)["securityContext"].pop("seccompProfile"), "seccompProfile RuntimeDefault"),
        (lambda it: pod(it).pop("automountServiceAccountToken"), "automountServiceAccountToken must be false"),
        (lambda it: pod(it).pop("terminationGracePeriodSeconds"), "1 to 25"),
        (lambda it: container(it)["securityContext"].pop("readOnlyRootFilesystem"), "readOnlyRootFilesystem true"),
        (lambda it: container(it)["securityContext"].pop("capabilities"), "capabilities dropped: ALL"),
    ],
    "image": [(lambda it: container(it).update(image="neurograde:latest"), "name@sha256:... is accepted")],
}


def rules(thing: dict[str, Any]) -> list[dict[str, Any]]:
    return thing["spec"]["podFailurePolicy"]["rules"]


def test_every_rule_is_seen_to_fail():
    assert list(BROKEN) == [rule.__name__ for rule in (*RULES, *JOB_RULES)]


CASES = [(rule, place) for rule, cases in BROKEN.items() for place in range(len(cases))]


@pytest.mark.parametrize(("rule", "place"), CASES, ids=str)
def test_a_broken_job_is_told_from_a_whole_one_by_this_rule_alone(rule: str, place: int):
    damage, said = BROKEN[rule][place]
    broken = job()
    damage(broken)
    found = {each.__name__: list(each(broken)) for each in (*RULES, *JOB_RULES)}
    assert [name for name, what in found.items() if what] == [rule]
    assert any(said in what for what in found[rule])
    assert any(said in what for what in findings(broken))


def test_a_key_given_twice_and_what_is_no_object_are_found():
    assert "the key 'kind' is given twice" in lint("kind: Job\nkind: Job\n")[0]
    assert lint("- a\n- b\n") == ["['a', 'b'] is no object"]


@given(st.integers(0, 10**6), st.sampled_from([("", 1), ("k", 1000), ("Mi", 2**20), ("Gi", 2**30), ("T", 10**12)]))
def test_a_quantity_is_its_number_times_its_unit(number: int, unit: tuple[str, int]):
    assert quantity(f"{number}{unit[0]}") == number * unit[1]


@pytest.mark.parametrize("text", ["", "Gi", "1 Gi", "-1", "1e3Gi", "1GB", None, "0x10", "K", "1K"])
def test_what_is_no_quantity_is_none(text: object):
    assert quantity(text) is None


def test_thousandths_are_exact():
    assert quantity("1m") * 1000 == quantity("1") == Decimal(1)
