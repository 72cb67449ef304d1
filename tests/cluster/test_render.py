"""The manifests: as committed, as rendered, and that one study's files hold together."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from jobs.grid import grid, manifests, sizes
from neurograde.cluster import kueue, local_store
from neurograde.cluster.fit import check_fit
from neurograde.cluster.job import (
    CONTAINER,
    DRIVER,
    LEAST_PODS,
    QUEUE,
    STOP_INDEX,
    STOP_JOB,
    Placement,
    Step,
    indexed_job,
)
from neurograde.cluster.lint import lint, quantity
from neurograde.cluster.profiles import PROFILES
from neurograde.cluster.render import steps_of
from neurograde.cluster.study import read_study
from neurograde.errors import NeurogradeError, SpecError
from neurograde.runtime.cuda import LEAST_DRIVER
from neurograde.runtime.grid import ROW
from neurograde.runtime.spec_folder import file_name, specs_of
from neurograde.specs.grid import expand, rows
from neurograde.specs.train import TrainSpec
from tests.support.material import train_spec
from tests.support.small import SMALL_SPECS

ROOT = Path(__file__).parents[2]
PLACEMENT = Placement(image=f"registry/neurograde@sha256:{'ab' * 32}", namespace="neurograde", queue="neurograde")
SIZES = sizes()
GRID = train_spec("leaknet").model_dump(mode="json") | {"store": "gs://bucket/study"}
VERSIONS = ("1.34", kubernetes_validate.latest_version())


def rendered(specs: str, *options: str) -> dict[str, str]:
    arguments = grid.parser().parse_args([str(ROOT / "specs" / specs), *options])
    return manifests(read_study(arguments.source, arguments.store, arguments.region), arguments)


@pytest.fixture(scope="module")
def report() -> dict[str, str]:
    return rendered("report")


def objects(files: dict[str, str], folder: str = "") -> list[dict[str, Any]]:
    return [each for path, text in files.items() if path.startswith(folder) for each in yaml.safe_load_all(text)]


def pods(files: dict[str, str], folder: str = "") -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each Job of the folder, and its container."""
    jobs = [each for each in objects(files, folder) if each["kind"] == "Job"]
    return [(job, job["spec"]["template"]["spec"]["containers"][0]) for job in jobs]


def test_the_committed_manifests_are_those_that_the_committed_specs_render(report):
    committed = {str(path.relative_to(ROOT / "k8s")): path.read_text() for path in (ROOT / "k8s").glob("*/*")}
    assert committed == report, "make k8s renders them again"


@pytest.mark.parametrize("specs", ["demo", "osteosarcoma", "template"])
@pytest.mark.parametrize("profile", ["gke-spot-l4", "cpu"])
@pytest.mark.parametrize("version", VERSIONS)
def test_other_studies_render_to_what_lint_and_schema_accept(specs: str, profile: str, version: str):
    files = rendered(specs, "--profile", profile)
    assert [each for text in files.values() for each in lint(text)] == []
    for each in objects(files):
        if each["apiVersion"] != kueue.API:
            kubernetes_validate.validate(each, version, strict=True)


def test_the_profile_local_needs_no_account_and_brings_its_store():
    files = rendered("demo", "--profile", "local", "--image", "neurograde:local", "--store", "s3://neurograde/demo")
    assert [each for text in files.values() for each in lint(text)] == []
    everything = objects(files)
    for each in everything:
        if each["apiVersion"] != kueue.API:
            kubernetes_validate.validate(each, kubernetes_validate.latest_version(), strict=True)
    [service] = [each for each in everything if each["kind"] == "Service"]
    host = f"http://{service['metadata']['name']}.{service['metadata']['namespace']}.svc"
    for _, container in pods(files):
        variables = {each["name"]: each.get("value") for each in container["env"]}
        assert variables["AWS_ENDPOINT_URL_S3"] == f"{host}:{service['spec']['ports'][0]['port']}"
        assert container["imagePullPolicy"] == "Never"
    [identity] = [each for each in everything if each["kind"] == "ServiceAccount"]
    assert "annotations" not in identity["metadata"]


