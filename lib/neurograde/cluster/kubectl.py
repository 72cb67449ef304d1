"""kubectl as a subprocess: its answers, its errors, and an API server that is away for some minutes.

kubectl ends with 1 for a missing object, an invalid manifest and a server that cannot be reached alike, and prints an
empty list in the last case: only stderr distinguishes them.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Any

from neurograde.errors import NeurogradeError
from neurograde.runtime.log import log

AWAY = re.compile(
    r"connection refused|connection reset|was refused|Unable to connect to the server|TLS handshake timeout"
    r"|context deadline exceeded|Client\.Timeout|i/o timeout|no route to host|network is unreachable|unexpected EOF"
    r"|ServiceUnavailable|currently unable to handle the request|etcdserver|http2: |leader changed"
)
"""Words of kubectl, seen with a server that is down or silent, or that its own store has left."""
AWAY_SECONDS = 600.0
"""Time that an API server may be away before a command fails: an upgrade of a zonal control plane takes minutes."""
PAUSE_SECONDS = 5.0


class KubectlFailed(NeurogradeError):
    """A kubectl command failed; the message holds its own words."""

    exit_code = 69


class NotThere(KubectlFailed):
    """The object does not exist."""


class UnknownKind(KubectlFailed):
    """The API server has no such kind of object."""


class Refused(KubectlFailed):
    """This user may not do that."""


class Kubectl:
    """Calls of kubectl against one cluster."""

    def __init__(
        self, context: str | None = None, *, away_seconds: float = AWAY_SECONDS, pause_seconds: float = PAUSE_SECONDS
    ) -> None:
        """Use a context of the user's kubeconfig, the current one by default.

        Args:
            context: Name of the context.
            away_seconds: How long to try again while the API server cannot be reached.
            pause_seconds: Time from one try to the next.
        """
        self._command = ["kubectl", *(["--context", context] if context else []), "--request-timeout=30s"]
        self._away_seconds, self._pause_seconds = away_seconds, pause_seconds

    def call(self, *words: str, stdin: str | None = None) -> str:
        """Return the stdout of a command; repeat it while the API server is away.

        Every command that this suite sends may be repeated: it applies, deletes or asks.

        Raises:
            KubectlFailed: the command failed for another reason, or the server stayed away.
        """
        started, away = time.monotonic(), False
        while True:
            done = subprocess.run(  # noqa: S603 - kubectl, with arguments of ours
                [*self._command, *words], input=stdin, capture_output=True, text=True, check=False
            )
            if not done.returncode:
                if away:
                    log.info(f"the API server answers again after {time.monotonic() - started:.0f} s")
                return done.stdout
            reason = " ".join(done.stderr.split())
            if not AWAY.search(reason) or time.monotonic() - started > self._away_seconds:
                raise _error(reason)(f"{' '.join([*self._command, *words])}: {reason}")
            if not away:
                log.warning(f"the API server is away ({reason}); trying for {self._away_seconds / 60:g} minutes")
                away = True
            time.sleep(self._pause_seconds)

    def items(self, kind: str, namespace: str, *options: str) -> list[Mapping[str, Any]]:
        """Return all objects of a kind in a namespace."""
        text = self.call("get", kind, "--namespace", namespace, *options, "--output", "json")
        items: list[Mapping[str, Any]] = json.loads(text)["items"]
        return items

    def apply(self, files: Sequence[str] = (), *, stdin: str | None = None) -> None:
        """Apply files, or the manifests in `stdin`; kubectl's lines go to the log."""
        words = [word for path in files for word in ("--filename", path)] or ["--filename", "-"]
        for line in self.call("apply", *words, stdin=stdin).splitlines():
            log.info(line)


def _error(reason: str) -> type[KubectlFailed]:
    if "(NotFound)" in reason:
        return NotThere
    if "doesn't have a resource type" in reason:
        return UnknownKind
    return Refused if "(Forbidden)" in reason else KubectlFailed
