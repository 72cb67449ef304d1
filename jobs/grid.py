"""grid: render a study's specs as the manifests of a cluster, or plan what it will cost before anything runs.

    python -m jobs.grid specs/report --plan --samples 6296,1164 [--gpu L4 --rate L4:trunk=900 --usd L4=0.28]
    python -m jobs.grid specs/report --image IMAGE@sha256:... --store gs://bucket/study --profile gke-spot-l4

Reads   every spec of the folder, or one train spec and what leads to it; with --plan the data set's size, if it stands
Writes  k8s/base/ chain/ grid/ after/, ready for kubectl apply -f; see neurograde.cluster.render
Prints  with --plan: sessions, epochs, shards, hours, kWh, kg CO2e and cost on each device, beside the report's way
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from rich.console import Console

from neurograde.cluster.fit import Sizes
from neurograde.cluster.job import Placement
from neurograde.cluster.lint import lint
from neurograde.cluster.plan import DEVICES, WORKS, cost_table, count_table
from neurograde.cluster.profiles import PROFILES
from neurograde.cluster.render import render
from neurograde.cluster.study import Study, read_study
from neurograde.errors import UsageError
from neurograde.runtime.command import Parser, command
from neurograde.runtime.cuda import check_board
from neurograde.runtime.factors import grid_factor
from neurograde.runtime.log import log
from neurograde.specs.results.balance import Balance
from neurograde.specs.train import TrainSpec
from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.store import Store

FOLDERS = ("base", "chain", "grid", "after")
IMAGE = f"europe-west4-docker.pkg.dev/your-project/neurograde/neurograde@sha256:{'0' * 64}"
IDENTITY = "neurograde@your-project.iam.gserviceaccount.com"


def declare(parser: Parser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("source", metavar="SPECS", help="folder of specs, or one train spec")
    parser.add_argument("--out", metavar="FOLDER", default="k8s", help="where to write (k8s)")
    parser.add_argument("--image", default=IMAGE, help="the image by digest, as make push prints it")
    parser.add_argument("--store", metavar="URL", help="instead of the specs' store")
    parser.add_argument("--region", help="instead of the specs' region: where the cluster draws its power")
    parser.add_argument("--profile", choices=PROFILES, default="gke-spot-t4", help="kind of cluster (gke-spot-t4)")
    parser.add_argument("--identity", default=IDENTITY, help="the Google service account of the pods")
    parser.add_argument("--namespace", default="neurograde", help="(neurograde)")
    parser.add_argument("--queue", default="neurograde", help="Kueue's queue, nothing without Kueue (neurograde)")
    parser.add_argument("--plan", action="store_true", help="print what it will take; write nothing")
    parser.add_argument("--samples", metavar="TRAIN,VALID", type=_pair, help="instead of the data set in the store")
    parser.add_argument("--gpu", metavar="NAME", action="append", default=[], help="plan for this board, or CPU")
    parser.add_argument(
        "--rate",
        metavar="DEVICE:WORK=PER_S",
        type=_rate,
        action="append",
        default=[],
        help=f"samples a second at one of {', '.join(WORKS)}, as make bench or your own run has it",
    )
    parser.add_argument(
        "--usd", metavar="DEVICE=PER_HOUR", type=_amount, action="append", default=[], help="what an hour of it costs"
    )


@command(declare)
def grid(arguments: argparse.Namespace) -> None:
    """Render the manifests, or print the plan."""
    study = read_study(arguments.source, arguments.store, arguments.region)
    if arguments.plan:
        show_plan(study, arguments)
    else:
        write(Path(arguments.out), manifests(study, arguments))
        say_what_no_pod_does(study)


def manifests(study: Study, arguments: argparse.Namespace) -> dict[str, str]:
    """The text of every file, seen to be fit for a cluster.

    Raises:
        UsageError: an image without a digest, a name that is none, ...
        SpecError: a shard does not fit the profile.
    """
    from neurograde.learning.run.footprint import memory_of, weights_bytes

    placement = Placement(image=arguments.image, namespace=arguments.namespace, queue=arguments.queue)
    files = render(study, PROFILES[arguments.profile], placement, arguments.identity, Sizes(memory_of, weights_bytes))
    wrong = [f"{path}: {what}" for path, text in files.items() for what in lint(text)]
    if wrong:
        raise UsageError("\n".join(wrong))
    return files


def write(root: Path, files: dict[str, str]) -> None:
    """Write the files, and remove those of an earlier study."""
    for old in (each for folder in FOLDERS for each in (root / folder).glob("*.yaml")):
        old.unlink()
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    log.info(f"wrote {len(files)} files to {root}; next: make cluster, or kubectl apply -f {root}/base, chain, ...")


def say_what_no_pod_does(study: Study) -> None:
    """Say which specs were left out and why, and which folders of this machine no pod will find."""
    for file, why in study.left_out.items():
        log.info(f"left out: {file}: {why}")
    for url in study.local_places():
        log.warning(f"{url} is on this machine, and no pod of a cluster finds it there; what they share is a bucket")


def show_plan(study: Study, arguments: argparse.Namespace) -> None:
    """Print the plan to stdout."""
    from neurograde.learning.run.footprint import planned_checkpoints

    grids = study.trained()
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(count_table(study, {file: planned_checkpoints(spec) for file, spec in grids.items()}))
    some = next(iter(grids.values()))
    samples = arguments.samples or samples_in_store(some)
    if samples is None:
        console.print(f"datasets/{some.dataset} is not in {some.store} yet: give its size with --samples TRAIN,VALID")
        return
    rates, prices = (dict(each) for each in (arguments.rate, arguments.usd))
    named = [*arguments.gpu, *(each.partition(":")[0] for each in rates), *prices]
    devices = tuple(dict.fromkeys(arguments.gpu or (*DEVICES, *named)))
    unheard = sorted({*named} - {*devices})
    if unheard:
        raise UsageError(f"--rate and --usd speak of {', '.join(unheard)}, --gpu does not")
    for device in devices:
        if device != "CPU":
            check_board(device, "--gpu")
    console.print(cost_table(study, samples, grid_factor(some.region), rates, prices, devices=devices))


def samples_in_store(spec: TrainSpec) -> tuple[int, int] | None:
    """Train and valid samples of the data set, if it stands."""
    store, folder = Store(spec.store), f"datasets/{spec.dataset}"
    manifest = read_manifest(store, folder)
    if manifest is None:
        return None
    subsets = Artefact(store, folder, manifest).read_result(Balance, "balance.json").subsets
    return subsets["train"].total, subsets["valid"].total


def _pair(text: str) -> tuple[int, int]:
    train, valid = text.split(",")
    return int(train), int(valid)


def _rate(text: str) -> tuple[str, float]:
    what, amount = _amount(text)
    device, colon, work = what.partition(":")
    if not device or not colon or work not in WORKS:
        raise argparse.ArgumentTypeError(f"{text!r}: write DEVICE:WORK=PER_S, WORK one of {', '.join(WORKS)}")
    return what, amount


def _amount(text: str) -> tuple[str, float]:
    what, _, number = text.rpartition("=")
    try:
        amount = float(number)
    except ValueError:
        amount = math.nan
    if not what or not 0 < amount < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r}: a name, an equals sign and a number above 0 are accepted")
    return what, amount


if __name__ == "__main__":
    sys.exit(grid.main())