def test_the_queue_covers_every_resource_and_has_the_name_that_jobs_carry(report):
    queue = {each["kind"]: each for each in objects(report, "queue/") if each["kind"] != "ResourceFlavor"}
    [group] = queue["ClusterQueue"]["spec"]["resourceGroups"]
    flavors = {each["metadata"]["name"] for each in objects(report, "queue/") if each["kind"] == "ResourceFlavor"}
    assert {each["name"] for each in group["flavors"]} == flavors
    for flavor in group["flavors"]:
        assert [each["name"] for each in flavor["resources"]] == group["coveredResources"]
    for job, container in pods(report):
        assert container["resources"]["requests"].keys() <= {*group["coveredResources"]}
        assert job["metadata"]["labels"][QUEUE] == queue["LocalQueue"]["metadata"]["name"]
        least = job["metadata"].get("annotations", {}).get(LEAST_PODS)
        assert least == ("1" if job["spec"]["parallelism"] > 1 else None)  # Kueue refuses 1 of 1
        assert "suspend" not in job["spec"]


def test_without_a_queue_jobs_carry_no_label_and_no_queue_is_rendered():
    files = rendered("demo", "--queue", "")
    assert not [path for path in files if path.startswith("queue/")]
    assert all(QUEUE not in job["metadata"]["labels"] for job, _ in pods(files))


def test_a_second_apply_reports_no_change_of_the_network(report):
    [policy] = objects(report, "base/network-policy.yaml")
    assert "ingress" not in policy["spec"]  # the API server drops an empty list, and kubectl then sees a difference
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    blocks = [peer["ipBlock"]["cidr"] for rule in policy["spec"]["egress"] for peer in rule.get("to", [])]
    assert {"0.0.0.0/0", "::/0"} <= {*blocks}


def test_deleting_one_folder_takes_nothing_from_another(report):
    names = [
        {(each["kind"], each["metadata"]["name"]) for each in objects(report, f"{folder}/")}
        for folder in ("base", "queue", "chain", "grid", "after")
    ]
    assert sum(map(len, names)) == len(set.union(*names))


def test_the_least_driver_stands_beside_the_image_of_pods_with_a_board(report):
    for job, container in pods(report):
        metadata = job["spec"]["template"]["metadata"]
        driver = LEAST_DRIVER if "nvidia.com/gpu" in container["resources"]["limits"] else None
        assert metadata.get("annotations", {}).get(DRIVER) == driver


def test_pods_may_be_without_a_user_of_the_node():
    for job, _ in pods(rendered("demo", "--user-namespaces")):
        assert job["spec"]["template"]["spec"]["hostUsers"] is False


def test_every_shard_of_the_study_has_one_index_of_one_job(report):
    study = read_study(str(ROOT / "specs" / "report"))
    expected = {
        (f"/specs/{file}", row): len(shards)
        for file, spec in study.trained().items()
        for row, shards in rows(expand(spec, ()).shards).items()
    }
    found = {}
    for job, container in pods(report, "grid/"):
        [row] = [each["value"] for each in container["env"] if each["name"] == ROW]
        found[container["args"][1], row] = job["spec"]["completions"]
    assert found == expected


def test_every_pod_has_its_spec_and_every_exit_code_of_the_contract_has_its_answer(report):
    config_maps = {each["metadata"]["name"]: each["data"] for each in objects(report) if each["kind"] == "ConfigMap"}
    assert len(config_maps) == 3
    decided = {*STOP_JOB, *STOP_INDEX, 75}
    contract = {each.exit_code for each in every_error(NeurogradeError)}
    assert contract - decided == {1, 69, 80}
    for job, container in pods(report):
        module, path, *_ = container["args"]
        assert (ROOT / f"{module.replace('.', '/')}.py").exists()
        volumes = job["spec"]["template"]["spec"]["volumes"]
        [specs] = [each["configMap"]["name"] for each in volumes if "configMap" in each]
        assert path.removeprefix("/specs/") in config_maps[specs]
        rules = job["spec"]["podFailurePolicy"]["rules"]
        values = [(each["action"], each["onExitCodes"]) for each in rules if "onExitCodes" in each]
        assert {code for _, codes in values for code in codes["values"]} == decided
        assert all(codes["containerName"] == CONTAINER for _, codes in values)


