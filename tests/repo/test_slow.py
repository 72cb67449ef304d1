"""The quick tests leave out what is slow, and nothing that does not exist."""

from __future__ import annotations

import pytest

from tests.support.slow import FILES, TESTS, is_slow


@pytest.mark.parametrize("path", [path for files in FILES.values() for path in files])
def test_a_file_in_the_list_of_slow_ones_exists(path: str):
    assert (TESTS / path).is_file()


def test_slow_is_a_file_of_the_list_or_a_test_in_a_browser():
    assert is_slow(TESTS / "jobs" / "test_shard_kills.py", [])
    assert is_slow(TESTS / "pages" / "test_watch.py", ["tmp_path", "browser"])
    assert not is_slow(TESTS / "pages" / "test_watch.py", ["tmp_path"])
    assert not is_slow(TESTS.parent / "lib" / "neurograde" / "errors.py", [])


def test_a_test_of_the_list_carries_the_marker(request: pytest.FixtureRequest):
    assert "slow" not in request.keywords
    marked = [item for item in request.session.items if item.path == TESTS / "jobs" / "test_kill.py"]
    assert all(item.get_closest_marker("slow") for item in marked)
