"""The plan of a study: counts that follow from the specs, and nothing made up where a rate is unknown."""

from __future__ import annotations

import contextlib
import csv
import io
from itertools import product
from pathlib import Path

import pytest

from jobs.grid import grid
from neurograde.cluster.plan import DEVICES, REPORT
from neurograde.learning.networks.architecture import architectures
from neurograde.maths.carbon import co2e_kg, energy_kwh
from neurograde.maths.grid_plan import Row, Size, hours, report_work, shared_work
from neurograde.maths.roofline import LEAST_SHARE, MOST_SHARE, Cost, Range
from neurograde.runtime.factors import gpu_tdp_w, price
from neurograde.runtime.specfile import load, validate
from neurograde.specs.train import TrainSpec
from tests.support.small import SMALL_SPECS

ROOT = Path(__file__).parents[2]
LINEAR = Row("vgg19", "straightforward", "straightforward", 1, 250, 17_000, 100)


def test_features_are_computed_once_for_all_rows_of_a_backbone():
    deep = LINEAR._replace(strategy="extension2", kind="extension")
    works = shared_work([LINEAR, deep, LINEAR._replace(backbone="resnet18", slices=1)], 600, 100)
    trunks = {each.of: each.samples for each in works if each.work == "trunk"}
    assert trunks == {"vgg19": 100 * 600 + 100, "resnet18": 700}
    assert [each.samples for each in works if each.work == "head"] == [17_000 * 700] * 3


def test_each_shard_of_unfreezing_computes_its_own_boundary():
    row = LINEAR._replace(kind="unfreezing", strategy="unfreezing6", shards=50, slices=4)
    assert [(each.work, each.samples) for each in shared_work([row], 600, 100)] == [
        ("trunk", 50 * (4 * 600 + 100)),
        ("suffix", 17_000 * 700),
    ]


def test_an_unknown_rate_makes_the_hours_unknown():
    assert hours(report_work([LINEAR], 600, 100), lambda _work: None) is None


def test_a_range_of_speeds_gives_a_range_of_hours():
    taken = hours(report_work([LINEAR], 600, 100), lambda _work: Range(50.0, 100.0))
    assert taken == (17_000 * 700 / 100 / 3600, 17_000 * 700 / 50 / 3600)


def test_the_cost_of_a_sample_counts_the_frozen_part_once_and_the_trained_part_thrice():
    row = LINEAR._replace(kind="unfreezing", batch_sizes=(8, 128), size=Size(1_000, 10, 64))
    assert row.frozen_cost() == Cost(2_000, 0, 0)
    assert row.trained_cost() == Cost(60, 32 * 64 / 128, 32 * 64 / 8)
    assert row.whole_cost() == Cost(2_060, 32 * 64 / 128, 32 * 64 / 8)


def test_the_layers_of_an_architecture_add_up_to_the_multiply_adds_that_torch_counts():
    spec = validate(TrainSpec, load(str(ROOT / "specs/quick/study.yaml#train")), "train.yaml")
    for network in architectures(spec):
        counted = network.imagenet.multiply_adds
        assert network.size.frozen + network.size.trained == pytest.approx(counted, rel=0.02)


@pytest.fixture
def plan(capsys: pytest.CaptureFixture[str]):
    def plan(*options: str) -> str:
        assert grid.main([str(ROOT / "specs/report"), "--plan", *options]) == 0
        return " ".join(capsys.readouterr().out.split())

    return plan


@pytest.fixture(scope="module")
def report_plan():
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), pytest.MonkeyPatch.context() as environment:
        environment.setenv("COLUMNS", "200")
        assert grid.main([str(ROOT / "specs/report"), "--plan", "--samples", "6296,1164"]) == 0
    return " ".join(printed.getvalue().split())


def test_the_plan_of_the_report_counts_its_sessions(report_plan: str):
    text = report_plan
    assert "│ straightforward │ 10 │ 10 │ 2,500 │ 170,000 │" in text
    assert "│ extension │ 24 │ 120 │ 6,000 │ 408,000 │" in text
    assert "│ unfreezing │ 40 │ 2,000 │ 10,000 │ 680,000 │" in text
    assert "│ all │ 78 │ 2,134 │ 18,540 │ 1,260,000 │" in text
    assert "│ the report │ │ │ 12,500 │ 936,000 │" in text
    assert "│ 12,740 │ 891.8 │ 508.33 │" in text
    assert "12,740 h of T4 at 70 W, 508.33 kg" in text


@pytest.mark.parametrize("device", DEVICES)
def test_every_device_has_totals_this_way_and_the_reports(device: str, report_plan: str):
    ours, theirs = (line.split("│")[:7] for line in report_plan.split(f"│ {device} │")[1:])
    assert "unknown" not in "".join(ours[:6] + theirs[:3])
    known = price(device, "europe-west4")
    assert (ours[6].strip() == "unknown") == (known is None)


def test_what_was_not_measured_is_a_range_within_the_stated_shares_of_the_peaks(report_plan: str):
    trunk = report_plan.split("│ L4 │")[1].split("│", maxsplit=1)[0]
    low, high = (float(bound) for bound in trunk.split(" to "))
    assert high / low == pytest.approx(MOST_SHARE / LEAST_SHARE, rel=0.02)  # arithmetic alone bounds a trunk
    assert " to " not in report_plan.split("│ T4 │")[1].split("│", maxsplit=1)[0]  # published, so one number