def every_error(root: type[NeurogradeError]) -> list[type[NeurogradeError]]:
    return [root, *(each for child in root.__subclasses__() for each in every_error(child))]


def test_names_are_unique_and_follow_all_that_a_pod_is_made_of(report):
    names = [each["metadata"]["name"] for each in objects(report) if each["kind"] == "Job"]
    assert len(set(names)) == len(names)
    other = rendered("report", "--store", "gs://elsewhere/study")
    assert {each["metadata"]["name"] for each in objects(other) if each["kind"] == "Job"}.isdisjoint(names)


def test_store_and_region_reach_every_spec(report):
    files = rendered("report", "--store", "gs://elsewhere/study", "--region", "europe-west1")
    data = next(each["data"] for each in objects(files, "grid/") if each["kind"] == "ConfigMap")
    specs = [yaml.safe_load(text) for text in data.values()]
    assert {(each["store"], each["region"]) for each in specs} == {("gs://elsewhere/study", "europe-west1")}


def test_one_train_spec_alone_renders_what_leads_to_it_and_its_evaluation():
    files = rendered("report/train-leak-1.yaml")
    assert [path for path in files if path.startswith("grid/")] == ["grid/specs.yaml", "grid/train-leak-1.yaml"]
    assert [container["args"] for _, container in pods(files, "after/")] == [
        ["jobs.evaluate", "/specs/evaluate-leak-1.yaml"]
    ]
    assert "chain/1-patch.yaml" in files  # random weights: nothing to stage


def test_exports_and_baselines_come_between_the_evaluations_and_the_report():
    files = rendered("osteosarcoma", "--profile", "cpu")
    after = {path: [container["args"][1] for _, container in pods(files, path)] for path in files if "after/" in path}
    steps = ["1-evaluate", "2-export", "3-baseline", "4-report", "specs"]
    assert list(after) == [f"after/{step}.yaml" for step in steps]
    made = specs_of(ROOT / "specs/osteosarcoma")
    specs = {file_name(source) for source, data in made.items() if data["job"] == "baseline"}
    assert {path.removeprefix("/specs/") for path in after["after/3-baseline.yaml"]} == specs


def test_what_several_grids_have_in_common_is_made_by_one_after_the_other(report):
    assert [path for path in report if path.startswith("chain/")] == [
        "chain/1-stage-extension.yaml",
        "chain/2-stage-straightforward.yaml",
        "chain/3-stage-unfreezing.yaml",
        "chain/4-patch.yaml",
        "chain/5-partition.yaml",
        "chain/6-augment.yaml",
        "chain/7-features-extension.yaml",
        "chain/8-features-straightforward.yaml",
        "chain/specs.yaml",
    ]


def test_of_ten_steps_and_more_the_names_still_sort(tmp_path: Path):
    for number in range(12):
        train = yaml.safe_load((SMALL_SPECS / "train.yaml").read_text())
        train |= {"name": f"grid-{number}", "strategies": [{"kind": "straightforward"}]}
        (tmp_path / f"train-{number}.yaml").write_text(yaml.safe_dump(train))
    (tmp_path / "common.yaml").write_text((SMALL_SPECS / "common.yaml").read_text())
    files = manifests(read_study(str(tmp_path)), grid.parser().parse_args([str(tmp_path)]))
    names = [path for path in files if path.startswith("chain/")]
    assert names[0] == "chain/01-features-grid-0.yaml"
    assert names[11] == "chain/12-features-grid-9.yaml"


