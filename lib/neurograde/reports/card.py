"""The model card: a description of an exported model, its success on whom, and the uses that it is not made for.

It has the parts that Mitchell et al. ask for (Model Cards for Model Reporting, FAT* 2019), each filled from the store:
nothing in it is typed by hand, and a fact that the store lacks is marked unknown. Like the page, it has the cost of
the chain; so its digest, like the page's, follows the carbon records as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from neurograde.reports.account import account
from neurograde.reports.chain import Chain, unique
from neurograde.reports.headline import with_interval
from neurograde.reports.limits import limits
from neurograde.reports.metrics import OF_CARD, title
from neurograde.reports.numbers import count, decimal, duration, metric, plural
from neurograde.reports.wording import family_of, worded
from neurograde.runtime import invocation
from neurograde.specs.export import ExportSpec
from neurograde.specs.results.assessment import Assessment
from neurograde.specs.results.balance import Balance
from neurograde.specs.results.card import ModelCard
from neurograde.specs.results.independence import Independence
from neurograde.specs.results.partition import PartitionSummary
from neurograde.specs.results.standardisation import Standardisation

INTENDED_USE = (
    "Research on grading tumours from the texture of single patches of H&E-stained tissue: comparing methods, asking "
    "where a network fails, and as a beginning for further training."
)
NOT_FOR = (
    "Clinical use of any kind: no diagnosis, no triage, no second opinion. It was tested only as shown here.",
    "Tissue, stains, scanners or scales that it was not trained on. It names one of its classes whatever it is shown.",
    "A patient's prognosis. In neuroblastoma the grade of differentiation is one part of the histology; age, "
    "mitosis-karyorrhexis index and nodularity, none of which it knows, are others.",
)
MARKS = {
    "synthetic": "It was trained and tested on images drawn by a program: it knows nothing about tumours.",
    "leaking-test": "Its test subset shares families or pixels with train or valid: its test figures are too good.",
    "leaking": "Its train and valid subsets share families: its valid figures are worth nothing.",
}


def model_card(
    spec: ExportSpec, chain: Chain, facts: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]
) -> ModelCard:
    """Return the card.

    Args:
        spec: The export's spec.
        chain: The evaluation with everything behind it.
        facts: The facts of the model from `learning.export.model`.
        files: SHA-256 and size of each exported file.
    """
    metrics = chain.metrics
    test = metrics.test_standardised_as_train or metrics.subsets["test"]
    partition = chain.partition.read_result(PartitionSummary, "summary.json")
    about = chain.patches.manifest.spec.get("data") or {}
    values = {
        "name": spec.name,
        "marks": [MARKS.get(mark, mark) for mark in chain.marks],
        "intended_use": INTENDED_USE,
        "not_for": list(NOT_FOR),
        "limits": _limits(chain),
        **{name: facts[name] for name in ("model", "threshold", "temperature", "input")},
        "output": {
            "probabilities": f"(batch, {len(metrics.classes)}): of the classes {', '.join(metrics.classes)}",
            "calibrated": "the same at the temperature: how sure the model is, as far as valid could tell",
            "grade": _rule(metrics.positive, metrics.classes, facts["threshold"]),
        },
        "metrics": {
            "test": {level: _assessed(getattr(test, level)) for level in ("patches", "images")},
            "valid": {"patches": _assessed(metrics.subsets["valid"].patches)},
            "cases": _cases(chain),
            "as_in_the_report": None if test is metrics.subsets["test"] else _assessed(metrics.subsets["test"].patches),
        },
        "selection": {
            "rule": metrics.chosen.rule,
            "cells": len(metrics.cells),
            "sessions": len(metrics.sessions),
            "openings": metrics.openings,
            "test_set": metrics.test_set,
            "head": chain.evaluation.manifest.head,
        },
        "data": _data(chain, partition),
        "partition": _partition(chain, partition),
        "carbon": _carbon(chain),
        "licences": _licences(facts["model"], about.get("licence")),
        "verification": facts["verification"],
        "provenance": [
            {"artefact": artefact.folder, "digest": artefact.manifest.digest} for artefact in unique(chain.artefacts())
        ],
        "files": {name: dict(file) for name, file in files.items()},
        "command": invocation.kept("export", "SPEC"),
        "spec": spec.identity(),
    }
    return ModelCard.of(values)


def markdown(card: ModelCard) -> bytes:
    """Return the card as text for people: card.md."""
    # Not HTML: Markdown in the name of a class is escaped by `cell`.
    environment = Environment(  # noqa: S701
        loader=PackageLoader("neurograde.reports", "template"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"cell": _cell, "count": count, "decimal": decimal, "plural": plural}
    environment.filters["worded"] = lambda text: worded(text, card.data.family_is)
    return environment.get_template("card.md.j2").render(card=card.as_json()).encode()


def _cell(value: object) -> str:
    r"""Return a value for a Markdown table or line, its own markup escaped.

    >>> _cell("a|b_c<d>")
    'a\\|b\\_c\\<d\\>'
    """
    text = " ".join(str(value).split())
    return "".join(f"\\{character}" if character in "\\`*_{}[]<>|#" else character for character in text)


def _assessed(assessment: Assessment) -> dict[str, Any]:
    return {
        "n": assessment.n,
        "families": assessment.families,
        "classes": {
            label: {"n": counts.n, "families": counts.families} for label, counts in assessment.classes.items()
        },
        "metrics": {
            name: {
                "title": title(name),
                "value": assessment.metrics[name].value,
                "low": assessment.metrics[name].low,
                "high": assessment.metrics[name].high,
                "text": metric(name, None)
                if assessment.metrics[name].value is None
                else with_interval(name, assessment.metrics[name]),
            }
            for name in OF_CARD
            if name in assessment.metrics
        },
    }


def _cases(chain: Chain) -> dict[str, Any] | None:
    if chain.metrics.cases is None:
        return None
    test = chain.metrics.cases.subsets["test"]
    ways = {how: _assessed(getattr(test, how)) for how in ("mean", "vote", "top_k")}
    return {"k": chain.metrics.cases.k, **ways}


def _rule(positive: str, classes: tuple[str, ...], threshold: float | None) -> str:
    if threshold is None:
        return "the class of greatest probability"
    other = next(label for label in classes if label != positive)
    return f"{positive} from a probability of {threshold:g} on, {other} below; not by the calibrated one"


def _limits(chain: Chain) -> list[str]:
    lines = limits(chain)
    if chain.metrics.test_standardised_as_train:
        lines.append(
            "New images have no statistics of their own, so the model standardises by those of train; the test figures "
            "here are of the test set standardised so, and not those of the evaluation's page."
        )
    return lines


def _data(chain: Chain, partition: PartitionSummary) -> dict[str, Any]:
    balance = chain.dataset.read_result(Balance, "balance.json")
    about = chain.patches.manifest.spec.get("data") or {}
    return {
        **{name: about.get(name) for name in ("source", "doi")},
        "family_is": family_of([chain]),
        "patches": {"name": chain.patches.folder, "digest": chain.patches.manifest.digest},
        "dataset": {"name": chain.dataset.folder, "digest": chain.dataset.manifest.digest},
        "standardisation": chain.dataset.read_result(Standardisation, "standardisation.json").mode,
        "subsets": {
            subset: {
                label: {
                    "families": len(of_class.subsets[subset].families),
                    "patches": of_class.subsets[subset].patches,
                    "samples": balance.subsets[subset].classes[label].final,
                }
                for label, of_class in partition.classes.items()
            }
            for subset in ("train", "valid", "test")
        },
    }


def _partition(chain: Chain, partition: PartitionSummary) -> dict[str, Any]:
    proof = chain.partition.read_result(Independence, "independence.json")
    certificate = partition.certificate
    return {
        "name": chain.partition.folder,
        "digest": chain.partition.manifest.digest,
        "strategy": partition.strategy,
        "loss": partition.loss,
        "gap": None if certificate is None else certificate.gap,
        "proved": None if certificate is None else certificate.proved,
        "independent": not proof.leaking and not any(pair.families or pair.identical_patches for pair in proof.shared),
        "shared": [
            {
                "subsets": list(pair.subsets),
                "families": len(pair.families),
                "identical_patches": pair.identical_patches,
            }
            for pair in proof.shared
        ],
        "near_duplicates": proof.near_duplicates.count,
        "proof_sha256": chain.partition.manifest.files["independence.json"].sha256,
    }


def _carbon(chain: Chain) -> dict[str, Any]:
    spent = account(unique(chain.artefacts()), unique(chain.features())).sum
    return {
        "co2e_g": 1000 * spent.record.co2e_kg_tdp,
        "kwh": spent.kwh_tdp,
        "wall_seconds": spent.record.wall_seconds,
        "time": duration(spent.record.wall_seconds),
        "region": spent.record.region,
        "counts": "every job from the images to the evaluation, the whole grid included; GPUs at their design power",
    }


def _licences(model: Mapping[str, Any], of_data: str | None) -> dict[str, str]:
    if model["weights_file"] is None:
        weights = "random weights: no licence but that of the data"
    else:
        weights = model["weights_file"]["licence"] or "not named where the weights came from; ask their owner"
    return {"code": "Apache-2.0", "initial_weights": weights, "data": of_data or "that of the images; ask their owner"}
