"""The plan of a study on stdout: counts from its specs, cost from the size of its data set."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console

from neurograde.cluster.fit import Sizes
from neurograde.cluster.plan import DEVICES, cost_tables, count_table, planned_work
from neurograde.cluster.regions import region_table
from neurograde.cluster.study import Study
from neurograde.errors import UsageError
from neurograde.runtime.cuda import check_board
from neurograde.runtime.factors import grid_factor, price
from neurograde.specs.results.balance import Balance
from neurograde.specs.train import TrainSpec
from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.store import Store


def print_plan(study: Study, sizes: Sizes, arguments: argparse.Namespace) -> None:
    """Print the plan; `arguments` are those of `declare_plan`.

    Raises:
        SpecError: torch has no kernels for a board, or no table knows its power.
        UsageError: a rate or a price is of a device that is not planned for.
    """
    grids = study.trained()
    console = Console(width=None if sys.stdout.isatty() else 132)
    console.print(count_table(study, {file: sizes.checkpoints(spec) for file, spec in grids.items()}))
    first = next(iter(grids.values()))
    samples = arguments.samples or samples_in_store(first)
    if samples is None:
        console.print(f"datasets/{first.dataset} is not in {first.store} yet: give its size with --samples TRAIN,VALID")
        return
    rates, prices = dict(arguments.rate), dict(arguments.usd)
    named = [*arguments.gpu, *(name.partition(":")[0] for name in rates), *prices]
    devices = tuple(dict.fromkeys(arguments.gpu or (*DEVICES, *named)))
    unheard = sorted({*named} - {*devices})
    if unheard:
        raise UsageError(f"--rate and --usd speak of {', '.join(unheard)}, --gpu does not")
    for device in devices:
        if device != "CPU":
            check_board(device, "--gpu")
    of_table = {device: known.usd_per_h for device in devices if (known := price(device, first.region))}
    works = planned_work(study, sizes, samples)
    for table in cost_tables(works, samples, grid_factor(first.region), rates, of_table | prices, devices=devices):
        console.print(table)
    if arguments.regions:
        console.print(region_table(works[0], devices[0], rates))


def samples_in_store(spec: TrainSpec) -> tuple[int, int] | None:
    """Return the number of train and valid samples of the data set; None where it is not published."""
    store, folder = Store(spec.store), f"datasets/{spec.dataset}"
    manifest = read_manifest(store, folder)
    if manifest is None:
        return None
    subsets = Artefact(store, folder, manifest).read_result(Balance, "balance.json").subsets
    return subsets["train"].total, subsets["valid"].total
