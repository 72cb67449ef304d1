"""A small study in a store: evaluations of one set of patches, for tests of the page.

The tables are made by the same maths as the jobs'; images, learning curves and predictions are drawn from a named
generator, and nothing was trained for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neurograde.evaluation.comparison import axes
from neurograde.maths.assessment import assess
from neurograde.maths.correlate import correlate
from neurograde.maths.minimax import best_by_accuracy, best_by_loss
from neurograde.maths.partition import STRATEGIES, SearchOptions, Targets, leave_one_out
from neurograde.maths.partition.comparison import COLUMNS as STRATEGY_COLUMNS
from neurograde.maths.partition.comparison import rows as strategy_rows
from neurograde.maths.partition.comparison import side_by_side
from neurograde.maths.partition.summary import families_of, subsets_of, summarise
from neurograde.maths.plan import plan_samples, statistics
from neurograde.maths.seeding import generator
from neurograde.maths.selection import rank_cells, spread
from neurograde.maths.standardise import ChannelCounts
from neurograde.maths.subsets import SUBSETS
from neurograde.patches.png import encode_png
from neurograde.reports.partition_figures import comparison_figures, partition_figures
from neurograde.runtime.carbon_record import CarbonRecord, total
from neurograde.specs.grid import expand
from neurograde.specs.records import Grid, Session
from neurograde.specs.results.accounting import Accounting, PixelAccount
from neurograde.specs.results.assessment import Assessment, SubsetResult, Threshold
from neurograde.specs.results.balance import Balance
from neurograde.specs.results.evaluation import (
    BestEpoch,
    CellResult,
    Chosen,
    EvaluationResult,
    SessionResult,
    Spread,
)
from neurograde.specs.results.independence import Independence, NearDuplicates
from neurograde.specs.results.partition import PartitionSummary
from neurograde.specs.results.sessions import SessionEnd, ShardSessions
from neurograde.specs.results.standardisation import Standardisation
from neurograde.specs.train import TrainSpec
from neurograde.storage.artefact import Artefact, encode_csv
from neurograde.storage.run import read_run
from neurograde.storage.store import Store
from tests.support.artefacts import publish

History = dict[str, list[list[float]]]
"""Train loss and accuracy, valid loss and accuracy of each epoch, by session."""
EPOCHS = 12
GRID_OF_SIX = {
    "repeats": 3, "backbones": [{"name": "mobilenet_v2", "weights": "IMAGENET1K_V2"}],
    "strategies": [{"kind": "extension", "non_linearities": 4}], "learning_rates": [3e-3, 3e-5], "batch_sizes": [8],
}  # fmt: skip
PATCH_SIZE_PX = 250
GRID = {"region": "europe-west4", "pue": 1.1, "intensity_gco2e_per_kwh": 208.81, "intensity_year": 2024}


def write_study(
    url: str, classes: Sequence[str] = ("D", "PD"), *, leaking: bool = True, interrupted: bool = True
) -> None:
    """Evaluations `independent` and, with `leaking`, `shuffled`, with everything that they are made from."""
    study = Study(Store(url), tuple(classes), interrupted)
    images = study.publish("images", "stand-in", job="synthesise", marks=("synthetic",), hours=0.01)
    patches = study.patches(images)
    for name in ("independent", "shuffled") if leaking else ("independent",):
        study.evaluation(name, patches, leaks=name == "shuffled")


class Study:
    """Writes the artefacts of the study one by one.

    `leak` and `level` are those of leaking evaluations. A `quick` study draws no figures of partitions, and no session
    diverges.
    """

    def __init__(self, store: Store, classes: tuple[str, ...], interrupted: bool) -> None:
        self.store, self.classes, self.interrupted = store, classes, interrupted
        self.grid: dict[str, Any] = GRID_OF_SIX
        self.leak, self.level = "shuffle", "patch"
        self.quick = False

    def publish(
        self,
        kind: str,
        name: str,
        *,
        job: str,
        inputs: Sequence[Artefact] = (),
        marks: Sequence[str] = (),
        hours: float,
        files: Mapping[str, Any] | None = None,
        **spec: Any,
    ) -> Artefact:
        """An artefact with its manifest; values are bytes, or results."""
        return publish(
            self.store,
            kind,
            name,
            files,
            inputs=tuple(artefact.as_input() for artefact in inputs),
            job=job,
            spec={"job": job, "name": name.partition("/")[0], **spec},
            spec_digest=f"{len(name):064x}",
            marks=tuple(sorted({*marks}.union(*(artefact.manifest.marks for artefact in inputs)))),
            software={"neurograde": "0.1.0", "torch": "2.13.0"},
            machine={"cpu_model": "AMD EPYC 7B13", "logical_cores": 4, "ram_gib": 16.0, "gpu_model": "Tesla T4"},
            wall_seconds=hours * 3600,
            carbon=carbon(hours).model_dump(mode="json"),
        )

    def patches(self, images: Artefact) -> Artefact:
        """Patches of ten families a class, with an account that closes."""
        rng = generator(1, "patches")
        counts = {
            (label, f"{label} case {case}"): int(rng.integers(3, 30)) for label in self.classes for case in range(10)
        }
        self.rows = [
            {"patch": f"{label}/{family}/{n}.png", "class": label, "family": family, "image": f"{family}-{n % 3}"}
            for (label, family), count in counts.items()
            for n in range(count)
        ]
        accounts = {label: _account(sum(row["class"] == label for row in self.rows), rng) for label in self.classes}
        whole = {key: sum(each[key] for each in accounts.values()) for key in next(iter(accounts.values()))}
        account = Accounting(
            patch_size_px=PATCH_SIZE_PX,
            **whole,
            classes={label: PixelAccount(families=10, **each) for label, each in accounts.items()},
        )
        columns = ("image", "family", "patches", "width_px", "height_px", "precrop_px")
        images_csv = encode_csv(columns, [(f"{f}-0", f, n, 300, 300, 0) for (_, f), n in counts.items()])
        pixels = {row["patch"]: encode_png(np.full((8, 8, 3), n % 256, np.uint8)) for n, row in enumerate(self.rows)}
        columns = ("patch", "class", "family", "image", "tissue_share")
        index = encode_csv(columns, [(*(row[each] for each in columns[:-1]), 0.5) for row in self.rows])
        files = {"accounting.json": account, "images.csv": images_csv, "index.csv": index, **pixels}
        return self.publish(
            "patches", "demo", job="patch", inputs=[images], hours=0.02, files=files, store=self.store.url,
            region="FRA", min_tissue_share=0.2, source={"images": "stand-in", "pattern": "(?P<class>.+)/(?P<family>.)"},
        )  # fmt: skip

    def evaluation(self, name: str, patches: Artefact, *, leaks: bool, left_out: str | None = None) -> Artefact:
        """An evaluation with its own partition, data set and run; `left_out` is the family of its fold."""
        dataset, rows = self.split(name, patches, leaks=leaks, left_out=left_out)
        whole, sessions, histories = self.run(name, dataset, leaks)
        metrics = self.metrics(name, sessions, histories, rows, leaks)
        files = {"metrics.json": metrics, "predictions.csv": self.predictions(name, rows)}
        return self.publish(
            "evaluations",
            name,
            job="evaluate",
            inputs=[whole],
            hours=0.006,
            files=files,
            seed=1,
            resamples=100,
            calibration_bins=10,
        )

    def split(
        self, name: str, patches: Artefact, *, leaks: bool, left_out: str | None = None
    ) -> tuple[Artefact, list[dict[str, str]]]:
        """A data set with its partition, and the subset of every patch."""
        targets = Targets(["7/10", "3/20", "3/20"], ["1/3"] * 3)
        families = families_of(self.rows, PATCH_SIZE_PX**2)
        solved = (
            leave_one_out.solve(families, left_out)
            if left_out
            else STRATEGIES["ifpo"](families, targets, SearchOptions())
        )
        folds = {"k": "families", "test": left_out} if left_out else None
        subsets = subsets_of(self.rows, solved)
        leak = {"mode": self.leak, "level": self.level, "seed": 1} if leaks else None
        if leak:
            subsets = correlate(self.rows, subsets, **leak)
        files: dict[str, Any] = {
            "summary.json": PartitionSummary.of(
                summarise(self.rows, subsets, solved, targets, remarks=["10 families cannot be divided"], folds=folds)
            )
        }
        columns = ("patch", "class", "family", "subset")
        assigned = [
            (*(row[each] for each in columns[:-1]), subset) for row, subset in zip(self.rows, subsets, strict=True)
        ]
        files["assignment.csv"] = encode_csv(columns, assigned)
        if not leaks and not self.quick:
            drawn = partition_figures(families, targets, solved, files["summary.json"])
            files |= {f"figures/{each.slug}.svg": each.svg.encode() for each in drawn}
            contenders = side_by_side(families, targets, SearchOptions())
            files["strategies.csv"] = encode_csv(STRATEGY_COLUMNS, list(strategy_rows(contenders)))
            drawn = comparison_figures(families, targets, contenders)
            files |= {f"figures/{figure.slug}.svg": figure.svg.encode() for figure in drawn}
            files["independence.json"] = Independence(near_duplicates=NearDuplicates(count=2, too_plain=0))
        partition = self.publish(
            "partitions", name, job="partition", inputs=[patches], marks=["leaking"] if leaks else [], hours=0.001,
            files=files, correlate=leak,
        )  # fmt: skip
        rows = [row | {"subset": subset} for row, subset in zip(self.rows, subsets, strict=True)]
        deal = 1 if leaks and self.level == "sample" else None
        plan = plan_samples(rows, "ngca", 7, seed=0, deal=deal, may_lack=("valid", "test") if left_out else ())
        dataset = self.publish(
            "datasets", name, job="augment", inputs=[partition, patches], hours=0.004,
            files={
                "samples.csv": encode_csv(("patch", "transform", "subset", "label"), plan.samples),
                "balance.json": Balance.of(plan.tables()),
                "standardisation.json": Standardisation.of(statistics(_counts(name), "train")),
            },
        )  # fmt: skip
        return dataset, rows

    def predictions(self, name: str, rows: Sequence[Mapping[str, str]]) -> bytes:
        """predictions.csv of the valid and test patches, drawn at random."""
        rng = generator(4, name)
        lines = []
        for row in (each for each in rows if each["subset"] != "train"):
            given = rng.dirichlet(np.ones(len(self.classes))).tolist()
            lines.append(self.predicted(row, given))
        return self.prediction_table(lines)

    def predicted(self, row: Mapping[str, str], given: Sequence[float]) -> tuple[object, ...]:
        """A line of predictions.csv: a patch and the probability of each class."""
        named = self.classes[int(np.argmax(given))]
        where = (row["subset"], row["patch"], "identity", row["image"], row["family"])
        return (*where, row["class"], named, *given)

    def prediction_table(self, lines: Sequence[tuple[object, ...]]) -> bytes:
        """predictions.csv, from its lines."""
        columns = ("subset", "patch", "transform", "image", "family", "label", "predicted")
        return encode_csv((*columns, *(f"p_{label}" for label in self.classes)), lines)

    def run(self, name: str, dataset: Artefact, leaks: bool) -> tuple[Artefact, list[Session], History]:
        """A run of the grid, the sessions that did not diverge, and their curves."""
        spec = TrainSpec.parse(
            {
                "job": "train", "name": name, "store": self.store.url, "region": "europe-west4", "dataset": name,
                "classes": self.classes, "positive": self.classes[0], "seed": 1, "epochs": EPOCHS, **self.grid,
            }
        )  # fmt: skip
        grid: Grid = expand(spec, (dataset.as_input(),), marks=dataset.manifest.marks)
        self.store.put(f"runs/{name}/grid.json", grid.encode())
        sessions = [session for shard in grid.shards for session in shard.sessions]
        diverged = None if self.quick else sessions[2]
        histories = {s.id: self.curves(s, leaks=leaks)[: 3 if s is diverged else None] for s in sessions}
        lines = [(key, epoch, *row) for key, rows in histories.items() for epoch, row in enumerate(rows)]
        columns = ("session", "epoch", "train_loss", "train_accuracy", "valid_loss", "valid_accuracy")
        files = {
            "history.csv": encode_csv(columns, lines),
            "sessions.json": ShardSessions(
                sessions=tuple(SessionEnd(id=s.id, diverged=3 if s is diverged else None) for s in sessions)
            ),
        }
        trained: dict[str, Any] = {"spec": grid.spec, "spec_digest": grid.spec_digest}
        if self.interrupted:
            trained["carbon_wasted"] = carbon(0.1).model_dump(mode="json")
        for place, shard in enumerate(grid.shards):
            own = files if place == 0 else _NOTHING  # who reads a run reads all its shards
            draft = self.publish("runs", f"{name}/{shard.name}", job="train", inputs=[dataset], hours=1.5, files=own)
            self.store.put(f"{draft.folder}/manifest.json", draft.manifest.model_copy(update=trained).encode())
        return read_run(self.store, name).artefact(), [s for s in sessions if s is not diverged], histories

    def curves(self, session: Session, *, leaks: bool) -> list[list[float]]:
        """The curves of a session."""
        return _curves(session, leaks)

    def metrics(
        self, name: str, sessions: Sequence[Session], histories: History, rows: Sequence[Mapping[str, str]], leaks: bool
    ) -> EvaluationResult:
        """metrics.json: sessions, cells, and each subset by sample, patch and image."""
        bests = [(session, _best(histories[session.id])) for session in sessions]
        names = dict.fromkeys(each.cell for each in sessions)
        cells = [_cell([each for each in bests if each[0].cell == name], self.grid["repeats"]) for name in names]
        ranked = rank_cells({cell.cell: [cell.loss.mean or 0.0] for cell in cells})
        of_best = [(session, best) for session, (best, _) in bests if session.cell == ranked[0]]
        chosen = min(of_best, key=lambda each: each[1].loss or 0.0)[0]
        subsets = {}
        for subset in ("valid", "test"):
            chosen_rows = [row for row in rows if row["subset"] == subset]
            skill = 2.4 if leaks and subset == "valid" else 0.5 if leaks else 1.4
            subsets[subset] = SubsetResult(
                **{
                    level: self._assessed(f"{name}-{subset}", chosen_rows, level, skill)
                    for level in ("samples", "patches", "images")
                }
            )
        return EvaluationResult(
            run=name,
            classes=self.classes,
            positive=self.classes[0],
            sessions=tuple(
                SessionResult(
                    id=session.id, **axes(session), repeat=session.repeat, best_loss=by_loss, best_accuracy=by_accuracy
                )
                for session, (by_loss, by_accuracy) in bests
            ),
            cells=tuple(sorted(cells, key=lambda cell: ranked.index(cell.cell))),
            chosen=Chosen(session=chosen.id, cell=chosen.cell, rule="best_of_best_cell"),
            threshold=Threshold(value=0.5, source="spec"),
            subsets=subsets,
            test_set="0" * 64,
            openings=2 if leaks else 1,
            notes=("1 of 6 sessions diverged and is left out.",),
        )

    def _assessed(self, name: str, rows: Sequence[Mapping[str, str]], level: str, skill: float) -> Assessment:
        rng = generator(2, name)
        bias = {family: rng.normal(0, 0.7) for family in sorted({row["family"] for row in rows})}
        labels = np.array([self.classes.index(row["class"]) for row in rows])
        logits = rng.normal(0, 0.8, (len(rows), len(self.classes)))
        logits[:, 0] += [bias[row["family"]] for row in rows]
        logits[np.arange(len(rows)), labels] += skill
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        families = [row["family"] for row in rows]
        if level == "images":
            first = {row["image"]: place for place, row in reversed(list(enumerate(rows)))}
            members = {image: [n for n, row in enumerate(rows) if row["image"] == image] for image in first}
            probabilities = np.stack([probabilities[each].mean(axis=0) for each in members.values()])
            labels, families = labels[list(first.values())], [families[place] for place in first.values()]
        if level == "samples":
            labels, families, probabilities = np.tile(labels, 4), families * 4, np.tile(probabilities, (4, 1))
        found = assess(
            labels,
            probabilities,
            families,
            positive=0,
            threshold=0.5,
            bins=10,
            resamples=100,
            rng=generator(3, name, level),
        )
        return Assessment.from_maths(found, self.classes)


_NOTHING = {
    "history.csv": encode_csv(("session", "epoch", "train_loss", "train_accuracy", "valid_loss", "valid_accuracy"), []),
    "sessions.json": ShardSessions(sessions=()),
}


def write_search(url: str) -> None:
    """Evaluations `straightforward` (three backbones), `extension`, `unfreezing`, `apart` and `shuffled`."""
    study = Study(Store(url), ("D", "PD"), interrupted=False)
    patches = study.patches(study.publish("images", "stand-in", job="synthesise", marks=("synthetic",), hours=0.01))
    grid = {"repeats": 3, "learning_rates": [1e-3, 3e-5, 1e-6], "batch_sizes": [8, 32, 128]}
    for name, backbones, strategies in (
        ("straightforward", ("resnet18", "vgg11", "inception_v3"), [{"kind": "straightforward"}]),
        ("extension", ("vgg11",), [{"kind": "extension", "non_linearities": k} for k in (1, 2)]),
        ("unfreezing", ("resnet18",), [{"kind": "unfreezing", "layers": n} for n in (1, 4)]),
    ):
        weights = [{"name": each, "weights": "IMAGENET1K_V1"} for each in backbones]
        study.grid = {**grid, "backbones": weights, "strategies": strategies}
        study.evaluation(name, patches, leaks=False)
    study.grid = {
        "repeats": 3, "backbones": [{"name": "leaknet", "weights": "none"}], "strategies": [{"kind": "whole"}],
        "learning_rates": [1e-3], "batch_sizes": [32],
    }  # fmt: skip
    for name in ("apart", "shuffled"):
        study.evaluation(name, patches, leaks=name == "shuffled")


def write_leaks(url: str) -> None:
    """Evaluations `apart`, `dealt` (samples shuffled) and `shuffled` (patches shuffled) of one setting."""
    study = Study(Store(url), ("D", "PD"), interrupted=False)
    patches = study.patches(study.publish("images", "stand-in", job="synthesise", marks=("synthetic",), hours=0.01))
    study.grid = {**GRID_OF_SIX, "learning_rates": [3e-3]}
    study.evaluation("apart", patches, leaks=False)
    study.level = "sample"
    study.evaluation("dealt", patches, leaks=True)
    study.level = "patch"
    study.evaluation("shuffled", patches, leaks=True)


def carbon(hours: float) -> CarbonRecord:
    """What a T4 and four cores draw in that time."""
    kwh = {"gpu": 0.07 * hours, "measured": 0.052 * hours, "cpu": 0.012 * hours, "ram": 0.006 * hours}
    factor = GRID["pue"] * GRID["intensity_gco2e_per_kwh"] / 1000
    record = CarbonRecord(
        gpu_model="Tesla T4", gpu_tdp_w=70.0, gpu_kwh_measured=kwh["measured"], gpu_kwh_tdp=kwh["gpu"],
        cpu_kwh=kwh["cpu"], cpu_method="3.2 W x CPU time", ram_kwh=kwh["ram"], ram_method="0.000392 kWh per GB h",
        co2e_kg_measured=(kwh["measured"] + kwh["cpu"] + kwh["ram"]) * factor,
        co2e_kg_tdp=(kwh["gpu"] + kwh["cpu"] + kwh["ram"]) * factor,
        intensity_source="Google Cloud, region carbon data", work="useful", wall_seconds=hours * 3600, **GRID,
    )  # fmt: skip
    return total([record])


def _account(patches: int, rng: np.random.Generator) -> dict[str, int]:
    kept = patches * PATCH_SIZE_PX**2
    parts = {
        "kept_px": kept,
        "labels_px": int(kept * rng.uniform(0.1, 0.2)),
        "background_px": int(kept * rng.uniform(0.03, 0.08)),
        "borders_px": int(kept * rng.uniform(0.02, 0.04)),
        "precrop_px": int(kept * rng.uniform(0.005, 0.02)),
    }
    return {"images": 30, "patches": patches, "total_px": sum(parts.values()), **parts}


def _counts(name: str) -> dict[str, ChannelCounts]:
    counts = {}
    for subset in SUBSETS:
        counts[subset] = ChannelCounts()
        pixels = generator(4, name, subset).normal((170, 110, 175), 30, (40, 40, 3))
        counts[subset].add(pixels.clip(0, 255).astype(np.uint8), copies=4)
    return counts


def _curves(session: Session, leaks: bool) -> list[list[float]]:
    rng = generator(5, session.id, int(leaks))
    speed = 0.5 if session.learning_rate > 1e-3 else 0.25
    rows = []
    for epoch in range(EPOCHS + 1):
        learnt = 1 - np.exp(-speed * epoch)
        train = 0.70 - 0.50 * learnt + rng.normal(0, 0.012)
        valid = (
            0.71
            - (0.48 if leaks else 0.36) * learnt
            + (0 if leaks else 0.006 * speed * epoch**1.5)
            + rng.normal(0, 0.02)
        )
        if (session.adaptation.kind == "whole" or session.learning_rate == 3e-5) and not leaks and epoch:
            valid -= 0.5 * np.exp(-epoch / 3)  # ahead of train at first, as in figure 4.1
        accuracies = [float(np.clip(1.18 - loss, 0.45, 0.99) + rng.normal(0, 0.008)) for loss in (train, valid)]
        rows.append([float(train), accuracies[0], float(valid), accuracies[1]])
    return rows


def _best(history: Sequence[Sequence[float]]) -> list[BestEpoch]:
    train_loss, train_accuracy, valid_loss, valid_accuracy = zip(*history, strict=True)
    curves = (train_loss, valid_loss, train_accuracy, valid_accuracy)
    return [BestEpoch(**vars(best)) for pick in (best_by_loss, best_by_accuracy) if (best := pick(*curves))]


def _cell(bests: Sequence[tuple[Session, Sequence[BestEpoch]]], repeats: int) -> CellResult:
    losses, accuracies = ([getattr(both[n], name) for _, both in bests] for n, name in enumerate(("loss", "accuracy")))
    return CellResult(
        **axes(bests[0][0]),
        n=len(bests),
        diverged=repeats - len(bests),
        loss=Spread(**vars(spread(losses))),
        accuracy=Spread(**vars(spread(accuracies, max))),
    )