def test_the_report_s_own_energy_and_emissions_follow_from_its_hours():
    kwh = energy_kwh(gpu_tdp_w("T4"), REPORT["hours"])
    assert kwh == pytest.approx(REPORT["kWh"])
    assert round(co2e_kg(kwh, 570), 2) == REPORT["kg CO2e"]


def test_every_rate_names_its_source():
    rows = list(csv.DictReader((ROOT / "lib/neurograde/runtime/tables/rates.csv").read_text().splitlines()))
    assert {row["device"] for row in rows} <= set(DEVICES)
    assert all(len(row["source"]) > 20 for row in rows)


def test_the_study_searches_the_report_s_ranges_with_its_winner_in_them():
    for name in ("straightforward", "extension", "unfreezing"):
        path = str(ROOT / f"specs/report/train-{name}.yaml")
        spec = validate(TrainSpec, load(path), path)
        assert (min(spec.learning_rates), max(spec.learning_rates)) == (1e-6, 1e-3)
        assert (min(spec.batch_sizes), max(spec.batch_sizes)) == (8, 128)
        assert len(spec.learning_rates) == len(spec.batch_sizes) == 5
        assert 3e-5 in spec.learning_rates
        network, strategy = spec.backbones[0].name, spec.strategies[0]
        settings = product(spec.learning_rates, spec.batch_sizes)
        epochs = [spec.epochs_of(rate, size, network, strategy) for rate, size in settings]
        assert (min(epochs), max(epochs)) == (25, 100)
        assert 1_600 <= sum(epochs) <= 2_500  # §5.1.1: what a grid search takes
        assert spec.repeats == 10


GIVEN = ("--rate", "L4:trunk=1e6", "--rate", "L4:head=1e6", "--rate", "L4:suffix=1e6", "--rate", "L4:epoch=1e5")


def test_given_rates_and_prices_add_up_for_the_board_that_is_named(plan):
    text = plan("--samples", "6296,1164", "--gpu", "L4", *GIVEN, "--usd", "L4=2")
    assert "│ T4 │" not in text
    ours, theirs = text.split("│ L4 │")[1:]
    trunk, head, suffix, together, kwh, kg, usd = (float(cell.replace(",", "")) for cell in ours.split("│")[:7])
    hours_of_the_report, _, kg_of_the_report, usd_of_the_report = (
        float(cell.replace(",", "")) for cell in theirs.split("│")[:4]
    )
    assert together == pytest.approx(trunk + head + suffix, rel=0.02)
    assert hours_of_the_report == pytest.approx(1_259_500 * (6296 + 1164) / 1e5 / 3600, rel=0.01)
    assert kwh == pytest.approx(72 * together / 1000, rel=0.01)
    assert (usd, usd_of_the_report) == pytest.approx((2 * together, 2 * hours_of_the_report), rel=0.01)
    assert kg / kg_of_the_report == pytest.approx(together / hours_of_the_report, rel=0.01)


def test_a_price_is_the_table_s_for_the_region_unless_one_is_given(plan):
    text = plan("--samples", "6296,1164", "--gpu", "L4", *GIVEN)
    *_, together, _, _, usd = (float(cell.replace(",", "")) for cell in text.split("│ L4 │")[1].split("│")[:7])
    assert usd == pytest.approx(price("L4", "europe-west4").usd_per_h * together, rel=0.02)


def test_a_part_of_an_epoch_is_at_least_as_fast_as_a_given_epoch(plan):
    text = plan("--samples", "6296,1164", "--gpu", "L4", "--rate", "L4:epoch=1e5", "--rate", "L4:head=1e6")
    trunk, _, suffix = (float(each.replace(",", "")) for each in text.split("│ L4 │")[1].split("│")[:3])
    assert trunk == pytest.approx(48_936_336 / 1e5 / 3600, rel=0.01)
    assert suffix == pytest.approx(681_500 * (6296 + 1164) / 1e5 / 3600, rel=0.01)


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--gpu", "Voodoo"], 78, "'Voodoo' has no TDP"),
        (["--gpu", "V100 SXM2"], 78, "--gpu: 'V100 SXM2' has compute capability 7.0, and the image's torch has no"),
        (["--rate", "L4:trnk=4"], 64, "'L4:trnk=4': write DEVICE:WORK=PER_S, WORK one of trunk, head, suffix, epoch"),
        (["--rate", "L4:trunk=fast"], 64, "'L4:trunk=fast': a name, an equals sign and a number above 0"),
        (["--usd", "L4=-1"], 64, "'L4=-1': a name, an equals sign and a number above 0"),
        (["--gpu", "T4", "--usd", "L4=1"], 64, "--rate and --usd speak of L4, --gpu does not"),
        (["--samples", "many"], 64, "--samples"),
    ],
)
def test_what_the_plan_cannot_use_is_refused(options: list[str], code: int, said: str, capsys):
    assert grid.main([str(SMALL_SPECS), "--plan", "--samples", "60,10", *options]) == code
    assert said in capsys.readouterr().err


def test_without_the_data_set_the_plan_asks_for_its_size(plan, tmp_path: Path):
    assert "give its size with --samples" in plan("--store", f"file://{tmp_path}")
