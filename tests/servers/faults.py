"""Faults that a server of the tests can be told to commit, and how a test tells it.

status      "503", "403", "507", ...: answered in place of the request, which is not carried out
"reset"     the connection is cut before the request is carried out
"lost"      the request is carried out, and the connection cut instead of an answer
"truncated" the answer breaks off half-way through its body
"shortened" the answer is half its body, with headers that call it whole
"stale"     a listing is answered as it was answered last time, or empty if it never was
"stranger"  401 for whoever does not bring the token of the metadata server (tests/servers/metadata.py)
"stalled"   no answer comes, for as long as anyone waits
"""

from __future__ import annotations

import json
import re
import urllib.request
from dataclasses import asdict, dataclass, field
from threading import Lock

CONTROL = "/_faults"  # path on the server, which neither API uses
FOREVER = 1_000_000_000


@dataclass
class Fault:
    """One kind of fault on the requests of one kind."""

    method: str
    """Regular expression that the whole HTTP method matches."""
    pattern: str
    """Regular expression found in the unquoted path and query."""
    times: int
    """How often it strikes before it is over."""
    kind: str
    """What goes wrong, as above."""
    skip: int = 0
    """How many such requests are let through first."""

    def strikes(self, method: str, target: str) -> bool:
        """Whether this request is hit; counts it."""
        if self.times <= 0 or not re.fullmatch(self.method, method) or not re.search(self.pattern, target):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True


@dataclass
class FaultTable:
    """The server's side: the faults to commit, and every request seen."""

    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    struck: int = 0
    lock: Lock = field(default_factory=Lock)

    def kind_for(self, method: str, target: str) -> str | None:
        """The fault that this request meets, if any."""
        with self.lock:
            self.requests.append(f"{method} {target}")
            for fault in self.faults:
                if fault.strikes(method, target):
                    self.struck += 1
                    return fault.kind
        return None

    def control(self, method: str, body: bytes) -> bytes:
        """What the test's side asks: GET tells, POST adds a fault, DELETE forgets everything."""
        with self.lock:
            if method == "POST":
                self.faults.append(Fault(**json.loads(body)))
            elif method == "DELETE":
                self.faults, self.requests, self.struck = [], [], 0
            return json.dumps({"struck": self.struck, "requests": self.requests}).encode()


@dataclass(frozen=True)
class Faults:
    """The test's side."""

    server: str
    """Root URL of the server."""

    def fail(self, method: str, pattern: str = "", times: int = 1, kind: str = "503", skip: int = 0) -> None:
        """Make the next `times` requests of `method` whose unquoted path and query hold `pattern` fail as `kind` says.

        The first `skip` of them go through. Methods and patterns are regular expressions: `"GET|HEAD"`, `"commits/"`.
        """
        self._ask("POST", json.dumps(asdict(Fault(method, pattern, times, kind, skip))).encode())

    def clear(self) -> None:
        """Forget every fault and every request."""
        self._ask("DELETE")

    @property
    def struck(self) -> int:
        """How many requests have met a fault since the last `clear`."""
        return int(self._ask("GET")["struck"])

    @property
    def requests(self) -> list[str]:
        """Every request since the last `clear`: method, unquoted path and query."""
        return list(self._ask("GET")["requests"])

    def _ask(self, method: str, body: bytes | None = None) -> dict:
        request = urllib.request.Request(f"{self.server}{CONTROL}", data=body, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)
