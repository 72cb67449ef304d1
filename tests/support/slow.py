"""The tests that get the marker `slow`, which `make test-quick` leaves out; a single test may carry it as well."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

FILES = {
    "kills, twins and faults": (
        "jobs/test_kill.py",
        "jobs/test_shard_faults.py",
        "jobs/test_shard_kills.py",
        "jobs/test_shard_twins.py",
        "jobs/test_two_writers.py",
        "servers/test_servers.py",
        "storage/test_claim.py",
        "storage/test_identity.py",
        "storage/test_store_faults.py",
        "storage/test_store_secrets.py",
    ),
    "whole jobs and chains": (
        "baselines/test_methods.py",
        "bench/test_gpu_check.py",
        "bench/test_run.py",
        "jobs/test_augment.py",
        "jobs/test_baseline.py",
        "jobs/test_chain.py",
        "jobs/test_evaluate.py",
        "jobs/test_export.py",
        "jobs/test_partition.py",
        "jobs/test_patch.py",
        "jobs/test_patch_slides.py",
        "jobs/test_report.py",
        "jobs/test_train.py",
        "jobs/test_verify.py",
        "learning/export/test_graph.py",
        "learning/export/test_portable.py",
        "rehearsal/test_rehearsal.py",
        "repo/test_golden_training.py",
        "runtime/test_threads.py",
    ),
    "pages of a whole study, manifests of all studies": (
        "cluster/test_plan.py",
        "cluster/test_render.py",
        "cluster/test_waiting.py",
        "reports/test_chain.py",
        "reports/test_claims.py",
        "reports/test_epochs.py",
        "reports/test_experiments.py",
        "reports/test_further.py",
        "reports/test_methods.py",
        "reports/test_page.py",
        "reports/test_partition_figures.py",
        "reports/test_search.py",
        "reports/test_study.py",
        "reports/test_winners.py",
        "reports/test_worth.py",
        "reports/test_wording.py",
    ),
    "engines held to each other, every backbone": (
        "learning/engines/plain/test_engine.py",
        "learning/engines/stacked/test_engine.py",
        "learning/engines/stacked/test_products.py",
        "learning/engines/stacked/test_suffix.py",
        "learning/features/test_forward.py",
        "learning/inference/test_gradcam.py",
        "learning/inference/test_session_outputs.py",
        "learning/networks/test_architecture.py",
        "learning/networks/test_backbones.py",
        "learning/networks/test_boundary.py",
        "learning/networks/test_further_families.py",
        "learning/networks/test_session_network.py",
    ),
    "damaged inputs": ("fuzz/test_fuzz.py",),
    "slides and drawn images": (
        "imaging/pixels/test_levels.py",
        "imaging/pixels/test_slide.py",
        "imaging/test_stand_in.py",
    ),
    "searches over drawn families": (
        "maths/partition/test_exact.py",
        "maths/partition/test_raster.py",
        "maths/partition/test_relaxation.py",
        "maths/partition/test_search.py",
    ),
}
"""Paths below tests/, by the reason why they are slow."""
FIXTURES = frozenset({"browser", "laboratory"})
"""Fixtures that make a test slow: a real browser, a store in which a model was trained and evaluated."""
TESTS = Path(__file__).parents[1]


def is_slow(path: Path, fixtures: Collection[str]) -> bool:
    """Return True if a test of the file `path` with these fixtures is left out of the quick tests."""
    if not FIXTURES.isdisjoint(fixtures):
        return True
    return path.is_relative_to(TESTS) and any(str(path.relative_to(TESTS)) in files for files in FILES.values())
