"""The schema of every result file, by the kind of its artefact and its path there."""

from __future__ import annotations

from neurograde.specs.results.accounting import Accounting
from neurograde.specs.results.balance import Balance
from neurograde.specs.results.base import Result
from neurograde.specs.results.baseline import BaselineResult
from neurograde.specs.results.card import ModelCard
from neurograde.specs.results.evaluation import EvaluationResult
from neurograde.specs.results.independence import Independence
from neurograde.specs.results.partition import PartitionSummary
from neurograde.specs.results.sessions import ShardSessions
from neurograde.specs.results.standardisation import Standardisation

SCHEMAS: dict[tuple[str, str], type[Result]] = {
    ("patches", "accounting.json"): Accounting,
    ("partitions", "summary.json"): PartitionSummary,
    ("partitions", "independence.json"): Independence,
    ("datasets", "balance.json"): Balance,
    ("datasets", "standardisation.json"): Standardisation,
    ("runs", "sessions.json"): ShardSessions,
    ("evaluations", "metrics.json"): EvaluationResult,
    ("baselines", "metrics.json"): BaselineResult,
    ("exports", "card.json"): ModelCard,
}
