"""Apply a step's Jobs in waves that fit the quota, and wait until all are complete or one failed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from neurograde.cluster.finished import is_done
from neurograde.cluster.folder import UNLIMITED, FolderStep, PlannedJob, Quota
from neurograde.cluster.kubectl import Kubectl, NotThere
from neurograde.cluster.observed import ObservedJob
from neurograde.cluster.obstacles import obstacle
from neurograde.cluster.progress import StepTable
from neurograde.cluster.verdict import JobFailed, explain
from neurograde.errors import MissingUpstream
from neurograde.runtime.log import log

STUCK_SECONDS = 60.0
"""Time after which a Job whose pods do not run is asked why, and asked again."""


class JobGone(MissingUpstream):
    """A Job was deleted before it was complete, and its work is not in the store."""


@dataclass
class Waiter:
    """Runs one step after another on a cluster."""

    kubectl: Kubectl
    quota: Quota = UNLIMITED
    """Pods and boards at once; unlimited where Kueue counts them."""
    retry: bool = False
    """True to replace Jobs that failed earlier."""
    every_seconds: float = 10.0
    """Time from one question to the next."""
    stuck_seconds: float = STUCK_SECONDS
    sleep: Callable[[float], None] = time.sleep
    table: StepTable = field(default_factory=StepTable)

    def run(self, step: FolderStep) -> None:
        """Apply the step, and wait for its Jobs; a Job that exists already is left as it is.

        Applying a Job again would set back what a person or Kueue has changed in it since, its parallelism above all.

        Raises:
            JobFailed: a Job failed, now or earlier, and no other of the step is still at work.
            JobGone: a Job was deleted.
        """
        if step.files:
            self.kubectl.apply([str(path) for path in step.files])
        if not step.jobs:
            return
        existing = self._observed(step.jobs)
        self._replace_failed(step.jobs, existing)
        left = [job for job in step.jobs if job.name not in existing]
        _Wait(self, step, left, {name: job.end for name, job in existing.items()}).until_all_ended()

    def _observed(self, jobs: Sequence[PlannedJob]) -> dict[str, ObservedJob]:
        names = {job.name for job in jobs}
        items = self.kubectl.items("jobs", jobs[0].namespace)
        return {job.name: job for job in map(ObservedJob.of, items) if job.name in names}

    def _replace_failed(self, jobs: Sequence[PlannedJob], existing: dict[str, ObservedJob]) -> None:
        """Delete the Jobs that failed in an earlier run, with `retry`.

        Raises:
            JobFailed: without it; nothing is applied.
        """
        failed = [job for job in existing.values() if job.end == "Failed"]
        if failed and not self.retry:
            lines = [f"{job.name} failed earlier, at {job.ended_at}, and is still there" for job in failed]
            command = " ".join(["kubectl --namespace", jobs[0].namespace, "delete job", *(job.name for job in failed)])
            lines.append(f"nothing was applied; --retry replaces it, or: {command}")
            raise JobFailed(*lines, exit_code=explain(self.kubectl, failed).exit_code)
        for job in failed:
            log.info(f"{job.name} failed earlier, at {job.ended_at}: it is replaced")
            with contextlib.suppress(NotThere):
                self.kubectl.call("delete", "job", job.name, "--namespace", job.namespace)
            del existing[job.name]


class _Wait:
    """The wait for the Jobs of one step."""

    def __init__(
        self, waiter: Waiter, step: FolderStep, left: Sequence[PlannedJob], known: dict[str, str | None]
    ) -> None:
        self.waiter, self.step, self.left = waiter, step, list(left)
        self.ended: dict[str, str] = {name: end for name, end in known.items() if end is not None}
        self.applied = {job.name: job for job in step.jobs if job.name in known}
        self._waiting_since: dict[str, float] = {}
        self._logged: dict[str, str] = {}
        self._before = ""

    def until_all_ended(self) -> None:
        """Ask until every Job ended.

        A Job with a failed index is never complete, so `kubectl wait --for=condition=complete` would wait for ever:
        both ends are asked for.
        """
        with self.waiter.table.shown(self.step.name, self.step.jobs):
            while True:
                self._apply_what_fits()
                observed = self.waiter._observed(self.step.jobs)
                self._look_for_missing(observed)
                self.ended |= {name: job.end for name, job in observed.items() if job.end is not None}
                self.waiter.table.update(observed, self.ended)
                self._log_progress()
                failed = [job for job in observed.values() if job.end == "Failed"]
                at_work = [name for name in self.applied if name not in self.ended]
                if not at_work and (failed or not self.left):
                    if failed:
                        raise explain(self.waiter.kubectl, failed)
                    return
                for job in observed.values():
                    if job.end is None:
                        self._log_obstacle(job)
                self.waiter.sleep(self.waiter.every_seconds)

    def _apply_what_fits(self) -> None:
        """Apply further Jobs, as many as the quota has room for; one alone in any case, none after a failure."""
        running = [job for name, job in self.applied.items() if name not in self.ended]
        batch: list[PlannedJob] = []
        while self.left and "Failed" not in self.ended.values():
            wanted = [*running, *batch, self.left[0]]
            quota = self.waiter.quota
            fits = sum(job.pods for job in wanted) <= quota.pods and sum(job.boards for job in wanted) <= quota.boards
            if not fits and len(wanted) > 1:
                break
            batch.append(self.left.pop(0))
        if batch:
            self.waiter.kubectl.apply(stdin="---\n".join(job.text for job in batch))
            self.applied |= {job.name: job for job in batch}
            if self.left:
                log.info(f"{len(self.left)} more Jobs are applied as others end: the quota has no room for all at once")

    def _look_for_missing(self, observed: dict[str, ObservedJob]) -> None:
        """Take a Job that is gone for complete if it was seen complete, or its work is in the store.

        Raises:
            JobGone: neither.
        """
        for name, job in self.applied.items():
            if name in observed or name in self.ended:
                continue
            done = is_done(job)
            if not done:
                reason = "its work is not in the store" if done is False else "this machine cannot look into its store"
                raise JobGone(
                    f"{name} was deleted before it was seen to be complete, and {reason}; run the same command again "
                    "to go on: finished work is found in the store"
                )
            log.info(f"{name} is gone from the cluster; its work is in the store")
            self.ended[name] = "Complete"

    def _log_obstacle(self, job: ObservedJob) -> None:
        """Log what keeps pods of a Job from starting, a minute after they should have, and when the reason changes."""
        now = time.monotonic()
        if job.active and job.ready >= job.active:
            self._waiting_since.pop(job.name, None)
            self._logged.pop(job.name, None)
            return
        if now - self._waiting_since.setdefault(job.name, now) < self.waiter.stuck_seconds:
            return
        self._waiting_since[job.name] = now
        reason = obstacle(self.waiter.kubectl, job)
        if reason is not None and reason != self._logged.get(job.name):
            self._logged[job.name] = reason
            log.warning(reason)

    def _log_progress(self) -> None:
        done = sum(end == "Complete" for end in self.ended.values())
        text = f"{self.step.name}: {done} of {len(self.step.jobs)} Jobs complete"
        if text != self._before:
            log.info(text)
            self._before = text