def test_no_job_of_the_chain_is_dropped_unsaid(tmp_path: Path, capsys):
    assert grid.main([str(ROOT / "specs/osteosarcoma"), "--profile", "cpu", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().err
    assert "left out: review.yaml: review waits for a person at a page" in said
    assert "left out: predict.yaml: predict grades images of your own" in said
    assert "file://out/osteosarcoma is on this machine" in said
    assert "out/data/osteosarcoma is on this machine" in said


def test_a_job_that_nobody_knows_is_refused_by_name(tmp_path: Path, capsys):
    (tmp_path / "evaluate.yaml").write_text("job: evalute\nname: a\n")
    assert grid.main([str(tmp_path), "--out", str(tmp_path / "k8s")]) == 64
    assert "evaluate.yaml: job: 'evalute'; accepted are synthesise, " in capsys.readouterr().err


def test_a_pod_that_asks_for_a_board_never_computes_on_its_cpu(report):
    for _, container in pods(report):
        has_board = "nvidia.com/gpu" in container["resources"]["limits"]
        assert container["args"][2:] == (["--set", "device=cuda"] if has_board else [])
    assert TrainSpec.parse({**GRID, "device": "cuda"}).digest() == TrainSpec.parse(GRID).digest()


def test_stage_and_features_have_room_for_all_weights_of_their_grid_and_only_for_what_they_use(report):
    asked = {
        path: [container["resources"]["limits"]["ephemeral-storage"] for _, container in pods(report, path)]
        for path in report
        if path.startswith("chain/")
    }
    assert asked["chain/2-stage-straightforward.yaml"] == ["6Gi"]  # ten backbones: 2.76 GiB, and no cache
    assert asked["chain/8-features-straightforward.yaml"] == ["70Gi"]
    assert asked["chain/5-partition.yaml"] == ["4Gi"] * 4
    [(job, container)] = pods(report, "chain/2-stage-straightforward.yaml")
    sizes = {each["name"]: each["emptyDir"]["sizeLimit"] for each in job["spec"]["template"]["spec"]["volumes"][1:]}
    assert sizes == {"tmp": "4Gi", "cache": "1Gi", "shm": "256Mi"}
    assert {"name": "NEUROGRADE_CACHE_GIB", "value": "0"} in container["env"]


TOO_LARGE = {
    ("beyond", "cpu"): "sessions_per_shard: 250 sessions of .* accepted are 1 to 209",
    ("report", "cpu"): "sessions_per_shard: 50 sessions of .* accepted are 1 to 25",
    ("beyond", "local"): "sessions_per_shard: 250 sessions of .* accepted are 1 to 65",
    ("osteosarcoma", "local"): "sessions_per_shard: 90 sessions of .* accepted are 1 to 52",
    ("osteosarcoma-three", "local"): "sessions_per_shard: 90 sessions of .* accepted are 1 to 52",
    ("report", "local"): "sessions_per_shard: 50 sessions of .* accepted are 1 to 25",
}
"""Studies that a profile cannot hold, and the field that the refusal names."""
STUDIES = sorted(path.name for path in (ROOT / "specs").iterdir() if [*path.glob("train*.yaml")])


@pytest.mark.parametrize("specs", STUDIES)
def test_every_step_of_every_study_fits_a_node_of_every_profile(specs: str):
    study = read_study(str(ROOT / "specs" / specs))
    for profile in PROFILES.values():
        if (specs, profile.name) in TOO_LARGE:
            with pytest.raises(SpecError, match=TOO_LARGE[specs, profile.name]):
                steps_of(study, profile, SIZES)
            continue
        for step in steps_of(study, profile, SIZES):
            check_fit(step, profile)
            heavy = step.job in ("train", "features")
            assert step.node == (profile.training if heavy else profile.other)
            [container] = indexed_job(step, PLACEMENT, "specs-0")["spec"]["template"]["spec"]["containers"]
            asked = {key: quantity(value) for key, value in container["resources"]["requests"].items()}
            assert asked["cpu"] <= step.node.cpu
            assert asked["memory"] <= step.node.memory_gib * 2**30
            assert asked["ephemeral-storage"] <= step.node.disk_gib * 2**30
            assert asked.get("nvidia.com/gpu", 0) == (step.node.gpu is not None)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            {"cache_gib": 200},
            r"train\.yaml: train of .* asks for 20\d GiB of local disk, .* cache_gib of at most 88, or",
        ),
        ({"backbones": [{"name": "vgg19", "weights": "IMAGENET1K_V1"}], "cache_gib": 89}, "accepted is a cache_gib"),
    ],
)
def test_a_step_that_no_node_can_hold_is_refused_when_it_is_rendered(fields, reason, tmp_path: Path):
    (tmp_path / "train.yaml").write_text(yaml.safe_dump(GRID | fields))
    arguments = grid.parser().parse_args([str(tmp_path)])
    with pytest.raises(SpecError, match=reason):
        manifests(read_study(str(tmp_path)), arguments)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"memory_gib": 13}, r"asks for 13 GiB of memory, and a node of profile gke-spot-t4 gives a pod 12 GiB"),
        ({"scratch_gib": 43}, r"asks for 45 GiB of local disk, .* gives a pod 43 GiB; choose a profile with larger"),
        ({"node": PROFILES["cpu"].other.model_copy(update={"gpu": "V100 SXM2"})}, r"'V100 SXM2' has compute cap"),
    ],
)
def test_a_step_is_held_against_memory_disk_and_board_of_its_node(changes: dict[str, Any], reason: str):
    profile = PROFILES["gke-spot-t4"]
    step = Step(job="stage", name="a", spec="a.yaml", node=profile.other, memory_gib=8)
    check_fit(step, profile)
    with pytest.raises(SpecError, match=reason):
        check_fit(replace(step, **changes), profile)


