"""The order in which a review shows images when a model is asked."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from neurograde.imaging.least_certain import least_certain_first, uncertainty_by
from neurograde.imaging.sources import LabelledImage
from neurograde.maths.patch_grid import Margins
from neurograde.specs.review import ReviewSpec
from neurograde.storage.raw import RawFolder


def image(number: int) -> LabelledImage:
    return LabelledImage(f"{number}.png", "D", f"case {number}", Margins())


@given(st.integers(1, 12).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1)))), st.randoms())
def test_train_comes_first_by_uncertainty_and_the_others_keep_their_order(case: tuple[int, set[int]], random):
    n, train = case
    images = [image(number) for number in range(n)]
    sure = {each.path: random.random() for each in images}
    asked: list[str] = []

    def uncertainty(each: LabelledImage) -> float:
        asked.append(each.path)
        return sure[each.path]

    order = least_certain_first(images, train, uncertainty)
    assert sorted(order) == list(range(n))
    first, rest = order[: len(train)], order[len(train) :]
    assert set(first) == train
    assert rest == sorted(rest)
    assert [sure[images[place].path] for place in first] == sorted((sure[images[p].path] for p in train), reverse=True)
    assert asked == [images[place].path for place in sorted(train)]  # nobody else's is looked at


class Network:
    """Is as sure as a patch is bright."""

    def probabilities(self, patches):
        bright = np.array([each.mean() / 255 for each in patches])
        return np.stack([bright, 1 - bright], axis=1)


def test_uncertainty_is_that_of_the_patches_and_glass_has_none(tmp_path: Path):
    fields = {"job": "review", "name": "r", "store": "memory://", "region": "FRA", "reviewer": "ada"}
    source = {"url": str(tmp_path), "pattern": "(?P<class>.)(?P<family>.).*"}
    spec = ReviewSpec.parse(fields | {"source": source, "patch_size_px": 32, "min_tissue_share": 0.5})

    def png(red: int, blue: int) -> bytes:
        data = io.BytesIO()
        Image.fromarray(np.full((32, 64, 3), (red, 0, blue), np.uint8)).save(data, "PNG")
        return data.getvalue()

    files = {"0.png": png(153, 0), "1.png": png(255, 255), "2.png": png(0, 0)}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    uncertainty = uncertainty_by(Network(), spec, RawFolder(str(tmp_path)))
    assert round(uncertainty(image(0)), 3) == 0.2  # mean 51 of 255
    assert round(uncertainty(image(1)), 3) == round(1 - 2 / 3, 3)
    assert uncertainty(image(2)) == 0.0  # black: no tissue, nothing to ask
