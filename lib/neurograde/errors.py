"""Every way in which a job ends early, each with the exit code that a cluster acts on.

    NeurogradeError            1   a bug of ours, if ever raised bare
    ├── UsageError            64   the command line is wrong
    ├── DataError             65   an input cannot be used: unreadable, unlabelled, too few, ...
    │   └── DigestMismatch    65   an input's bytes contradict their recorded digest
    ├── MissingUpstream       66   an artefact to the left is not there; says which command makes it
    ├── StoreUnavailable      69   the store cannot be reached
    ├── DeviceUnavailable     69   the pod's node has no usable GPU
    ├── NameTaken             73   the artefact's name holds another spec's or other inputs' work
    ├── OpeningsSpent         73   the test set was opened as often as planned; names the earlier openings
    ├── Fenced                75   a newer attempt at the same shard has taken over
    ├── AccessDenied          77   the store refuses this identity
    ├── SpecError             78   the spec is invalid; lists every mistake
    ├── AllDiverged           80   every session of the shard diverged
    └── NoProgress            81   five attempts in a row without a new commit

    KeyboardInterrupt
    └── Stopped               75   asked to stop (SIGTERM); run again to go on

Messages are one line that names the file, the field, the value and what is accepted, so that they can be
printed as they are; `runtime.exits.run` prints them and never a traceback. Anything else that escapes a job is a
bug: traceback, exit code 1.
"""

from __future__ import annotations

from neurograde.maths.text import printable, without_secrets


class NeurogradeError(Exception):
    """A bug of ours, with a traceback; also the base of all errors a job ends with."""

    exit_code = 1

    def __init__(self, *lines: str) -> None:
        """Take the message, line by line: a name in it ends no line, and a URL in it keeps its secrets."""
        super().__init__(*(printable(without_secrets(line)) for line in lines))

    def __str__(self) -> str:
        return "\n".join(self.args)


class UsageError(NeurogradeError):
    """The command line is wrong."""

    exit_code = 64


class DataError(NeurogradeError):
    """An input cannot be used as the spec asks: unreadable, unlabelled, too few, ..."""

    exit_code = 65


class DigestMismatch(DataError):
    """An input's bytes are not those its record names."""


class MissingUpstream(NeurogradeError):
    """An upstream artefact does not exist; the message holds the command that makes it."""

    exit_code = 66


class StoreUnavailable(NeurogradeError):
    """The store cannot be reached; worth another try later."""

    exit_code = 69


class DeviceUnavailable(NeurogradeError):
    """The GPU that a pod asks for is missing on its node; another node may have one."""

    exit_code = 69


class NameTaken(NeurogradeError):
    """The artefact's name is taken by another spec or other inputs; both digests are named."""

    exit_code = 73


class OpeningsSpent(NeurogradeError):
    """The test set was opened as often as the spec plans; the earlier openings are named."""

    exit_code = 73


class Stopped(KeyboardInterrupt):
    """The process was asked to stop and did; running the same command goes on from the last commit.

    It comes between any two instructions, and is no Exception: nothing on its way out, in our code or in a library's,
    can take it for a damaged file or a lost connection.
    """

    exit_code = 75


class Fenced(NeurogradeError):
    """A newer attempt at the same shard exists, so this one leaves the shard to it."""

    exit_code = 75


class AccessDenied(NeurogradeError):
    """The store refuses this identity."""

    exit_code = 77


class SpecError(NeurogradeError):
    """The spec is invalid; every mistake is listed with key path, value and what is accepted."""

    exit_code = 78


class AllDiverged(NeurogradeError):
    """Every session of the shard diverged; the result is published. In a pod this is a warning, and the exit code 0."""

    exit_code = 80


class NoProgress(NeurogradeError):
    """Attempt after attempt ended without a new commit."""

    exit_code = 81
