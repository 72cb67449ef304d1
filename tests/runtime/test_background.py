"""A task beside the main thread: its end, its error, and a request to stop while it is being begun."""

from __future__ import annotations

import threading
from threading import Thread
from types import SimpleNamespace

import pytest

from neurograde.errors import DataError, Stopped
from neurograde.runtime.background import Background


def test_one_task_at_a_time_and_its_error_comes_out_once():
    background, go, done = Background(), threading.Event(), []
    assert background.wait()
    background.begin(go.wait)
    assert not background.wait(0.0)
    go.set()
    background.begin(lambda: done.append(go.is_set()))
    assert background.wait()
    assert done == [True]

    def fail() -> None:
        raise DataError("as it happens")

    background.begin(fail)
    with pytest.raises(DataError, match="as it happens"):
        background.begin(done.clear)
    assert background.wait()
    assert done == [True]  # the task after a failed one was not begun


def test_without_a_thread_the_error_is_the_systems_and_nobody_waits(monkeypatch: pytest.MonkeyPatch):
    def refuse(_thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", refuse)
    background = Background()
    with pytest.raises(RuntimeError, match="can't start new thread"):
        background.begin(int)
    assert background.wait()


@pytest.mark.parametrize("before", [True, False])
def test_asked_to_stop_while_a_task_is_begun_it_can_be_waited_for_whether_it_was_or_not(
    before: bool, monkeypatch: pytest.MonkeyPatch
):
    start = Thread.start

    def interrupted(thread: Thread) -> None:
        if not before:
            start(thread)
        raise Stopped("asked to stop")

    monkeypatch.setattr(Thread, "start", interrupted)
    background, ran = Background(), threading.Event()
    with pytest.raises(Stopped):
        background.begin(ran.set)
    if before:
        assert not background.wait(0.05)
        assert not ran.is_set()
    else:
        assert background.wait(10)
        assert ran.is_set()


def test_asked_to_stop_while_it_waits_it_can_be_waited_for_again(monkeypatch: pytest.MonkeyPatch):
    go = threading.Event()

    class Interrupted:
        """A lock that is waited for until the task has ended; a request to stop comes right after it was got."""

        def __init__(self) -> None:
            self.lock = threading.Lock()
            self.release = self.lock.release

        def acquire(self, timeout: float | None = None) -> None:
            if timeout is None:  # as the task is begun
                self.lock.acquire()
                return
            go.set()
            assert self.lock.acquire(timeout=timeout)
            raise Stopped("asked to stop")

    standing_in = SimpleNamespace(Lock=Interrupted, Thread=Thread)
    monkeypatch.setattr("neurograde.runtime.background.threading", standing_in)
    background = Background()
    background.begin(go.wait)
    with pytest.raises(Stopped):
        background.wait(10)
    assert background.wait(0.0)
