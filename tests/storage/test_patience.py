"""Patience with a store: longer in a pod, and never long with a store that does not know us."""

from __future__ import annotations

import itertools

import pytest

from neurograde.errors import AccessDenied, StoreUnavailable
from neurograde.storage import edge
from neurograde.storage.edge import Patience, insist, patience_of


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits that pass at once, on a clock that they move."""
    now = [0.0]
    monkeypatch.setattr(edge.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(edge.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return now


def down(error: Exception):
    def action() -> None:
        raise error

    return action


class CredentialError(Exception):
    """As botocore raises it without an identity."""


@pytest.mark.parametrize(("seconds", "outage"), [(None, 30.0), ("600", 600.0)])
def test_a_pod_outwaits_an_outage_of_ten_minutes(seconds, outage, clock, monkeypatch):
    environment = {} if seconds is None else {"NEUROGRADE_PATIENCE_SECONDS": seconds}
    monkeypatch.setattr(edge, "PATIENCE", patience_of(environment))
    with pytest.raises(StoreUnavailable):
        insist("gs://bucket/x", down(TimeoutError("no answer")))
    assert outage - 8 < clock[0] <= outage


def test_a_store_that_does_not_know_us_is_given_up_soon_in_a_pod_too(clock, monkeypatch):
    monkeypatch.setattr(edge, "PATIENCE", Patience(seconds=600.0))
    with pytest.raises(AccessDenied):
        insist("s3://bucket/x", down(CredentialError("none found")))
    assert clock[0] <= edge.IDENTITY_SECONDS


def test_a_store_that_comes_back_is_used(clock, monkeypatch):
    monkeypatch.setattr(edge, "PATIENCE", Patience(seconds=600.0))
    tries = itertools.count()

    def action() -> str:
        if clock[0] < 500:
            next(tries)
            raise ConnectionError("reset")
        return "done"

    assert insist("gs://bucket/x", action) == "done"
    assert next(tries) > 50
