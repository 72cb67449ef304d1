"""Jobs and pods as the API server reports them, reduced to the facts that waiting needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

JOB_NAME, INDEX = "batch.kubernetes.io/job-name", "batch.kubernetes.io/job-completion-index"


@dataclass(frozen=True)
class ObservedJob:
    """One Job and its counts."""

    name: str
    namespace: str
    completions: int
    end: str | None
    """`Complete`, `Failed`, or None while it runs."""
    reason: str
    """Reason of the Failed condition: PodFailurePolicy, FailedIndexes, MaxFailedIndexesExceeded, ..."""
    message: str
    """Message of the Failed condition."""
    ended_at: str
    """Time of that condition."""
    active: int
    """Pods that exist and have not ended."""
    ready: int
    """Pods that run."""
    succeeded: int
    """Indexes that are done."""
    failed_indexes: tuple[int, ...]
    """Indexes that were given up."""
    suspended: bool
    """True while `spec.suspend` is set: by a person, or by Kueue."""

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> ObservedJob:
        """Return the facts of an item of `kubectl get jobs`."""
        spec, status = item.get("spec") or {}, item.get("status") or {}
        ends = [item for item in status.get("conditions") or [] if item["type"] in ("Complete", "Failed")]
        end: Mapping[str, Any] = next((item for item in ends if item["status"] == "True"), {})
        return cls(
            name=item["metadata"]["name"],
            namespace=item["metadata"]["namespace"],
            completions=spec.get("completions", 1),
            end=end.get("type"),
            reason=end.get("reason", ""),
            message=end.get("message", ""),
            ended_at=end.get("lastTransitionTime", ""),
            active=status.get("active", 0),
            ready=status.get("ready", 0),
            succeeded=status.get("succeeded", 0),
            failed_indexes=indexes(status.get("failedIndexes") or ""),
            suspended=bool(spec.get("suspend")),
        )


@dataclass(frozen=True)
class ObservedPod:
    """One pod: how it ended, or why it has not started."""

    name: str
    index: int
    exit_code: int | None
    """Exit code of its container; None while it runs or waits."""
    last_words: str
    """Termination message."""
    finished_at: str
    disrupted: bool
    """True for a preempted or drained pod, whose end decides nothing."""
    unschedulable: str
    """The scheduler's reason why no node takes it."""
    waiting: tuple[str, str]
    """Reason and message of a container that cannot start."""
    running: bool

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> ObservedPod:
        """Return the facts of an item of `kubectl get pods`."""
        metadata, status = item.get("metadata") or {}, item.get("status") or {}
        conditions = {item["type"]: item for item in status.get("conditions") or []}
        state = next((item.get("state") or {} for item in status.get("containerStatuses") or []), {})
        ended, waiting = state.get("terminated") or {}, state.get("waiting") or {}
        scheduled = conditions.get("PodScheduled") or {}
        return cls(
            name=metadata.get("name", ""),
            index=int((metadata.get("labels") or {}).get(INDEX, 0)),
            exit_code=ended.get("exitCode"),
            last_words=(ended.get("message") or "").strip(),
            finished_at=ended.get("finishedAt") or "",
            disrupted=(conditions.get("DisruptionTarget") or {}).get("status") == "True",
            unschedulable=scheduled.get("message", "") if scheduled.get("status") == "False" else "",
            waiting=(waiting.get("reason", ""), waiting.get("message", "")),
            running="running" in state,
        )


def indexes(text: str) -> tuple[int, ...]:
    """Return the indexes that a Job's status abbreviates.

    >>> indexes("1,3-5,7")
    (1, 3, 4, 5, 7)
    """
    numbers: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return tuple(numbers)
