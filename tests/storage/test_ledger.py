from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from neurograde.errors import DataError
from neurograde.maths.digest import sha256_hex
from neurograde.specs.records import Opening
from neurograde.storage.ledger import HeldOut, digest_of_test_set, list_images, overlaps, read_ledger, record_opening
from neurograde.storage.store import Store

TEST_SET = "a" * 64


def opening(spec: int = 0, at: str = "2026-11-22T22:00:00+00:00", session: str = "net-r00") -> Opening:
    return Opening(
        test_set=TEST_SET,
        evaluation="first",
        evaluation_spec_digest=f"{spec:064d}",
        run="b" * 64,
        session=session,
        at=at,
    )


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Store(str(tmp_path) if request.param == "file" else f"memory://{uuid.uuid4().hex}")


def test_every_opening_counts_on(store: Store) -> None:
    assert [record_opening(store, opening(each)) for each in range(3)] == [1, 2, 3]
    assert [each.evaluation_spec_digest for each in read_ledger(store, TEST_SET)] == [f"{n:064d}" for n in range(3)]


def test_the_same_question_after_an_interruption_keeps_its_number_and_its_date(store: Store) -> None:
    for each in range(3):
        record_opening(store, opening(each))
    assert record_opening(store, opening(1, at="2027-01-01T00:00:00+00:00")) == 2
    assert [each.at[:4] for each in read_ledger(store, TEST_SET)] == ["2026"] * 3


def test_another_session_is_another_opening(store: Store) -> None:
    assert [record_opening(store, opening(session=name)) for name in ("r00", "r01")] == [1, 2]


def test_two_evaluations_at_once_get_two_numbers(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda each: record_opening(store, opening(each)), range(8)))
    assert sorted(numbers) == list(range(1, 9))


def test_a_damaged_record_is_refused_by_name(store: Store) -> None:
    store.put(f"ledgers/{TEST_SET}/0001.json", b"{}")
    with pytest.raises(DataError, match=r"ledgers/a+/0001\.json: test_set"):
        record_opening(store, opening())


def test_a_test_set_is_its_patches_and_labels_and_neither_order_nor_transforms() -> None:
    patches = [("11", "PD"), ("22", "D")]
    assert digest_of_test_set(patches) == digest_of_test_set([*reversed(patches), ("11", "PD")])
    assert digest_of_test_set(patches) != digest_of_test_set([("11", "D"), ("22", "PD")])


@pytest.mark.parametrize("missing", [1, 2])
def test_a_missing_record_before_the_last_is_named(store: Store, missing: int) -> None:
    for number in range(3):
        record_opening(store, opening(number))
    store.delete(f"ledgers/{TEST_SET}/{missing:04d}.json")
    with pytest.raises(DataError, match=rf"ledgers/a+/{missing:04d}\.json is missing"):
        record_opening(store, opening(3))


def test_numbers_are_read_from_names_and_other_objects_are_no_openings(store: Store) -> None:
    record_opening(store, opening(0))
    for name in ("0001 (copy).json", "00002.json", "2.json", "note.txt"):
        store.put(f"ledgers/{TEST_SET}/{name}", opening(9).encode())
    assert record_opening(store, opening(1)) == 2
    assert len(read_ledger(store, TEST_SET)) == 2


def legacy(number: int) -> bytes:
    """Return a record as it was before ledgers were chained."""
    return opening(number).encode()


def test_an_edited_record_is_named_by_the_one_after_it(store: Store) -> None:
    for number in range(3):
        record_opening(store, opening(number))
    key = f"ledgers/{TEST_SET}/0002.json"
    store.put(key, store.get(key).replace(b'"first"', b'"other"'))
    with pytest.raises(DataError, match=r"ledgers/a+/0002\.json was changed"):
        record_opening(store, opening(3))


def test_an_old_ledger_is_chained_from_its_end_and_no_unchained_record_follows(store: Store) -> None:
    for number in (1, 2):
        store.put(f"ledgers/{TEST_SET}/{number:04d}.json", legacy(number))
    assert [record_opening(store, opening(number)) for number in (3, 1, 4)] == [3, 1, 4]
    assert read_ledger(store, TEST_SET)[2].before == sha256_hex(legacy(2))
    store.put(f"ledgers/{TEST_SET}/0005.json", legacy(5))
    with pytest.raises(DataError, match=r"0004\.json was changed"):
        read_ledger(store, TEST_SET)


def test_the_openings_of_older_ledgers_of_the_same_images_count(store: Store) -> None:
    older = "c" * 64
    store.put(f"ledgers/{older}/0001.json", legacy(1).replace(b"a" * 64, older.encode()))
    assert [record_opening(store, opening(number), {older}) for number in (2, 1, 3)] == [2, 1, 3]
    assert len(store.list(f"ledgers/{TEST_SET}")) == 2


def test_a_look_counts_for_itself(store: Store) -> None:
    record_opening(store, opening(0))
    look = opening(0).model_copy(update={"looked_at": 4})
    assert [record_opening(store, look), record_opening(store, look), record_opening(store, opening(1))] == [1, 1, 2]


def test_a_test_set_is_its_images_whatever_is_cut_from_them(store: Store) -> None:
    images = frozenset({("1" * 64, "D", "case 1"), ("2" * 64, "PD", "case 2")})
    first, second = HeldOut(images, "a" * 64), HeldOut(images, "b" * 64)
    assert first.name == second.name
    assert HeldOut(frozenset(), "a" * 64).name == "a" * 64
    list_images(store, first)
    list_images(store, second)
    more = HeldOut(images | {("3" * 64, "PD", "case 3")}, "c" * 64)
    record_opening(store, opening(0).model_copy(update={"test_set": first.name}))
    assert overlaps(store, first) == []
    assert overlaps(store, more) == [(first.name, 2, 1)]
