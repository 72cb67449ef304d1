from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurograde.maths.patch_grid import Accounting, Grid, Margins

quick = settings(max_examples=60, deadline=None, derandomize=True)
margin = st.integers(0, 40)
grids = st.builds(
    Grid,
    width=st.integers(1, 120),
    height=st.integers(1, 120),
    margins=st.builds(Margins, left=margin, top=margin, right=margin, bottom=margin),
    patch_size_px=st.integers(1, 50),
)


@quick
@given(grids)
def test_painting_the_cells_finds_every_pixel_once_and_agrees_with_the_formulas(grid: Grid) -> None:
    painted = np.zeros((grid.height, grid.width), dtype=int)
    for x, y in zip(grid.x, grid.y, strict=True):
        painted[y : y + grid.patch_size_px, x : x + grid.patch_size_px] += 1
    margins = grid.margins
    inner = painted[margins.top : max(margins.top, grid.height - margins.bottom)]
    inner = inner[:, margins.left : max(margins.left, grid.width - margins.right)]
    assert painted.max(initial=0) <= 1
    assert painted.sum() == inner.sum() == grid.n_cells * grid.patch_size_px**2  # none in the margins or outside
    assert (inner == 0).sum() == grid.border_px
    assert painted.size - inner.size == grid.precrop_px


@quick
@given(grids)
def test_no_further_row_or_column_would_fit(grid: Grid) -> None:
    if grid.n_cells:
        assert grid.inner_width - grid.n_cols * grid.patch_size_px < grid.patch_size_px
        assert grid.inner_height - grid.n_rows * grid.patch_size_px < grid.patch_size_px
    else:
        assert min(grid.inner_width, grid.inner_height) < grid.patch_size_px


@quick
@given(st.lists(st.tuples(grids, st.integers(0, 10**6), st.integers(0, 10**6)), max_size=5))
def test_accounts_close_to_the_pixel_and_so_do_their_sums(decisions: list[tuple[Grid, int, int]]) -> None:
    accounts = []
    for grid, a, b in decisions:
        labels = a % (grid.n_cells + 1)
        background = b % (grid.n_cells - labels + 1)
        kept = grid.n_cells - labels - background
        accounts.append(grid.account(kept=kept, labels=labels, background=background))
    total = sum(accounts, Accounting())
    assert total.images == len(decisions)
    assert total.total_px == sum(grid.width * grid.height for grid, _, _ in decisions)
    assert total.kept_px + total.lost_px == total.total_px
    assert sum(accounts) == (total if accounts else 0)


def test_an_image_smaller_than_a_patch_is_all_border() -> None:
    grid = Grid(width=321, height=241, margins=Margins(), patch_size_px=250)
    assert (grid.n_rows, grid.n_cols, grid.n_cells) == (0, 0, 0)
    assert grid.border_px == 321 * 241
    assert grid.account(kept=0).shares["borders"] == 1


def test_an_account_that_does_not_close_is_refused() -> None:
    with pytest.raises(ValueError, match="9 px kept \\+ 0 px lost; accepted: 10 in all"):
        Accounting(images=1, total_px=10, kept_px=9)


def test_decisions_that_are_not_about_every_cell_are_refused() -> None:
    with pytest.raises(ValueError, match="accepted: 4 in all"):
        Grid(width=20, height=20, margins=Margins(), patch_size_px=10).account(kept=3)


@pytest.mark.parametrize("kwargs", [{"width": 0}, {"height": -1}, {"patch_size_px": 0}])
def test_sizes_below_one_pixel_are_refused_by_name(kwargs: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(kwargs))} = .*accepted: 1 or more"):
        Grid(**{"width": 5, "height": 5, "patch_size_px": 2, **kwargs}, margins=Margins())


def test_a_negative_margin_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="margin top = -1 px"):
        Margins(top=-1)


def test_the_study_s_61_images_lose_15_47_percent_of_their_116_077_948_pixels() -> None:
    kept, borders = 1570 * 250**2, 2_936_948
    lost = 116_077_948 - kept
    study = Accounting(
        images=61, patches=1570, total_px=116_077_948, kept_px=kept, labels_px=lost - borders, borders_px=borders
    )
    assert round(100 * study.lost_px / study.total_px, 2) == 15.47
    assert "61 images, 116,077,948 px, 1,570 patches; 15.47 % lost = 12.94 % labels" in str(study)
