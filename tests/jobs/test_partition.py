"""partition: families whole, proof written, bad input refused by name."""

from __future__ import annotations

import pytest
from PIL import Image

from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.store import Store
from tests.support.images import paint


@pytest.fixture
def partition(run, patch):
    """Patch, then partition with whatever a test changes."""

    def partition(*options: str, **fields: object):
        assert patch()[0] == 0
        return run("partition", *options, **{"patches": "demo", "strategy": "ifpo"} | fields)

    return partition


def opened(url: str) -> Artefact:
    manifest = read_manifest(Store(url), "partitions/demo")
    assert manifest is not None
    return Artefact(Store(url), "partitions/demo", manifest)


@pytest.mark.parametrize("strategy", ["psp", "ifp", "ifpo", "exact"])
def test_every_patch_is_assigned_once_and_no_family_twice(partition, memory_url: str, strategy: str):
    code, _ = partition(strategy=strategy)
    assert code == 0
    rows = opened(memory_url).read_csv("assignment.csv")
    assert len({row["patch"] for row in rows}) == len(rows) == 48
    subset_of = {row["family"]: row["subset"] for row in rows}
    assert all(subset_of[row["family"]] == row["subset"] for row in rows)
    # With so few equal families PSP and IFP leave subsets empty: figure 2.4 is about that.
    assert set(subset_of.values()) == {"train", "valid", "test"} or strategy in ("psp", "ifp")


@pytest.mark.parametrize("strategy", ["psp", "ifp", "ifpo", "exact"])
def test_every_strategy_comes_with_the_best_possible_d(partition, memory_url: str, strategy: str):
    _, lines = partition(strategy=strategy)
    summary = opened(memory_url).read_json("summary.json")
    best = summary["certificate"]
    assert best["proved"]
    assert best["bound"] <= best["best"] <= summary["loss"]
    assert best["gap"] == pytest.approx(summary["loss"] - best["bound"])
    assert any(f"D = {summary['loss']:.4f}; the best possible" in line["event"] for line in lines)


def test_a_search_cut_short_says_so(partition, memory_url: str):
    _, lines = partition(search_seconds=1e-6)
    best = opened(memory_url).read_json("summary.json")["certificate"]
    assert not best["proved"]
    assert any(f"none below {best['bound']:.4f} is possible" in line["event"] for line in lines)


@pytest.mark.parametrize("strategy", ["psp", "ifpo"])
def test_figures_stand_beside_it_those_of_d_where_it_was_searched(partition, memory_url: str, strategy: str):
    partition(strategy=strategy)
    figures = {path for path in opened(memory_url).manifest.files if path.startswith("figures/")}
    assert {"figures/targets.svg", "figures/families-1-d.svg", "figures/families-2-pd.svg"} <= figures
    assert ("figures/heatmap-2-pd.svg" in figures) is (strategy == "ifpo")


def test_the_same_spec_makes_the_same_bytes_figures_too(partition, memory_url: str):
    partition()
    files = opened(memory_url).manifest.files
    partition("--replace", search_seconds=59)
    assert opened(memory_url).manifest.files == files


def test_folds_are_tested_once_each_and_share_no_family(partition, memory_url: str):
    tested: list[str] = []
    for fold in range(4):
        code, lines = partition("--replace", strategy="kfold", folds={"k": 4, "test": fold})
        assert code == 0
        summary = opened(memory_url).read_json("summary.json")
        assert summary["folds"] == {"k": 4, "test": fold}
        assert summary["targets"]["proportions"] == ["1/2", "1/4", "1/4"]
        assert summary["certificate"]["best"] <= summary["loss"]
        assert any("the best possible for this fold alone" in line["event"] for line in lines)
        rows = opened(memory_url).read_csv("assignment.csv")
        held = {
            subset: {row["family"] for row in rows if row["subset"] == subset} for subset in ("train", "valid", "test")
        }
        assert len(held["train"] | held["valid"] | held["test"]) == sum(map(len, held.values())) == 8
        tested += held["test"]
    assert len(tested) == len(set(tested)) == 8