def test_more_sessions_than_memory_holds_are_refused_with_how_many_fit(tmp_path: Path):
    data = yaml.safe_load((ROOT / "specs/report/train-unfreezing.yaml").read_text())
    del data["extends"]
    data |= {"store": "gs://b/s", "region": "FRA", "sessions_per_shard": 250}
    (tmp_path / "train.yaml").write_text(yaml.safe_dump(data))
    arguments = grid.parser().parse_args([str(tmp_path)])
    with pytest.raises(SpecError, match=r"250 sessions of unfreezing, .* GiB of memory, .* accepted are 1 to \d+"):
        manifests(read_study(str(tmp_path)), arguments)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([str(ROOT / "specs/nowhere")], 64, "no such train spec"),
        ([str(ROOT / "specs/demo/patch.yaml")], 64, "accepted are a train spec, or a folder"),
        ([str(ROOT / "specs/demo"), "--image", "neurograde:latest"], 64, "name@sha256:... is accepted"),
        ([str(ROOT / "specs/demo"), "--profile", "moon"], 64, "invalid choice"),
    ],
)
def test_what_cannot_be_rendered_is_refused(arguments, code, said, tmp_path, capsys):
    assert grid.main([*arguments, "--out", str(tmp_path)]) == code
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_study_s_files_go(tmp_path: Path):
    (tmp_path / "grid").mkdir()
    (tmp_path / "grid/old.yaml").write_text("kind: Job\n")
    assert grid.main([str(SMALL_SPECS), "--out", str(tmp_path)]) == 0
    assert sorted(each.name for each in (tmp_path / "grid").iterdir()) == ["specs.yaml", "train.yaml"]


def test_the_store_of_the_profile_local_is_the_server_that_the_tests_of_s3_use():
    [pin] = re.findall(r"^moto==([\d.]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert f"docker.io/motoserver/moto:{pin}" == local_store.IMAGE
    compile(local_store.MAKE_BUCKET, "MAKE_BUCKET", "exec")
