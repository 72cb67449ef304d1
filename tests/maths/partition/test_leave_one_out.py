import pytest
from hypothesis import given, settings

from neurograde.maths.independence import independence
from neurograde.maths.partition import Families, leave_one_out
from neurograde.maths.partition.leave_one_out import classes_of, lacking
from neurograde.maths.partition.summary import subsets_of
from tests.maths.partition.drawn import families

TILES = Families.of({"Non-Tumor": {"3": 61, "4": 33, "48": 50, "P9": 91}, "Viable": {"4": 88, "48": 204}}, fewest=1)
"""Two classes of four patients, one of which two of them lack."""


@settings(deadline=None, derandomize=True, max_examples=100)
@given(families())
def test_every_family_is_tested_in_exactly_one_fold_and_train_has_every_class(problem: Families) -> None:
    folds = {name: leave_one_out.solve(problem, name) for name in problem.names}
    for name in problem.names:
        assert [test for test, fold in folds.items() if fold.assignment[name] == 2] == [name]
    for fold in folds.values():
        assert sorted(fold.assignment.values()) == [0] * (len(problem.names) - 2) + [1, 2]
        train = [name for name, subset in fold.assignment.items() if subset == 0]
        assert set().union(*(classes_of(problem, name) for name in train)) == set(problem.classes)


@pytest.mark.parametrize("test", TILES.names)
def test_a_fold_is_independent(test: str) -> None:
    rows = [
        {"family": name, "patch": f"{name}/{n}", "pixel_sha256": f"{name} {n}"}
        for name in TILES.names
        for n in range(3)
    ]
    proof = independence(rows, subsets_of(rows, leave_one_out.solve(TILES, test)))
    assert all(not each["families"] and not each["identical_patches"] for each in proof["shared"])
    assert proof["subsets"]["test"]["families"] == [test]


@pytest.mark.parametrize(
    ("test", "valid", "lacks"),
    [("3", "4", [("Viable", "test")]), ("P9", "4", [("Viable", "test")]), ("4", "3", [("Viable", "valid")]),
     ("48", "3", [("Viable", "valid")])],
)  # fmt: skip
def test_valid_is_of_every_class_where_train_can_spare_it_and_what_is_lacking_is_said(
    test: str, valid: str, lacks: list[tuple[str, str]]
) -> None:
    fold = leave_one_out.solve(TILES, test)
    assert [name for name, subset in fold.assignment.items() if subset == 1] == [valid]
    said = list(lacking(fold))
    assert len(said) == len(lacks)
    assert all(f"class {label!r} is not in {subset}" in line for (label, subset), line in zip(lacks, said, strict=True))


def test_a_class_that_train_would_lack_is_named() -> None:
    alone = Families.of({"D": {"a": 1, "b": 1, "c": 1}, "U": {"a": 1}}, fewest=1)
    with pytest.raises(ValueError, match="class 'U' would be missing from train: 'a', which is tested, alone has it"):
        leave_one_out.solve(alone, "a")
    assert leave_one_out.solve(alone, "b").assignment == {"a": 0, "b": 2, "c": 1}
    split = Families.of({"D": {"a": 1, "b": 1}, "U": {"a": 1, "c": 1}}, fewest=1)
    with pytest.raises(ValueError, match="no family can be valid when 'a' is tested: class 'D' would be missing from "):
        leave_one_out.solve(split, "a")


def test_a_family_that_is_not_there_and_too_few_are_refused() -> None:
    with pytest.raises(ValueError, match="no family 'P8' to test; the families are 3, 4, 48, P9"):
        leave_one_out.solve(TILES, "P8")
    with pytest.raises(ValueError, match="2 folds; 3 or more"):
        leave_one_out.solve(Families.of({"D": {"a": 1, "b": 1}}, fewest=1), "a")
