from fractions import Fraction

import pytest

from neurograde.maths.partition import Families, Interval, SearchOptions, Targets, as_fraction, remarks


def test_numbers_are_the_fractions_they_were_written_as() -> None:
    assert as_fraction(0.15) == as_fraction("0.15") == Fraction(3, 20)
    assert as_fraction("1/3") * 3 == as_fraction(1)


@pytest.mark.parametrize("value", ["a third", "1/0", float("nan"), float("inf")])
def test_what_is_no_number_is_named(value: object) -> None:
    with pytest.raises(ValueError, match="is not a number; accepted"):
        as_fraction(value)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"p": ("0.7", "0.15", "0.14")}, r"p = \(7/10, 3/20, 7/50\) sums to 99/100"),
        ({"d": ("0.33", "0.33", "0.33")}, "d = .* sums to 99/100"),
        ({"p": (1, 0, 0)}, "three numbers above 0"),
        ({"p": ("0.7", "0.3")}, "three numbers above 0"),
        ({"p": ("0.7", "0.1", "0.2")}, "p2 = 1/10 is below p3 = 1/5"),
        ({"p": ("0.5", "0.25", "0.25")}, "p1 = 1/2; more than 1/2"),
        ({"proportion_weight": -1}, "proportion_weight = -1"),
        ({"proportion_weight": 0, "diversity_weight": 0}, "both 0"),
        ({"min_train_share": "1.5"}, "min_train_share = 3/2"),
    ],
)
def test_targets_out_of_bounds_are_named(asked: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Targets(**asked)


def test_without_a_least_share_for_train_p1_is_free() -> None:
    assert Targets(("0.4", "0.3", "0.3"), min_train_share=None).p[0] == Fraction(2, 5)


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ({"D": {"a": 1, "b": 2}}, "class 'D' has 2 families; at least 3"),
        ({"D": {"a": 1, "b": 2, "c": 0, "d": 3}}, "family 'c' weighs 0 in every class"),
        ({"D": {"a": 1, "b": 2, "c": -3}}, r"family 'c' weighs \(-3,\)"),
        ({"D": {"a": 1, "b": 2, "c": 0.5}}, r"family 'c' weighs \(0.5,\)"),
        ({}, "0 classes"),
    ],
)
def test_families_that_cannot_be_partitioned_are_named(weights: dict[str, dict[str, int]], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Families.of(weights)


def test_names_given_twice_are_named() -> None:
    with pytest.raises(ValueError, match="family names must be unique; repeated: a"):
        Families(("a", "a", "b"), ("D",), ((1,), (2,), (3,)))


def test_weights_have_a_row_per_family_and_a_column_per_class() -> None:
    with pytest.raises(ValueError, match="weights must be 3 families x 1 classes"):
        Families(("a", "b", "c"), ("D",), ((1,), (2,)))


def test_an_interval_knows_its_ends() -> None:
    piece = Interval(Fraction(1, 4), Fraction(1, 2), open_high=True)
    assert Fraction(1, 4) in piece
    assert Fraction(1, 2) not in piece
    assert str(piece) == "[0.25, 0.5)"
    assert Fraction(1, 4) not in Interval(Fraction(1, 4), Fraction(1, 2), open_low=True)


@pytest.mark.parametrize("limits", [{"nodes": 0}, {"turns": 0}, {"seconds": 0.0}, {"seconds": float("inf")}])
def test_limits_are_finite_and_above_zero(limits: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be finite and above 0"):
        SearchOptions(**limits)


def test_remarks_name_the_family_that_is_too_heavy_the_odd_count_and_the_families_that_cross() -> None:
    crossing = Families.of({"D": {"a": 60, "b": 30, "c": 6, "e": 4}, "PD": {"a": 1, "b": 1, "g": 1}})
    heavy, odd, across = remarks(crossing, Targets())
    assert heavy == "class 'D': family 'a' holds 60.0 % of the weight and stays whole"
    assert odd.startswith("class 'D': 4 families cannot be divided as d asks: D of the class is at least 0.0556")
    assert across.endswith("'a', 'b'")
    assert remarks(Families.of({"D": dict.fromkeys("abcdef", 1)}), Targets()) == ()


@pytest.mark.parametrize("readings", [(), ("all",)])
def test_readings_are_one_or_more_of_the_four(readings: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="one or more of each, together, reserve, any are accepted"):
        SearchOptions(readings=readings)  # type: ignore[arg-type]