def test_more_folds_than_families_is_refused_by_name(partition):
    code, lines = partition(strategy="kfold", folds={"k": 5, "test": 0})
    assert code == 65
    assert "class 'D' has 4 families; 5 folds need at least 5" in lines[-1]["event"]


def test_a_family_that_is_left_out_is_tested_alone_and_what_its_fold_lacks_is_warned_of(partition, memory_url: str):
    code, lines = partition(strategy="kfold", folds={"k": "families", "test": "case D1"})
    assert code == 0
    summary = opened(memory_url).read_json("summary.json")
    assert (summary["strategy"], summary["folds"]) == ("leave-one-out", {"k": "families", "test": "case D1"})
    proof = opened(memory_url).read_json("independence.json")
    assert proof["subsets"]["test"]["families"] == ["case D1"]
    assert all(each["families"] == [] for each in proof["shared"])
    warnings = [line["event"] for line in lines if line["level"] == "warning"]
    assert any("class 'PD' is not in test, which is one family" in warning for warning in warnings)


@pytest.mark.parametrize(
    ("test", "gone", "word"),
    [
        ("case X", (), "there is no family 'case X' to test; the families are case D0, case D1"),
        ("case PD0", (1, 2, 3), "class 'PD' would be missing from train: 'case PD0', which is tested, alone has it"),
    ],
)
def test_a_family_that_cannot_be_left_out_is_refused_by_name(
    partition, images, test: str, gone: tuple[int, ...], word: str
):
    for case in gone:
        (images / "PD" / f"case PD{case}_1.png").unlink()
    code, lines = partition(strategy="kfold", folds={"k": "families", "test": test})
    assert code == 65
    assert word in lines[-1]["event"]


def test_one_family_with_most_of_the_pixels_works_and_the_summary_says_why_d_is_what_it_is(
    partition, images, memory_url: str
):
    paint(images / "D" / "case D0_2.png", 500, width=400, height=400)
    assert partition()[0] == 0
    summary = opened(memory_url).read_json("summary.json")
    assert "case D0" in summary["classes"]["D"]["subsets"]["train"]["families"]
    assert summary["remarks"][0].startswith("class 'D': family 'case D0' holds 89.3 % of the weight and stays whole")


def test_all_families_in_two_classes_are_assigned_once_each(partition, images, memory_url: str):
    for case in range(4):
        (images / "PD" / f"case PD{case}_1.png").rename(images / "PD" / f"case D{case}_2.png")
    assert partition()[0] == 0
    rows = opened(memory_url).read_csv("assignment.csv")
    assert len({(row["family"], row["class"]) for row in rows}) == 8
    assert len({(row["family"], row["subset"]) for row in rows}) == 4
    assert (
        "4 of 4 families have patches of several classes" in opened(memory_url).read_json("summary.json")["remarks"][-1]
    )


def test_the_summary_counts_what_the_assignment_holds(partition, memory_url: str):
    partition()
    summary = opened(memory_url).read_json("summary.json")
    rows = opened(memory_url).read_csv("assignment.csv")
    for label, of_class in summary["classes"].items():
        for subset, found in of_class["subsets"].items():
            here = [row for row in rows if (row["class"], row["subset"]) == (label, subset)]
            assert found["patches"] == len(here)
            assert found["families"] == sorted({row["family"] for row in here})
            assert found["weight"] == len(here) * 32 * 32
            assert found["share"] == pytest.approx(found["weight"] / of_class["weight"])


def test_a_family_with_patches_of_two_classes_is_assigned_once(partition, images, memory_url: str):
    for label in ("D", "PD"):
        paint(images / label / "case both_1.png", 100 + len(label))
    assert partition()[0] == 0
    rows = opened(memory_url).read_csv("assignment.csv")
    assert len({row["class"] for row in rows if row["family"] == "case both"}) == 2
    assert len({row["subset"] for row in rows if row["family"] == "case both"}) == 1


