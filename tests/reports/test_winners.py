"""The study with its own winners: every claim examined, and the best of all sessions beside the chosen settings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurograde.maths.welch import difference
from neurograde.reports.account import account
from neurograde.reports.blocks import Figures, Table
from neurograde.reports.chain import Chain
from neurograde.reports.comparison import Comparison
from neurograde.reports.conclusions import CLAIMS, Claim
from neurograde.reports.evidence import ALL, BEST, DIFFERENT, REPEATS, SAME, TEST, UNDECIDED, Evidence, examine
from neurograde.reports.page import compose
from neurograde.reports.published import RETAINED, TABLE_4_1
from neurograde.reports.searched import grids, searched
from neurograde.reports.sections.carbon import carbon
from neurograde.reports.sections.search import search
from neurograde.reports.sections.training import training
from neurograde.reports.sections.winners import winners
from neurograde.reports.shares import shares
from neurograde.specs.records import Metrics
from tests.support.page import chains, rows
from tests.support.winners import LEAKS, NAMES, UNFROZEN, write_winners
from tests.support.winners import REPEATS as OFFSETS


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> list[Chain]:
    url = f"file://{tmp_path_factory.mktemp('winners')}"
    write_winners(url)
    return chains(url, *NAMES)


@pytest.fixture(scope="module")
def evidence(study: list[Chain]) -> list[Evidence]:
    return examine(Comparison(study))


def by_words(evidence: list[Evidence], words: str) -> Evidence:
    [piece] = [piece for piece in evidence if words in piece.claim.finding]
    return piece


def test_every_claim_of_the_study_is_examined(evidence: list[Evidence]):
    assert [piece.claim for piece in evidence] == list(CLAIMS)
    assert len(evidence) == 19
    assert [piece.claim.finding for piece in evidence if not piece.readings] == []


def test_every_claim_holds_by_the_best_sessions_in_the_study_of_its_own_winners(evidence: list[Evidence]):
    verdicts = {piece.claim.finding: piece.verdicts.get(BEST) for piece in evidence if isinstance(piece.claim, Claim)}
    assert {found for found, verdict in verdicts.items() if verdict != SAME} == set()
    assert {piece.verdicts[ALL] for piece in evidence if ALL in piece.verdicts} == {SAME}


def test_repeats_decide_less_than_best_sessions(evidence: list[Evidence]):
    retained = by_words(evidence, "is the model retained")
    assert (retained.verdicts[BEST], retained.verdicts[REPEATS]) == (
        SAME,
        UNDECIDED,
    )  # 0.278 and 0.282, 10 repeats each
    alone = by_words(evidence, "best unfreezing beats")
    assert alone.verdicts[REPEATS] == SAME


def test_claims_of_several_networks_compare_each_of_them(evidence: list[Evidence]):
    steps = [reading for reading in by_words(evidence, "convolutional").readings if reading.basis == BEST]
    assert [reading.second.partition(",")[0] for reading in steps] == ["vgg13", "vgg16", "vgg19"]
    others = [reading for reading in by_words(evidence, "other than VGG").readings if reading.basis == REPEATS]
    assert {reading.first.partition(",")[0] for reading in others} == set(UNFROZEN) - {"vgg19"}


def test_a_claim_turns_where_its_sessions_do(study: list[Chain]):
    """Unfreezing of VGG 19 by 6 layers made worse than the new last layer alone."""
    worse = [_shifted(chain, 0.5, "vgg19-unfreezing") if chain.name == "unfreezing" else chain for chain in study]
    piece = by_words(examine(Comparison(worse)), "Unfreezing suits VGG")
    assert (piece.verdicts[BEST], piece.verdicts[REPEATS]) == (DIFFERENT, DIFFERENT)


def _shifted(chain: Chain, by: float, beginning: str = "") -> Chain:
    metrics = chain.metrics.model_dump(mode="json")
    for row in (*metrics["sessions"], *metrics["cells"]):
        if row["cell"].startswith(beginning):
            for values in (row.get("best_loss"), row.get("loss")):
                values and values.update({key: values[key] + by for key in ("loss", "mean", "best") if key in values})
    return replace(chain, metrics=type(chain.metrics).model_validate(metrics))


def test_a_leak_that_is_better_than_all_changes_no_evidence_but_that_of_leaks(study: list[Chain]):
    honest = [chain for chain in study if chain.name not in LEAKS]
    manifest = study[0].evaluation.manifest.model_copy(update={"name": "planted", "marks": ("leaking",)})
    grid = study[0].run.grid.model_copy(update={"name": "planted"})
    planted = replace(
        study[0],
        evaluation=replace(study[0].evaluation, manifest=manifest),
        run=replace(study[0].run, grid=grid),
        metrics=_shifted(study[0], -0.25).metrics,
    )
    perfect = Metrics(train_loss=0.001, train_accuracy=0.999, valid_loss=0.001, valid_accuracy=0.999)
    planted.__dict__["histories"] = {key: [perfect] * len(rows) for key, rows in study[0].histories.items()}
    before, after = examine(Comparison(honest)), examine(Comparison([planted, *honest]))
    assert before == after
    for order in ([*study, planted], [planted, *study]):
        assert [chain.name for chain in grids(order)] == ["extension", "straightforward", "unfreezing"]


def test_a_leak_is_held_against_the_experiment_without_one(evidence: list[Evidence]):
    for words, least in (("exchanged", -0.12), ("shuffled", -0.40)):
        [reading] = [reading for reading in by_words(evidence, words).readings if reading.basis == REPEATS]
        assert (reading.first, reading.verdict) == ("leak-0", SAME)
        assert least < reading.value < 0


def test_two_evaluations_of_one_grid_count_once(study: list[Chain]):
    manifest = study[0].evaluation.manifest.model_copy(update={"name": "retained"})
    twice = [*study, replace(study[0], evaluation=replace(study[0].evaluation, manifest=manifest))]
    assert len(searched(twice)) == len(searched(study)) == 10 + 4 * 6 + 4 * 5
    assert search(twice).lead == search(study).lead


def test_table_4_1_has_the_best_session_and_the_chosen_setting_and_the_study_s(study: list[Chain]):
    for kind, winner in winners(study).items():
        published = TABLE_4_1[kind]
        best = (winner.best.backbone, winner.best.adaptation.depth, winner.best.best_loss, winner.best.best_accuracy)
        assert best == pytest.approx((published.backbone, published.depth, published.loss, published.accuracy))
    assert winners(study)["extension"].chosen.mean == pytest.approx(RETAINED.mean_loss)
    [table] = [block for block in search(study).blocks if isinstance(block, Table)]
    [row] = [row for row in table.rows if row[0].text == "extension"]
    words = [text for cell in row for text in (cell.text, cell.note)]
    for text in ("0.278", "0.310 ± 0.015", "inception_v3, 4 non-linearities", "88.36\u202f%"):
        assert text in words, text


def test_figures_4_3_4_5_and_4_7_have_the_best_session_and_the_chosen_setting(study: list[Chain]):
    figures = {
        figure.slug: figure.alt
        for block in search(study).blocks if isinstance(block, Figures) for figure in block.figures
    }  # fmt: skip
    assert "inception_v3 0.322 and 85.9\u202f%, chosen setting 0.354 ± 0.015" in figures["backbones-straightforward"]
    assert "4 0.278 and 0.310 ± 0.015" in figures["depth-extension"]
    assert "6 0.282 and 0.314 ± 0.015" in figures["depth-unfreezing"]


def test_the_band_before_training_is_of_train_and_valid(study: list[Chain]):
    values = [
        value
        for chain in grids(study)
        for rows in chain.histories.values()
        for value in (rows[0].train_loss, rows[0].valid_loss)
    ]
    captions = [block.caption for block in search(study).blocks if isinstance(block, Figures)]
    [caption] = [caption for caption in captions if "The band" in caption]
    assert f"train and valid: {np.mean(values):.3f} ± {np.std(values):.3f}; the study's is 0.705 ± 0.042" in caption


def test_test_is_paired_where_evaluations_opened_it(evidence: list[Evidence]):
    bases = {basis.partition(",")[0] for basis in by_words(evidence, "best extension beats the best new").verdicts}
    assert bases == {BEST, REPEATS, TEST}


def test_a_page_says_where_sessions_read_fewer_crops_than_they_have_epochs(study: list[Chain]):
    def notes(crop_slices: int | None) -> str:
        spec = study[0].run.grid.spec | {"crop_slices": crop_slices}
        run = replace(study[0].run, grid=study[0].run.grid.model_copy(update={"spec": spec}))
        return str(training([replace(study[0], run=run)]).blocks)

    assert "4 random crops of each train sample are read in turn over 12 epochs" in notes(4)
    assert "random crops" not in notes(None)


def test_repeats_without_a_spread_give_no_interval():
    assert difference([0.5, 0.5], [0.25, 0.25])[1:] == (None, None)
    with pytest.raises(ValueError, match="one or more of each"):
        difference([], [0.1])


def test_the_energy_of_the_searches_is_shared_out_and_adds_up(study: list[Chain]):
    rows = shares(study)
    of = {level: [row for row in rows if row.of == level] for level in ("setting", "search", "strategy")}
    [whole] = [row for row in rows if row.of == "searches"]
    shards = account([shard for chain in grids(study) for shard in chain.run.shards.values()]).sum
    for members in of.values():
        assert sum(row.co2e_kg for row in members) == pytest.approx(whole.co2e_kg)
        assert sum(row.sessions for row in members) == whole.sessions == 54 * len(OFFSETS)
    assert (whole.kwh, whole.co2e_kg) == pytest.approx((shards.kwh_tdp, shards.record.co2e_kg_tdp))
    assert [row.name for row in of["strategy"]] == ["extension", "straightforward", "unfreezing"]
    assert (rows[0].of, rows[0].name) == ("session", study[0].metrics.chosen.session)
    [setting] = [row for row in of["setting"] if row.name == study[0].metrics.chosen.cell]
    assert setting.co2e_kg == pytest.approx(len(OFFSETS) * rows[0].co2e_kg)  # equal epochs, equal shares
    assert rows[-1].co2e_kg > whole.co2e_kg  # data, evaluations and leak experiments come on top


def test_the_study_s_yardsticks_are_beside_the_page_s_own_account(study: list[Chain]):
    [text] = [block.text for block in carbon(study).blocks if "§5.2.4" in getattr(block, "text", "")]
    for words in (
        "12,740 h of T4 at 70 W are 508.33 kg at 0.57 kg per kWh",
        "49 s per epoch",
        "5.7\u202f% of the 8.9 t",
    ):
        assert words in text


def test_the_study_s_numbers_are_beside_those_of_tables_1_5_2_1_to_2_3_and_of_the_pixels(study: list[Chain]):
    page = compose("A study", study)
    others = {row["method"]: float(row["accuracy"]) for row in rows(page, "literature")}
    assert list(others.values())[:-1] == [0.88, 0.76, 0.84, 0.90, 0.865, 0.82, 0.8843]
    assert others["this page: extension"] == study[0].metrics.subsets["test"].samples.metric("accuracy").value
    text = page.html().decode()
    for words in ("734", "2,936", "1.75", "6,296", "8,608", "116,077,948 px", "15.47\u202f% of the pixels lost"):
        assert words in text, words
