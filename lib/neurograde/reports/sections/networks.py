"""The networks: table 1.2 counted from them, and their frozen, trained and new layers (figures 4.2, 4.4, 4.6, A)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from neurograde.reports.blocks import Block, Figure, Figures, Notes, Section, Table
from neurograde.reports.chain import Chain, file_name, of_study
from neurograde.reports.figures.classifier import classifier
from neurograde.reports.figures.network import network
from neurograde.reports.numbers import count, decimal, percent, plural
from neurograde.reports.published import TABLE_1_2, Backbone
from neurograde.reports.sections.winners import modification, winners
from neurograde.reports.tables import Column, Text, table
from neurograde.specs.architecture import Architecture

DRAWN = 6
FIRST = ("vgg16", "inception_v3")  # figures A.1 and A.2
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
        blocks += [_table(list(backbones.values()), study=of_study(chains)), *_remarks(list(backbones.values()))]
        blocks += [_drawn(list(backbones.values())), *_adapted(chains, everything)]
    lead = f"{plural(len(names), 'backbone')}, read off the networks as they are built here."
    return Section("networks", "Networks", lead, tuple(blocks))


def _table(nets: Sequence[Architecture], *, study: bool) -> Table:
    published = TABLE_1_2 if study else {}
    beside = "; below each, the report's" if any(net.backbone in published for net in nets) else ""
    caption = (
        "How large are the backbones, and how good on ImageNet (table 1.2)? Counted from the networks as their "
        f"makers built them, accuracies as torchvision gives them for these weights{beside}"
    )
    return table("backbones", caption, _COLUMNS, [(net, published.get(net.backbone)) for net in nets])


Row = tuple[Architecture, Backbone | None]
"""A network, and the report's numbers of it."""


def _accuracy(row: Row, rank: int) -> float | None:
    return row[0].accuracy[rank] if row[0].accuracy else None


def _top(rank: int) -> Callable[[Row], Text]:
    def show(row: Row) -> Text:
        published = row[1]
        return percent(_accuracy(row, rank), 2), percent(
            (published.top_1, published.top_5)[rank], 2
        ) if published else ""

    return show


def _parameters(row: Row) -> Text:
    net, published = row
    return f"{decimal(net.imagenet.parameters / 1e6, 2)} M", f"{published.parameters_millions:g} M" if published else ""


def _operations(row: Row) -> Text:
    net, published = row
    return (
        f"{decimal(net.imagenet.multiply_adds / 1e9, 2)} G",
        f"{published.operations_billions:g} G" if published else "",
    )


def _published(field: str) -> Callable[[Row], object]:
    return lambda row: getattr(row[1], field) if row[1] else None


_COLUMNS = (
    Column("backbone", "backbone", kind="text", value=lambda row: row[0].backbone),
    Column("weights", "weights", kind="text", value=lambda row: row[0].weights),
    Column("input_size_px", "input, px", count, value=lambda row: row[0].input_size_px),
    Column("top_1", "Acc @1", value=lambda row: _accuracy(row, 0), show=_top(0)),
    Column("top_5", "Acc @5", value=lambda row: _accuracy(row, 1), show=_top(1)),
    Column("parameters", "parameters", value=lambda row: row[0].imagenet.parameters, show=_parameters),
    Column("auxiliary_parameters", value=lambda row: row[0].imagenet.auxiliary),
    Column("multiply_adds", "multiply-adds", value=lambda row: row[0].imagenet.multiply_adds, show=_operations),
    Column("report_top_1", value=_published("top_1")),
    Column("report_top_5", value=_published("top_5")),
    Column("report_parameters_millions", value=_published("parameters_millions")),
    Column("report_operations_billions", value=_published("operations_billions")),
)


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
    shown = sorted(first.values(), key=lambda net: net.backbone not in FIRST)[:DRAWN]
    caption = (
        "What do the networks look like (figures A.1, A.2)? A bar is a layer with weights, at its depth, as high as "
        "the root of its channels; branches stand above each other, numbers are the channels of the widest."
    )
    if len(first) > len(shown):
        caption += f" {len(shown)} of {len(first)} backbones."
    return Figures(tuple(network(file_name("network", net.backbone), net) for net in shown), caption)


def _adapted(chains: Sequence[Chain], everything: Sequence[Architecture]) -> list[Figures]:
    figures: list[Figure] = []
    parts: list[str] = []
    for kind, winner in winners(chains).items():
        net = next((net for net in everything if f"{net.backbone}, {net.strategy}" == winner.best.name), None)
        if net is None:
            continue
        words = f"{net.backbone}, {_trained(net)} of {decimal(net.parameters / 1e6, 2)} M parameters trained"
        adaptation = winner.best.adaptation
        if adaptation.has_frozen_trunk:
            figures.append(classifier(f"head-{kind}", net))
            number = "4.4" if adaptation.hidden_layers else "4.2"
            parts.append(f"figure {number}: {words}")
        elif adaptation.trained_layers is not None:
            figures.append(network("unfrozen-layers", net, LAST if net.depth > LAST else None))
            parts.append(f"figure 4.6: {modification(adaptation)} of {words}")
    if not figures:
        return []
    caption = (
        f"What does the best of each strategy train ({'; '.join(parts)})? Grey is frozen, orange new, red trained on."
    )
    return [Figures(tuple(figures), caption)]


def _trained(net: Architecture) -> str:
    return count(net.trained) if net.trained < 1e6 else f"{decimal(net.trained / 1e6, 2)} M"
