from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from neurograde.maths.agreement import cohen_kappa

JUDGEMENTS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40).map(
    lambda pairs: np.array(pairs, bool).T
)


@given(JUDGEMENTS)
def test_kappa_is_that_of_scikit_learn(judgements: np.ndarray):
    ours = cohen_kappa(*judgements)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the case that we give as None
        theirs = cohen_kappa_score(*judgements)
    assert np.isnan(theirs) if ours is None else ours == pytest.approx(theirs)


@given(JUDGEMENTS)
def test_kappa_does_not_depend_on_who_is_first_or_on_what_is_called_yes(judgements: np.ndarray):
    first, second = judgements
    kappa = cohen_kappa(first, second)
    assert cohen_kappa(second, first) == (None if kappa is None else pytest.approx(kappa))
    assert cohen_kappa(~first, ~second) == (None if kappa is None else pytest.approx(kappa))


def test_judgements_of_different_cells_are_refused():
    with pytest.raises(ValueError, match=r"\(2,\) and \(3,\)"):
        cohen_kappa(np.ones(2, bool), np.ones(3, bool))


def test_nothing_can_be_said_of_no_cells():
    assert cohen_kappa(np.ones(0, bool), np.ones(0, bool)) is None
