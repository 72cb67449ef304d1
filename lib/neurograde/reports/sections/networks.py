"""The networks: table 1.2 counted from them, and their frozen, trained and new layers (figures 4.2, 4.4, 4.6, A)."""

from __future__ import annotations

from collections.abc import Sequence

from neurograde.reports.blocks import Block, Cell, Figure, Figures, Notes, Section, Table
from neurograde.reports.chain import Chain, file_name
from neurograde.reports.figures.classifier import classifier
from neurograde.reports.figures.network import network
from neurograde.reports.numbers import count, decimal, percent, plural
from neurograde.reports.published import TABLE_1_2
from neurograde.reports.sections.winners import modification, winners
from neurograde.specs.architecture import Architecture

DRAWN = 6
LAST = 24  # depths that figure 4.6 shows: of 152 layers the last few would be hairlines


def networks(chains: Sequence[Chain]) -> Section:
    """Return every backbone of the page, and the adaptation by the best of each strategy."""
    everything = list(dict.fromkeys(network for chain in chains for network in chain.networks))
    backbones: dict[tuple[str, str, int], Architecture] = {}
    for net in everything:
        backbones.setdefault((net.backbone, net.weights, net.input_size_px), net)
    names = list(dict.fromkeys(backbone.backbone for backbone in backbones.values()))
    blocks: list[Block] = []
    if backbones:
        blocks += [_table(list(backbones.values())), *_remarks(list(backbones.values()))]
        blocks += [_drawn(list(backbones.values())), *_adapted(chains, everything)]
    lead = f"{plural(len(names), 'backbone')}, read off the networks as they are built here."
    return Section("networks", "Networks", lead, tuple(blocks))


def _table(nets: Sequence[Architecture]) -> Table:
    names = ("backbone", "weights", "input, px", "Acc @1", "Acc @5", "parameters", "multiply-adds")
    said = "; below each, the report's" if any(net.backbone in TABLE_1_2 for net in nets) else ""
    return Table(
        slug="backbones",
        caption="How large are the backbones, and how good on ImageNet (table 1.2)? Counted from the networks as their "
        f"makers built them, accuracies as torchvision gives them for these weights{said}",
        titles=tuple(Cell(name, kind="text" if index < 2 else "number") for index, name in enumerate(names)),
        rows=tuple(_row(net) for net in nets),
        columns=("backbone", "weights", "input_size_px", "top_1", "top_5", "parameters", "auxiliary_parameters",
                 "multiply_adds", "report_top_1", "report_top_5", "report_parameters_millions",
                 "report_operations_billions"),
        values=tuple(_values(net) for net in nets),
    )  # fmt: skip


def _row(net: Architecture) -> tuple[Cell, ...]:
    said = TABLE_1_2.get(net.backbone)
    top_1, top_5 = net.accuracy or (None, None)
    return (
        Cell(net.backbone, kind="text"),
        Cell(net.weights, kind="text"),
        Cell(count(net.input_size_px)),
        Cell(percent(top_1, 2), percent(said.top_1, 2) if said else ""),
        Cell(percent(top_5, 2), percent(said.top_5, 2) if said else ""),
        Cell(
            f"{decimal(net.imagenet.parameters / 1e6, 2)} M",
            f"{said.parameters_millions:g} M" if said else "",
        ),
        Cell(
            f"{decimal(net.imagenet.multiply_adds / 1e9, 2)} G",
            f"{said.operations_billions:g} G" if said else "",
        ),
    )


def _values(net: Architecture) -> tuple[object, ...]:
    said = TABLE_1_2.get(net.backbone)
    ours = (
        *(net.accuracy or (None, None)),
        net.imagenet.parameters,
        net.imagenet.auxiliary,
        net.imagenet.multiply_adds,
    )
    theirs = (said.top_1, said.top_5, said.parameters_millions, said.operations_billions) if said else (None,) * 4
    return net.backbone, net.weights, net.input_size_px, *ours, *theirs


def _remarks(nets: Sequence[Architecture]) -> list[Notes]:
    lines = ["A multiplication and an addition count as one, as in the report; of one image, at the input size shown."]
    auxiliary = {net.backbone: net.imagenet.auxiliary for net in nets if net.imagenet.auxiliary}
    lines += [
        f"The parameters of {name} include auxiliary heads of {decimal(number / 1e6, 2)} M, as the report's do; they "
        "serve training from scratch alone and are not built here."
        for name, number in auxiliary.items()
    ]
    return [Notes(tuple(lines))]


def _drawn(nets: Sequence[Architecture]) -> Figures:
    first: dict[str, Architecture] = {}
    for net in nets:
        first.setdefault(net.backbone, net)
    shown = list(first.values())[:DRAWN]
    caption = (
        "What do the networks look like (figures A.1, A.2)? A bar is a layer with weights, at its depth, as high as "
        "the root of its channels; branches stand above each other, numbers are the channels of the widest."
    )
    if len(first) > len(shown):
        caption += f" The first {len(shown)} of {len(first)} backbones."
    return Figures(tuple(network(file_name("network", net.backbone), net) for net in shown), caption)


def _adapted(chains: Sequence[Chain], everything: Sequence[Architecture]) -> list[Figures]:
    figures: list[Figure] = []
    said: list[str] = []
    for kind, winner in winners(chains).items():
        net = next(
            (net for net in everything if (net.backbone, net.strategy) == (winner.cell.backbone, winner.cell.strategy)),
            None,
        )
        if net is None:
            continue
        words = f"{net.backbone}, {_trained(net)} of {decimal(net.parameters / 1e6, 2)} M parameters trained"
        if kind in ("straightforward", "extension"):
            figures.append(classifier(f"head-{kind}", net))
            number = "4.2" if kind == "straightforward" else "4.4"
            said.append(f"figure {number}: {words}")
        elif kind == "unfreezing":
            figures.append(network("unfrozen-layers", net, LAST if net.depth > LAST else None))
            said.append(f"figure 4.6: {modification(winner.adaptation)} of {words}")
    if not figures:
        return []
    caption = (
        f"What does the best of each strategy train ({'; '.join(said)})? Grey is frozen, orange new, red trained on."
    )
    return [Figures(tuple(figures), caption)]


def _trained(net: Architecture) -> str:
    return count(net.trained) if net.trained < 1e6 else f"{decimal(net.trained / 1e6, 2)} M"
