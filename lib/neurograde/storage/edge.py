"""The edge to other people's storage: errors of backends become Python's or ours, and passing ones are retried.

    missing, taken      FileNotFoundError, FileExistsError
    not allowed         AccessDenied, at once; without any identity yet, after patience: the first token takes seconds
    503, reset, ...     retried with growing, jittered waits; StoreUnavailable when patience ends
    disk full           StoreUnavailable, at once: another node, or room made meanwhile, may mend it
    400, no bucket, a   SpecError, at once: no retry mends what the URL names
    file for a folder

gcsfs raises a plain OSError for 403 and aiohttp's and its own errors for an unreachable server, botocore its own
again; none of them share a base class with the built-in ones.
"""

from __future__ import annotations

import errno
import itertools
import logging
import math
import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from json import JSONDecodeError
from typing import TypeVar

from neurograde.errors import AccessDenied, SpecError, StoreUnavailable
from neurograde.storage.backends.backend import Backend, backend_of

MAY_PASS = frozenset({408, 409, 425, 429})
"""HTTP statuses below 500 after which another try may succeed; all from 500 on may pass, too."""
FINAL = frozenset({errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EINVAL, errno.EILSEQ})
"""Errors of a local disk about a path, which no retry mends."""
T = TypeVar("T")
log = logging.getLogger("neurograde")
_jitter = random.SystemRandom()  # with a shared seed, all pods of a grid would retry at the same moment


@dataclass(frozen=True)
class Patience:
    """The time for which requests are retried before a store counts as unreachable."""

    seconds: float = 30.0
    """Seconds from the first failure on, by the monotonic clock. With the timeouts of the first and the last try it
    stays below a minute. A transfer that runs longer than this and then breaks is still begun again."""
    first_wait: float = 0.25
    """Seconds before the second try; each wait is about twice the one before."""
    longest_wait: float = 5.0
    """Longest wait in seconds, before its jitter of a half."""


PATIENCE_SECONDS = "NEUROGRADE_PATIENCE_SECONDS"
"""Variable with the patience of a pod: a retry of the cluster comes sooner than a store after an outage."""
IDENTITY_SECONDS = 30.0
"""Longest patience with a store that does not know us: a first token takes seconds, and a wrong one stays wrong."""


def patience_of(environment: Mapping[str, str]) -> Patience:
    """Return the patience that the environment asks for, the default without its variable.

    >>> patience_of({"NEUROGRADE_PATIENCE_SECONDS": "600"}).seconds
    600.0
    """
    text = environment.get(PATIENCE_SECONDS)
    if not text:
        return Patience()
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        log.warning(f"{PATIENCE_SECONDS}={text!r} is not a number of seconds: {Patience().seconds:.0f} are taken")
        return Patience()
    return Patience(seconds=seconds)


PATIENCE = patience_of(os.environ)


def insist(where: str, action: Callable[[], T], reconnect: Callable[[], None] | None = None) -> T:
    """Return the result of `action`, retried while it fails in a way that may pass.

    Args:
        where: URL of the object, for messages.
        action: A request that may be sent twice: a lost answer and a lost request look the same.
        reconnect: Looks for credentials again; called if the store did not know us.

    Raises:
        FileNotFoundError, FileExistsError: The object is missing, or exists already.
        AccessDenied: The store refuses this identity, or there is none.
        SpecError: The store will never take the request.
        StoreUnavailable: The store cannot be reached, or has no room for the object.
    """
    wait, failing_since = PATIENCE.first_wait, None
    for tries in itertools.count(1):
        try:
            return action()
        except Exception as error:
            verdict, may_pass = judge(error, where)
            if not may_pass:
                if verdict is error:
                    raise
                raise verdict from error
            now = time.monotonic()
            failing_since = failing_since or now
            pause = wait * _jitter.uniform(0.5, 1.5)
            longest = PATIENCE.seconds
            if isinstance(verdict, AccessDenied):
                longest = min(longest, IDENTITY_SECONDS)
            if now + pause > failing_since + longest:
                seconds = now - failing_since
                raise type(verdict)(f"{verdict} ({tries} tries in {seconds:.0f} s)") from error
        if reconnect and isinstance(verdict, AccessDenied):
            reconnect()
        time.sleep(pause)
        wait = min(2 * wait, PATIENCE.longest_wait)
    raise AssertionError("unreachable")


def judge(error: Exception, where: str) -> tuple[Exception, bool]:
    """Return the error that the caller gets, and True if another try may succeed.

    Args:
        error: The error of a backend.
        where: URL of the object: its scheme names the backend.
    """
    backend = backend_of(where)
    status = backend.http_status(error)
    reason = f"{where}: {' '.join(str(error).split()) or type(error).__name__}"
    if status == 412:
        error = FileExistsError(where)
    if isinstance(error, (FileNotFoundError, FileExistsError)):
        return error, False
    if backend.is_unknown_identity(error):
        return AccessDenied(f"{reason}: the store knows no such identity; see the environment it is taken from"), True
    if backend.is_denied(error) or getattr(error, "errno", None) == errno.EROFS:
        return AccessDenied(f"{reason}: permission denied"), False
    if backend.is_refused(error) or _is_final(error, status):
        return SpecError(f"{reason}: no retry mends that; check the URL"), False
    if backend.is_from_network(error) or isinstance(error, (OSError, JSONDecodeError)):
        return StoreUnavailable(reason), _may_pass(error, status, backend)
    return error, False


def _is_final(error: Exception, status: int | None) -> bool:
    """Return True for an answer that stays the same: of 4xx, or of a local disk about a path."""
    if status is not None:
        # Amazon answers 400 to an upload that was too slow.
        return 400 <= status < 500 and status not in MAY_PASS and "RequestTimeout" not in str(error)
    return isinstance(error, OSError) and error.errno in FINAL


def _may_pass(error: Exception, status: int | None, backend: Backend) -> bool:
    if status is not None:
        return status in MAY_PASS or status >= 500 or "RequestTimeout" in str(error)
    # Unreadable JSON is an answer that broke off.
    return backend.is_from_network(error) or isinstance(error, (TimeoutError, ConnectionError, JSONDecodeError))
