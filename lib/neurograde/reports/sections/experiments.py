"""The leak experiments of §2.6: the exchange of patches (figure 2.8) and its effect on the curves (figure 2.9)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from neurograde.maths.delay import common_threshold, first_epoch_below
from neurograde.reports.blocks import Block, Figures, Paragraph, Section
from neurograde.reports.chain import Chain
from neurograde.reports.figures.curves import mean_and_deviation, mean_curve
from neurograde.reports.figures.experiments import Experiment
from neurograde.reports.figures.experiments import experiments as figure
from neurograde.reports.figures.shuffles import Families, shuffles
from neurograde.reports.leaks import cell_of, level, members, rank
from neurograde.reports.numbers import NOTHING, count, decimal, spread
from neurograde.reports.sections.training import curves_of
from neurograde.reports.tables import Column, table


class Line(NamedTuple):
    """An experiment in the table: mean losses over its repeats, and the epochs at which they reach a threshold."""

    title: str
    repeats: int
    valid_end: float
    test: tuple[float, ...]
    train_epoch: int | None
    valid_epoch: int | None


COLUMNS = (
    Column("experiment", "experiment", kind="text", value=lambda line: line.title),
    Column("repeats", "repeats", value=lambda line: line.repeats),
    Column("valid_loss_end", "valid loss at the end", decimal, value=lambda line: line.valid_end),
    Column("test_loss_mean", "test loss", value=lambda line: mean_and_deviation(line.test)[0],
           show=lambda line: spread("loss", *mean_and_deviation(line.test))),
    Column("test_loss_std", value=lambda line: mean_and_deviation(line.test)[1]),
    Column("train_epoch", "train reaches it at epoch", value=lambda line: line.train_epoch,
           show=lambda line: _epoch(line.train_epoch)),
    Column("valid_epoch", "valid reaches it at epoch", value=lambda line: line.valid_epoch,
           show=lambda line: _epoch(line.valid_epoch)),
)  # fmt: skip


def experiments(chains: Sequence[Chain]) -> Section:
    """Return both figures of the evaluations that trained one setting on several partitions; empty where none leaks."""
    compared = members(chains)
    blocks: list[Block] = []
    if compared:
        names = {name: chain for name, chain in compared.items() if "assignment.csv" in chain.partition.manifest.files}
        if names:
            caption = (
                "What changed places (figure 2.8)? Experiment 0 keeps families whole; test is the same and independent "
                "in all. A sample is an image of the ready-to-use data set: shuffled, a patch has copies in train and "
                "in valid."
            )
            blocks.append(
                Figures((shuffles("shuffles", {name: _families(chain) for name, chain in names.items()}),), caption)
            )
        drawn = {name: _experiment(chain, cell_of(chains)) for name, chain in compared.items()}
        caption = (
            "What does a leak do to the curves (figure 2.9)? Mean loss over the repeats, of samples as the study "
            "counts them; squares are mean ± standard deviation of the same repeats on the independent test set, each "
            "at its best epoch. Test is opened once, after training, so that it has no curve."
        )
        blocks += [Figures((figure("experiments", drawn),), caption), *_delay(drawn)]
    return Section("experiments", "Leak experiments", _lead(compared), tuple(blocks))


def _families(chain: Chain) -> Families:
    """Return the patches of each family by subset; its samples, where those were shuffled."""
    rows = chain.partition.read_csv("assignment.csv")
    families: dict[str, Counter[str]] = {}
    if level(chain) == "sample":
        family_of = {row["patch"]: row["family"] for row in rows}
        dealt = [(family_of[row["patch"]], row["subset"]) for row in chain.dataset.read_csv("samples.csv")]
    else:
        dealt = [(row["family"], row["subset"]) for row in rows]
    for family, subset in dealt:
        families.setdefault(family, Counter())[subset] += 1
    return families


def _experiment(chain: Chain, cell: str | None) -> Experiment:
    sessions = [session for session in chain.metrics.sessions if session.cell == cell and session.diverged is None]
    ensemble = chain.metrics.ensemble
    losses = ensemble.losses["test"] if ensemble and ensemble.losses else None
    if losses is None:  # a single repeat, or a file from before the losses of repeats were kept
        value = chain.metrics.subsets["test"].samples.metric("loss").value
        losses = () if value is None else (value,)
    return Experiment(rank(chain), curves_of("loss", sessions, chain.histories), losses)


def _delay(drawn: Mapping[str, Experiment]) -> list[Block]:
    """Return the epochs at which each experiment reaches the lowest loss that all of them reach, on train and valid."""
    means = {
        "train": {title: mean_curve(experiment.curves.train) for title, experiment in drawn.items()},
        "valid": {title: mean_curve(experiment.curves.valid) for title, experiment in drawn.items()},
    }
    thresholds = {subset: common_threshold(list(curves.values())) for subset, curves in means.items()}
    epochs = {
        subset: {title: first_epoch_below(curve, thresholds[subset]) for title, curve in curves.items()}
        for subset, curves in means.items()
    }
    lines = [
        Line(
            title,
            len(experiment.curves.valid),
            means["valid"][title][max(means["valid"][title])],
            experiment.test_losses,
            epochs["train"][title],
            epochs["valid"][title],
        )
        for title, experiment in drawn.items()
    ]
    caption = (
        "Does a leak delay training (§2.6)? First epoch at which the mean loss is the lowest that all reach, or less"
    )
    words = " ".join(_verdict(subset, epochs[subset], thresholds[subset]) for subset in means)
    study = "The study saw experiment 2 take longer to reach a given loss."
    return [Paragraph(f"{study} {words}"), table("experiments", caption, COLUMNS, lines)]


def _verdict(subset: str, epochs: Mapping[str, int | None], threshold: float | None) -> str:
    """Return a sentence on the delay that the study saw: the shuffle later than families apart."""
    if threshold is None:
        return f"On {subset} an experiment never falls below its loss without training, so that none can be measured."
    (apart, first), *others = ((title.partition(":")[0], epoch or 0) for title, epoch in epochs.items())
    words = [f"experiment {title}: {_later(epoch - first)}" for title, epoch in others]
    return f"Here {subset} reaches {decimal(threshold)} in epoch {first} of experiment {apart}; {'; '.join(words)}."


def _later(late: int) -> str:
    if not late:
        return "in the same epoch"
    return f"{count(abs(late))} epoch{'s' if abs(late) > 1 else ''} {'later' if late > 0 else 'earlier'}"


def _epoch(epoch: int | None) -> str:
    return NOTHING if epoch is None else str(epoch)


def _lead(compared: dict[str, Chain]) -> str:
    losses = []
    for name, chain in compared.items():
        valid, test = (chain.metrics.subsets[subset].samples.metric("loss").value for subset in ("valid", "test"))
        losses.append(f"{decimal(valid)} and {decimal(test)} with {name.partition(': ')[2]}")
    return f"Loss of the chosen session on valid and test: {'; '.join(losses)}."
