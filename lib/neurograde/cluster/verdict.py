"""Why a Job failed: the pod that decided, its exit code and its last words.

Several pods of a failed Job may have ended with a code that is not 0: preempted ones (75), and those that the
controller stopped. The Failed condition names the pod of a FailJob rule; for indexes that were given up it is the
latest pod of such an index that nobody preempted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from neurograde.cluster.kubectl import Kubectl
from neurograde.cluster.observed import JOB_NAME, ObservedJob, ObservedPod
from neurograde.errors import NeurogradeError

ASKED_TO_STOP = 75
_BY_POLICY = re.compile(r"for pod \S+?/(?P<pod>\S+) failed with exit code (?P<code>\d+)")


class JobFailed(NeurogradeError):
    """A Job has failed; the exit code of the pod that decided is passed on."""

    def __init__(self, *lines: str, exit_code: int) -> None:
        """Take the message, line by line, and the exit code to end with."""
        super().__init__(*lines)
        self.exit_code = exit_code


def explain(kubectl: Kubectl, failed: Sequence[ObservedJob]) -> JobFailed:
    """Return the error for Jobs that failed: one line per Job, and the exit code of the first."""
    lines, codes = [], []
    for job in failed:
        pods = [
            ObservedPod.of(item)
            for item in kubectl.items("pods", job.namespace, "--selector", f"{JOB_NAME}={job.name}")
        ]
        text, code = verdict(job, pods)
        first, *more = text.splitlines() or [""]
        lines += [f"{job.name} failed{_given_up(job)}: {first}", *more]
        codes.append(code)
    return JobFailed(*lines, exit_code=codes[0])


def verdict(job: ObservedJob, pods: Sequence[ObservedPod]) -> tuple[str, int]:
    """Return what the deciding pod said last, and its exit code; 1 where no pod is left to ask."""
    named = _BY_POLICY.search(job.message)
    if named is not None:
        words = next((pod.last_words for pod in pods if pod.name == named["pod"]), "")
        return words or job.message, int(named["code"])
    own = [
        pod
        for pod in pods
        if pod.exit_code
        and pod.exit_code != ASKED_TO_STOP
        and not pod.disrupted
        and (not job.failed_indexes or pod.index in job.failed_indexes)
    ]
    latest = max(own, key=lambda pod: pod.finished_at, default=None)
    if latest is None or latest.exit_code is None:
        return f"{job.message or job.reason}; no pod is left to ask", 1
    return latest.last_words or f"pod {latest.name} ended with {latest.exit_code}", latest.exit_code


def _given_up(job: ObservedJob) -> str:
    if not job.failed_indexes:
        return ""
    return f", {len(job.failed_indexes)} of {job.completions} indexes given up ({_short(job.failed_indexes)})"


def _short(indexes: Sequence[int]) -> str:
    shown = ", ".join(map(str, indexes[:10]))
    return shown if len(indexes) <= 10 else f"{shown}, ..."