@pytest.mark.parametrize("mode", ["exchange", "shuffle"])
def test_a_leak_is_marked_and_test_stays_independent(partition, memory_url: str, mode: str):
    code, _ = partition(correlate={"mode": mode, "seed": 0})
    assert code == 0
    artefact = opened(memory_url)
    assert artefact.manifest.marks == ("leaking",)
    shared = {tuple(each["subsets"]): each["families"] for each in artefact.read_json("independence.json")["shared"]}
    assert shared["train", "valid"]
    assert shared["train", "test"] == shared["valid", "test"] == []
    assert not any(path.startswith("figures/") for path in artefact.manifest.files)


def test_a_class_with_fewer_families_than_subsets_is_refused_by_name(partition, images):
    for case in (2, 3):
        (images / "PD" / f"case PD{case}_1.png").unlink()
    code, lines = partition()
    assert code == 65
    assert "class 'PD' has 2 families" in lines[-1]["event"]


def test_an_image_given_twice_in_two_families_is_refused(partition, images, memory_url: str):
    for case in range(4):
        (images / "D" / f"copy {case}_1.png").write_bytes((images / "D" / "case D0_1.png").read_bytes())
    code, lines = partition()
    assert code == 65
    assert "the same to the pixel" in lines[-1]["event"]
    assert Store(memory_url).list("partitions") == {}


def test_a_brightened_and_turned_copy_in_another_family_is_a_warning_that_names_both(
    partition, images, memory_url: str
):
    with Image.open(images / "D" / "case D0_1.png") as image:
        for copy in range(4):  # enough that one is on another side
            brighter = image.point(lambda value, copy=copy: round(value * (0.8 + 0.03 * copy)))
            brighter.transpose(Image.Transpose.ROTATE_180).crop((4, 6, 100, 70)).save(
                images / "D" / f"copy {copy}_1.png"
            )
    code, lines = partition()
    assert code == 0
    alike = opened(memory_url).read_json("independence.json")["near_duplicates"]
    for pair in alike["pairs"]:
        assert len(set(pair["families"])) == len(set(pair["subsets"])) == 2
        assert set(pair["families"]) <= {"case D0", *(f"copy {copy}" for copy in range(4))}
    warned = next(line for line in lines if line["level"] == "warning")["event"]
    assert f"{alike['count']} pairs of patches look the same" in warned
    assert alike["pairs"][0]["patches"][1] in warned


def test_one_byte_of_a_patch_changed_behind_the_manifest_s_back_is_65(partition, run, patch, memory_url: str):
    patch()
    store = Store(memory_url)
    key = next(key for key in store.list("patches") if key.endswith(".png"))
    data = bytearray(store.get(key))
    data[100] ^= 1
    store.put(key, bytes(data))
    code, lines = run("partition", patches="demo", strategy="ifpo")
    assert code == 65
    assert key in lines[-1]["event"]


def test_without_patches_it_is_66_and_says_what_to_run(run):
    code, lines = run("partition", patches="demo", strategy="ifpo")
    assert code == 66
    assert "python -m jobs.patch" in lines[-1]["event"]


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"proportions": [0.7, 0.2, 0.2]}, "sums to 11/10"),
        ({"proportions": [0.5, 0.25, 0.25]}, "p1 = 1/2"),
        ({"proportions": [0.7, 0.1, 0.2]}, "p2"),
        ({"diversity": ["1/3", "1/3", "x"]}, "'x' is no share"),
        ({"strategy": "best"}, "strategy"),
        ({"strategy": "kfold"}, "folds and strategy 'kfold' go together"),
        ({"folds": {"k": 4, "test": 0}}, "folds and strategy 'kfold' go together"),
        ({"strategy": "kfold", "folds": {"k": 2, "test": 0}}, "folds.k"),
        ({"strategy": "kfold", "folds": {"k": 4, "test": 4}}, "4 folds are numbered 0 to 3"),
        ({"strategy": "kfold", "folds": {"k": 4, "test": 0}, "diversity": [0.5, 0.25, 0.25]}, "diversity does not go"),
        ({"strategy": "kfold", "folds": {"k": "families", "test": 0}}, "goes with the name of a family"),
        ({"strategy": "kfold", "folds": {"k": 4, "test": "case D0"}}, "k = 4 with test = 'case D0'"),
        (
            {
                "strategy": "kfold",
                "folds": {"k": "families", "test": "case D0"},
                "correlate": {"mode": "shuffle", "seed": 1},
            },
            "correlate does not go with k = 'families'",
        ),
        ({"readings": []}, "readings"),
        ({"compare": True, "correlate": {"mode": "shuffle", "seed": 1}}, "compare does not go with correlate"),
        ({"compare": True, "strategy": "kfold", "folds": {"k": 4, "test": 0}}, "compare does not go with folds"),
        ({"readings": ["reserve", "reserve"]}, "must differ"),
        ({"readings": ["all"]}, "'each', 'together', 'reserve' or 'any'"),
        ({"correlate": {"mode": "exchange", "level": "sample", "seed": 1}}, "an exchange is of patches"),
    ],
)
def test_a_bad_spec_is_78(partition, fields: dict[str, object], word: str):
    code, lines = partition(**fields)
    assert code == 78
    assert word in lines[-1]["event"]


