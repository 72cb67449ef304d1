"""grid: render a study's specs as the manifests of a cluster, or plan its cost before anything runs.

    python -m jobs.grid specs/report --plan --samples 6296,1164 [--gpu L4 --rate L4:trunk=900 --usd L4=0.28]
    python -m jobs.grid specs/report --image IMAGE@sha256:... --store gs://bucket/study --profile gke-spot-l4

Reads   every spec of the folder, or one train spec and the specs that lead to it; with --plan the size of the data set
Writes  k8s/base/ queue/ chain/ grid/ after/, ready for kubectl apply -f; see neurograde.cluster.render
Prints  with --plan: sessions, epochs, shards, hours, kWh, kg CO2e and cost on each device, beside the report's way
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from neurograde.cluster import arguments as read
from neurograde.cluster.fit import Sizes
from neurograde.cluster.job import PLACEHOLDER, Placement
from neurograde.cluster.outlook import print_plan
from neurograde.cluster.output import checked, report_left_out, write
from neurograde.cluster.profiles import PROFILES
from neurograde.cluster.render import Rendering
from neurograde.cluster.study import Study, read_study
from neurograde.maths.grid_plan import Size
from neurograde.runtime.command import Parser, command
from neurograde.specs.train import TrainSpec

IDENTITY = "neurograde@your-project.iam.gserviceaccount.com"


def declare(parser: Parser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("source", metavar="SPECS", help="folder of specs, or one train spec")
    parser.add_argument("--out", metavar="FOLDER", default="k8s", help="where to write (k8s)")
    parser.add_argument("--image", default=PLACEHOLDER, help="the image by digest, as make push prints it")
    parser.add_argument("--store", metavar="URL", help="instead of the specs' store")
    parser.add_argument("--region", help="instead of the specs' region: where the cluster draws its power")
    parser.add_argument("--profile", choices=PROFILES, default="gke-spot-t4", help="kind of cluster (gke-spot-t4)")
    parser.add_argument("--identity", default=IDENTITY, help="the Google service account of the pods")
    parser.add_argument("--namespace", default="neurograde", help="(neurograde)")
    parser.add_argument("--queue", default="neurograde", help="Kueue's queue, empty for Jobs without one (neurograde)")
    parser.add_argument("--user-namespaces", action="store_true", help="pods without a user of the node (hostUsers)")
    parser.add_argument("--plan", action="store_true", help="print what it will take; write nothing")
    read.declare_plan(parser)


@command(declare)
def grid(arguments: argparse.Namespace) -> None:
    """Render the manifests, or print the plan."""
    study = read_study(arguments.source, arguments.store, arguments.region)
    if arguments.plan:
        print_plan(study, sizes(), arguments)
    else:
        write(Path(arguments.out), manifests(study, arguments))
        report_left_out(study, PROFILES[arguments.profile])


def manifests(study: Study, arguments: argparse.Namespace) -> dict[str, str]:
    """Return the text of every file, checked to be fit for a cluster.

    Raises:
        UsageError: a rule of the lint is broken: an image without a digest, an impossible name, ...
        SpecError: a step does not fit a node of the profile.
    """
    profile = PROFILES[arguments.profile]
    placement = Placement(
        arguments.image,
        arguments.namespace,
        arguments.queue,
        user_namespaces=arguments.user_namespaces,
        from_node=profile.store_inside,
    )
    identity = "" if profile.store_inside else arguments.identity
    return checked(Rendering(study, profile, placement, identity, sizes()).files())


def sizes() -> Sizes:
    """Return the sizes that only torch knows."""
    from neurograde.learning.networks.architecture import architectures
    from neurograde.learning.run.footprint import memory_of, planned_checkpoints, weights_bytes

    def networks(spec: TrainSpec) -> list[Size]:
        return [architecture.size for architecture in architectures(spec)]

    return Sizes(memory_of, weights_bytes, planned_checkpoints, networks)


if __name__ == "__main__":
    sys.exit(grid.main())
