"""Three levels on both sides of a split, kept apart."""

from __future__ import annotations

from neurograde.maths.both_sides import Item, sides, two_labels, unlike_spellings


def counts(items: list[Item], level: str) -> dict[str, int]:
    return {pair: found["count"] for pair, found in sides(items)["levels"][level]["pairs"].items()}


def test_a_patient_by_two_slides_is_on_both_sides_without_its_slides_or_items():
    items = [Item("a", "train", "P1", "S1"), Item("b", "test", "P1", "S2"), Item("c", "valid", "P2", "S3")]
    nothing = {"train and valid": 0, "train and test": 0, "valid and test": 0}
    assert counts(items, "patient") == nothing | {"train and test": 1}
    assert counts(items, "slide") == counts(items, "item") == nothing
    assert sides(items)["last_items_touched"] == 1


def test_images_of_one_slide_and_one_item_twice_are_told_apart():
    items = [Item("a", "train", None, "S1"), Item("b", "test", None, "S1"), Item("A ", "test", None, "S2")]
    assert counts(items, "slide") == {"train and test": 1}
    assert counts(items, "item") == {"train and test": 1}
    assert sides(items)["levels"]["patient"]["unknown"] == 3
    assert counts(items, "patient") == {"train and test": 0}


def test_an_item_listed_twice_in_one_subset_is_counted_there():
    assert sides([Item("a", "train"), Item("a", "train")])["levels"]["item"]["twice"] == {"train": 1}


def test_folds_of_a_cross_validation_are_compared_by_their_numbers():
    assert counts([Item("a", "1", "P"), Item("b", "2", "P"), Item("c", "3")], "patient")["1 and 2"] == 1


def test_an_item_under_two_labels_is_named_with_both():
    items = [Item("a", "train", label="x"), Item("A", "train", label="y"), Item("b", "test", label="1.0")]
    assert two_labels([*items, Item("b", "test", label="1")]) == [{"name": "a", "labels": ["x", "y"]}]


def test_a_patient_in_two_spellings_is_one_patient_and_is_named():
    items = [Item("a", "train", "K07"), Item("b", "test", "k7 ")]
    assert counts(items, "patient") == {"train and test": 1}
    assert unlike_spellings(items) == {"k7": ["K07", "k7 "]}
