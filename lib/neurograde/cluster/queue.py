"""Kueue, where a cluster has it: it counts the quota itself; without it, Jobs are applied in waves."""

from __future__ import annotations

from collections.abc import Sequence

from neurograde.cluster.folder import UNLIMITED, FolderStep, Quota
from neurograde.cluster.kubectl import Kubectl, NotThere, Refused, UnknownKind
from neurograde.errors import UsageError
from neurograde.runtime.log import log

LOCAL_QUEUES = "localqueues.kueue.x-k8s.io"


def room(kubectl: Kubectl, folder: Sequence[FolderStep], quota: Quota) -> Quota:
    """Return the pods and boards that may be asked for at once: unlimited under Kueue, else the namespace's quota.

    Raises:
        UsageError: Kueue runs, and has no queue of the name that the Jobs carry: they would stay suspended for ever.
    """
    queued = [job for step in folder for job in step.jobs if job.queue]
    if not queued:
        return quota
    name, namespace = queued[0].queue, queued[0].namespace
    try:
        kubectl.call("get", LOCAL_QUEUES, name, "--namespace", namespace, "--output", "name")
    except UnknownKind:
        return quota
    except Refused as error:
        log.warning(f"this user may not look for Kueue, so Jobs are applied in waves: {error}")
        return quota
    except NotThere:
        raise UsageError(
            f"Kueue runs on this cluster, and namespace {namespace} has no LocalQueue {name}: Jobs would stay "
            "suspended; kubectl apply -f k8s/queue/ makes it, --queue '' of jobs.grid renders Jobs without a queue"
        ) from None
    log.info(f"Kueue admits the Jobs, through the LocalQueue {name}")
    return UNLIMITED