def test_a_subset_without_a_class_is_warned_of_with_what_to_do(partition, memory_url: str):
    code, lines = partition(strategy="ifp")  # which, as in figure 2.4, leaves four equal families in train
    warnings = [line["event"] for line in lines if line["level"] == "warning"]
    assert code == 0
    assert any("class 'D' has no family in test" in warning and "'exact'" in warning for warning in warnings)
    assert set(warnings) <= set(opened(memory_url).read_json("summary.json")["remarks"])


def test_a_search_whose_turns_are_spent_says_so_with_its_gap(partition, memory_url: str):
    assert partition(search_turns=1)[0] == 0
    summary = opened(memory_url).read_json("summary.json")
    gap = f"{summary['certificate']['gap']:.4f}"
    assert any(f"coarser grid: D is at most {gap} above the best" in remark for remark in summary["remarks"])


@pytest.mark.parametrize("readings", [["reserve"], ["each", "together", "reserve", "any"]])
def test_the_summary_names_the_reading_that_won_among_those_searched(partition, memory_url: str, readings: list[str]):
    assert partition(readings=readings)[0] == 0
    summary = opened(memory_url).read_json("summary.json")
    assert all(found["reading"] in readings for found in summary["parameters"].values())


def given_list(tmp_path, url: str, subset_of) -> str:
    """Write a list of the demo's patches with their subsets; return its path."""
    manifest = read_manifest(Store(url), "patches/demo")
    assert manifest is not None
    patches = sorted(row["patch"] for row in Artefact(Store(url), "patches/demo", manifest).read_csv("index.csv"))
    path = tmp_path / "split.csv"
    path.write_text("\n".join(["patch,split", *(f"{patch},{subset_of(n)}" for n, patch in enumerate(patches))]))
    return str(path)


def test_a_given_split_of_whole_families_is_a_partition_with_the_best_possible_d(partition, memory_url: str, tmp_path):
    assert partition()[0] == 0
    mine = {row["family"]: row["subset"] for row in opened(memory_url).read_csv("assignment.csv")}
    d = opened(memory_url).read_json("summary.json")
    path = tmp_path / "families.csv"
    path.write_text("\n".join(["case_id,split", *(f"{family},{subset}" for family, subset in mine.items())]))
    code, lines = partition("--replace", strategy="given", split={"url": str(path)})
    assert code == 0, lines
    theirs = opened(memory_url)
    summary = theirs.read_json("summary.json")
    assert {row["family"]: row["subset"] for row in theirs.read_csv("assignment.csv")} == mine
    assert (summary["strategy"], summary["loss"], summary["classes"]) == ("given", d["loss"], d["classes"])
    assert summary["certificate"]["best"] == d["certificate"]["best"]
    assert theirs.manifest.marks == ()
    assert [each.path for each in theirs.manifest.raw] == [str(path)]
    assert "figures/targets.svg" in theirs.manifest.files
    assert partition(strategy="given", split={"url": str(path)})[0] == 0
    path.write_text(path.read_text().replace("train", "Training"))
    code, lines = partition(strategy="given", split={"url": str(path)})
    assert code == 73
    assert f"made from {path} of digest" in lines[-1]["event"]


