"""cluster: apply the rendered manifests with kubectl, step by step, and wait for the Jobs of each.

    python -m jobs.cluster k8s [--context my-cluster] [--retry]

Reads   k8s/base/, chain/ file by file, grid/ and after/ file by file, as jobs.grid wrote them
Does    kubectl apply, as many Jobs as the quota has room for, then asks until all are complete, or one failed: then
        reports the last words of the pod that decided; pods that do not start are reported with the reason
Exits   0 when everything is done, or with the exit code of the pod that decided

Interrupted, it leaves the cluster alone; run again, it goes on: finished work is found in the store. A Job that failed
earlier is reported as such, and replaced with --retry.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from neurograde.cluster.folder import check_images, quota, steps
from neurograde.cluster.kubectl import Kubectl
from neurograde.cluster.queue import room
from neurograde.cluster.waiting import Waiter
from neurograde.errors import Stopped, UsageError
from neurograde.runtime.command import Parser, command
from neurograde.runtime.log import log


def declare(parser: Parser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="the folder that jobs.grid wrote: k8s")
    parser.add_argument("--context", help="kubectl's context")
    parser.add_argument("--retry", action="store_true", help="replace Jobs that failed earlier")
    parser.add_argument("--every", type=float, default=10.0, metavar="SECONDS", help="how often to ask (10)")


@command(declare)
def cluster(arguments: argparse.Namespace) -> int | None:
    """Apply each step and wait for its Jobs."""
    if shutil.which("kubectl") is None:
        raise UsageError("kubectl is not installed, or not on the PATH")
    folder = list(steps(arguments.folder))
    check_images(folder)
    kubectl = Kubectl(arguments.context)
    waiter = Waiter(kubectl, quota(arguments.folder), retry=arguments.retry, every_seconds=arguments.every)
    try:
        for step in folder:
            waiter.run(step)
            if step.name == "base":
                waiter.quota = room(kubectl, folder, waiter.quota)
    except KeyboardInterrupt:
        log.info("interrupted: the cluster goes on; run the same command to wait again")
        return Stopped.exit_code
    return None


if __name__ == "__main__":
    sys.exit(cluster.main())
