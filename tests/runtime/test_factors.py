from __future__ import annotations

import csv
from datetime import date
from importlib import resources

import pytest

from neurograde.errors import SpecError
from neurograde.runtime.factors import cpu_factor, gpu_tdp_w, grid_factor, price, storage_prices

TABLES = {
    "grid_intensity.csv": "gco2e_per_kwh",
    "marginal_intensity.csv": "gco2e_per_kwh",
    "gpus.csv": "tdp_w",
    "cpu_tdp.csv": "tdp_w",
    "storage_prices.csv": "usd_per_gb_month",
}
"""The column of each table that holds its number."""


@pytest.mark.parametrize(
    ("region", "intensity", "year"),
    [
        ("report", 570.0, 2019),
        ("europe-west4", 194.35, 2025),
        ("europe-west4@2024", 208.81, 2024),
        ("europe-west4@2019", 569.0, 2019),
        ("us-central1@2019", 566.3, 2019),
        ("FRA", 44.18, 2024),
    ],
)
def test_a_region_is_of_its_newest_year_unless_it_names_one(region: str, intensity: float, year: int) -> None:
    factor = grid_factor(region)
    assert (factor.gco2e_per_kwh, factor.year) == (intensity, year)


@pytest.mark.parametrize("region", ["mars-north1", "europe-west4@1999", "", "europe"])
def test_an_unknown_region_is_an_error_that_names_what_is_accepted_and_never_an_average(region: str) -> None:
    with pytest.raises(SpecError, match=r"^region: '.*accepted.*: AUS, .*europe-west4, ") as caught:
        grid_factor(region)
    assert repr(region) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("table", TABLES)
def test_every_row_of_every_table_has_a_number_a_source_and_a_year_and_is_there_once(table: str) -> None:
    text = (resources.files("neurograde.runtime") / "tables" / table).read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert all(float(row[TABLES[table]]) > 0 and row["source"] and 2010 < int(row["year"]) < 2030 for row in rows)
    keys = [(row.get("region", row.get("model")), row["year"]) for row in rows]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("model", "tdp_w"),
    [
        ("Tesla T4", 70),
        ("NVIDIA L4", 72),
        ("Tesla P100-PCIE-16GB", 250),
        ("Tesla V100-PCIE-16GB", 250),
        ("Tesla V100-SXM2-32GB", 300),
        ("NVIDIA A100-PCIE-40GB", 250),
        ("NVIDIA A100 80GB PCIe", 300),
        ("NVIDIA A100-SXM4-40GB", 400),
        ("NVIDIA H100 80GB HBM3", 700),
        ("NVIDIA H100 PCIe", 350),
        ("NVIDIA H200", 700),
        ("NVIDIA GeForce RTX 3080 Ti", 350),
    ],
)
def test_boards_are_known_by_the_names_that_their_driver_gives_them(model: str, tdp_w: float) -> None:
    assert gpu_tdp_w(model, default_limit_w=1.0) == tdp_w


def test_an_unlisted_board_has_the_limit_that_it_reports_and_without_one_is_an_error() -> None:
    assert gpu_tdp_w("NVIDIA H100 NVL", default_limit_w=400.0) == 400.0
    with pytest.raises(SpecError, match="'Voodoo 2' has no TDP; accepted"):
        gpu_tdp_w("Voodoo 2")


def test_an_unlisted_processor_has_the_row_for_any_and_says_so() -> None:
    assert cpu_factor("Intel(R) Core(TM) i7-8700K CPU @ 3.70GHz").w_per_core == pytest.approx(95 / 6)
    for model in ("Intel(R) Xeon(R) Processor", None):
        assert cpu_factor(model)[:2] == ("any", 12.0)


def test_a_store_or_region_without_a_price_is_unknown_and_not_free() -> None:
    assert storage_prices("gs://bucket/study", "europe-west1@2019") == (0.02, 0.005, 0.0004)
    assert storage_prices("gs://bucket/study", "atlantis") is None
    assert storage_prices("file://out", "europe-west1") is None


def test_every_price_has_a_date_and_a_source_and_is_there_once_and_a_blank_one_is_unknown() -> None:
    text = (resources.files("neurograde.runtime") / "tables" / "prices.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert list(rows[0]) == ["device", "region", "usd_per_h", "date", "source"]
    assert len({(row["device"], row["region"]) for row in rows}) == len(rows)
    assert all(date.fromisoformat(row["date"]) and row["source"] for row in rows)
    for row in rows:
        known = price(row["device"], row["region"])
        assert known == ((float(row["usd_per_h"]), row["date"], row["source"]) if row["usd_per_h"] else None)
    assert price("T4", "europe-west4@2019") == price("T4", "europe-west4") is not None
    assert price("T4", "FRA") is None