def test_a_given_split_that_divides_families_is_made_and_marked_with_the_reasons(partition, memory_url: str, tmp_path):
    assert partition()[0] == 0
    url = given_list(tmp_path, memory_url, lambda n: ("train", "train", "valid", "test")[n % 4])
    code, lines = partition("--replace", strategy="given", split={"url": url})
    assert code == 0, lines
    artefact = opened(memory_url)
    proof, summary = artefact.read_json("independence.json"), artefact.read_json("summary.json")
    assert proof["leaking"]
    assert proof["reasons"] == summary["remarks"][: len(proof["reasons"])]
    assert any("train and test share" in line["event"] for line in lines if line["level"] == "warning")
    assert set(artefact.manifest.marks) >= {"leaking", "leaking-test"}
    shared = next(each for each in proof["shared"] if each["subsets"] == ["train", "test"])["families"]
    in_train = {name for of in summary["classes"].values() for name in of["subsets"]["train"]["families"]}
    assert set(shared) <= in_train
    assert not any(path.startswith("figures/") for path in artefact.manifest.files)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"strategy": "given"}, (78, "split and strategy 'given' go together")),
        ({"split": {"url": "x.csv"}}, (78, "split and strategy 'given' go together")),
        ({"strategy": "given", "split": {"url": "/nowhere/x.csv"}}, (65, "no such list")),
        ({"strategy": "given", "split": {"url": "{tmp}/short.csv"}}, (65, "have no subset")),
        ({"strategy": "given", "split": {"url": "{tmp}"}}, (65, "no images below folders train")),
    ],
)
def test_a_given_split_that_cannot_be_used_is_refused_by_name(
    partition, memory_url: str, tmp_path, fields: dict[str, object], fault: tuple[int, str]
):
    code, words = fault
    assert partition()[0] == 0
    (tmp_path / "short.csv").write_text(
        f"case_id,split\n{opened(memory_url).read_csv('assignment.csv')[0]['family']},train\n"
    )
    if isinstance(split := fields.get("split"), dict):
        fields = fields | {"split": {"url": split["url"].replace("{tmp}", str(tmp_path))}}
    found, lines = partition("--replace", **fields)
    assert (found, words in lines[-1]["event"]) == (code, True), lines[-1]


def test_what_the_test_can_decide_is_logged_before_anything_is_trained(partition):
    _, lines = partition()
    events = [line["event"] for line in lines]
    assert any(event.startswith("test has ") and "± 10 take 88 families" in event for event in events)
    assert any("with folds (strategy kfold)" in event for event in events)
    _, lines = partition("--replace", strategy="kfold", folds={"k": 4, "test": 0})
    assert not any("with folds" in line["event"] for line in lines)


def test_every_strategy_is_written_side_by_side_and_the_assignment_stays_that_of_the_spec(partition, memory_url: str):
    partition()
    assigned = opened(memory_url).read_csv("assignment.csv")
    code, _ = partition("--replace", compare=True)
    assert code == 0
    artefact = opened(memory_url)
    rows = artefact.read_csv("strategies.csv")
    assert [(row["strategy"], row["reading"], row["class"]) for row in rows] == [
        (strategy, reading, label)
        for strategy, reading in (("psp", ""), ("ifp", ""), ("ifpo", "each"), ("ifpo", "together"), ("exact", ""))
        for label in ("D", "PD")
    ]
    loss = {(row["strategy"], row["reading"]): float(row["loss"]) for row in rows}
    summary = artefact.read_json("summary.json")
    assert min(loss["ifpo", "each"], loss["ifpo", "together"]) == pytest.approx(summary["loss"])
    assert loss["exact", ""] == pytest.approx(summary["certificate"]["best"])
    assert {"figures/strategies-1-d.svg", "figures/strategies-2-pd.svg"} <= set(artefact.manifest.files)
    assert artefact.read_csv("assignment.csv") == assigned
