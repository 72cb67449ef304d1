"""Look-alikes: found through turns, flips, brightness and noise; nothing else is."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from neurograde.maths.dihedral import IDENTITY, TRANSFORMS, apply
from neurograde.maths.hamming import CROWD, MISSED, SURE_BITS, all_pairs, keyed_pairs
from neurograde.patches.near_duplicates import BITS, GRID, NEAR_BITS, PatchHashes, near_duplicates, perceptual_hash
from neurograde.specs.results.independence import NearDuplicates


def tissue(seed: int, size: int = 90) -> np.ndarray:
    """Blobs of purple on pink: a small drawing, enlarged."""
    small = np.random.default_rng(seed).normal((190, 120, 180), 40, (12, 12, 3)).clip(0, 255).astype(np.uint8)
    return np.asarray(Image.fromarray(small).resize((size, size), Image.Resampling.BICUBIC))


def hashed(patches: dict[str, np.ndarray]) -> PatchHashes:
    hashes = PatchHashes()
    for name, patch in patches.items():
        hashes.add(name, patch)
    return hashes


def rows(*families: str) -> list[dict[str, str]]:
    return [{"patch": str(n), "family": family} for n, family in enumerate(families)]


def jpeg(patch: np.ndarray) -> np.ndarray:
    data = io.BytesIO()
    Image.fromarray(patch).save(data, "JPEG", quality=60)
    return np.asarray(Image.open(data))


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.integers(0, 10**6), st.sampled_from((IDENTITY, *TRANSFORMS)), st.sampled_from(("same", "jpeg", "dark", "noise"))
)
def test_a_copy_is_found_under_every_symmetry(seed: int, transform: str, how: str):
    patch = tissue(seed)
    noise = np.random.default_rng(seed + 1).normal(0, 5, patch.shape)
    changed = {"same": patch, "jpeg": jpeg(patch), "dark": (0.9 * patch).astype(np.uint8), "noise": patch + noise}[how]
    copy = apply(changed.clip(0, 255).astype(np.uint8), transform)
    found = near_duplicates(rows("a", "b"), ["train", "test"], hashed({"0": patch, "1": copy}))
    [pair] = found.pairs
    assert found.count == 1
    assert pair.bits <= NEAR_BITS
    assert (pair.patches, pair.families, pair.subsets) == (("0", "1"), ("a", "b"), ("train", "test"))


@pytest.mark.parametrize(
    ("families", "subsets"), [(("a", "a"), ["train", "test"]), (("a", "b"), ["train", "train"])], ids=["family", "side"]
)
def test_look_alikes_of_one_family_or_on_one_side_are_no_leak(families: tuple[str, str], subsets: list[str]):
    found = near_duplicates(rows(*families), subsets, hashed({"0": tissue(1), "1": tissue(1)}))
    assert found == NearDuplicates(count=0, too_plain=0)


def test_plain_patches_are_counted_and_left_out():
    glass = np.full((90, 90, 3), 240, np.uint8)
    assert perceptual_hash(glass) is None
    found = near_duplicates(rows("a", "b"), ["train", "test"], hashed({"0": glass, "1": glass}))
    assert found == NearDuplicates(count=0, too_plain=2)


def test_among_many_patches_the_copies_are_found_and_no_others_nearest_first():
    patches = {str(n): tissue(n, 36) for n in range(700)}  # more than one block of comparisons
    patches |= {"698": jpeg(patches["3"]), "699": np.rot90(patches["400"]), "697": patches["5"]}
    sides = [("train", "test")[n % 2] for n in range(700)]
    found = near_duplicates(rows(*patches), sides, hashed(patches))
    assert [pair.bits for pair in found.pairs] == sorted(pair.bits for pair in found.pairs)
    assert sorted(pair.patches for pair in found.pairs) == [("3", "698"), ("400", "699")]  # 5 and 697 are on one side


def test_the_bits_are_those_that_differ():
    patches = {str(n): tissue(n) for n in range(2)}
    hashes = hashed(patches)
    turned = [
        sum(int(a ^ b).bit_count() for a, b in zip(each, hashes.hashes[1][0], strict=True)) for each in hashes.hashes[0]
    ]
    assert min(turned) > NEAR_BITS
    one = hashes.hashes[0].copy()
    one[:, 1] ^= np.uint64(0b1011)
    hashes.names, hashes.hashes = ["0", "1"], [hashes.hashes[0], one]
    assert near_duplicates(rows("a", "b"), ["train", "test"], hashes).pairs[0].bits == 3


def many(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return hashes of n drawings, (8, 3, n), and their groups: each in a family of its own, in one of two subsets."""
    means = np.random.default_rng(seed).integers(0, 256, (n, GRID, GRID, 1)).astype(np.uint8)
    hashes = [hash_of(drawing) for drawing in means]
    return np.moveaxis(np.array(hashes), 0, -1).copy(), np.array([np.arange(n), np.arange(n) % 2])


def hash_of(means: np.ndarray) -> np.ndarray:
    hashed = perceptual_hash(np.repeat(means, 3, axis=2))
    assert hashed is not None
    return hashed


def test_the_search_by_keys_finds_the_copies_within_the_stated_bits_and_nothing_that_is_not_near():
    words, groups = many(3000)
    planted = np.random.default_rng(1)
    for copy in range(1000, 2000):  # a turned copy, with some bits changed in each of its symmetries
        turn = planted.integers(8)
        words[0, :, copy] = words[turn, :, 2 * copy - 1999]
        for bit in planted.choice(BITS, planted.integers(0, SURE_BITS + 1), replace=False):
            words[0, bit // 64, copy] ^= np.uint64(1) << np.uint64(bit % 64)
    sure = all_pairs(words, groups, SURE_BITS)
    found = keyed_pairs(words, groups, NEAR_BITS, BITS)
    near = all_pairs(words, groups, NEAR_BITS)
    wanted = set(zip(sure.first.tolist(), sure.second.tolist(), strict=True))
    named = set(zip(found.first.tolist(), found.second.tolist(), strict=True))
    assert len(wanted) > 300
    assert len(wanted & named) >= (1 - MISSED) * len(wanted)
    bits = dict(zip(zip(near.first.tolist(), near.second.tolist(), strict=True), near.bits.tolist(), strict=True))
    assert {pair: bits[pair] for pair in named} == dict(
        zip(zip(found.first.tolist(), found.second.tolist(), strict=True), found.bits.tolist(), strict=True)
    )


def test_of_a_crowd_of_equal_hashes_some_pairs_are_found_in_bounded_work():
    words, _ = many(1)
    crowd = 5 * CROWD
    groups = np.array([np.arange(crowd), np.arange(crowd) % 2])
    found = keyed_pairs(np.repeat(words, crowd, axis=2), groups, NEAR_BITS, BITS)
    assert set(found.first.tolist()) | set(found.second.tolist()) == set(range(crowd))
    assert len(found.first) <= crowd * CROWD


def test_the_record_names_the_search_only_where_it_may_miss_some(monkeypatch: pytest.MonkeyPatch):
    patches = {"0": tissue(1), "1": jpeg(tissue(1))}
    exact = near_duplicates(rows("a", "b"), ["train", "test"], hashed(patches))
    monkeypatch.setattr("neurograde.patches.near_duplicates.COMPARED_ALL", 1)
    keyed = near_duplicates(rows("a", "b"), ["train", "test"], hashed(patches))
    assert "method" not in exact.as_json()
    assert keyed.as_json() == exact.as_json() | {"method": "keyed"}
