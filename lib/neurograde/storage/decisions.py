"""A review: one create-only record for every change that a reviewer made.

    <store>/reviews/<name>/<digest of the image's name>/<reviewer>-000001.json, ...-000002.json, ...

A record holds the whole decision on its image, so the newest is all that counts and the older ones are its history.
Numbers are handed out by the store: of two windows that change one image at once, one writes the next number, and
the other is told, and nothing of either is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from neurograde.maths.digest import canonical_json, sha256_hex
from neurograde.specs.records import Decision, InputRecord
from neurograde.storage.artefact import parse_record
from neurograde.storage.store import Store


class Overtaken(Exception):
    """Another window has decided on this image since."""


class Decisions:
    """The decisions of one review."""

    def __init__(self, store: Store, name: str) -> None:
        """The review `name`; there is nothing in the store before its first decision."""
        self.store, self.folder = store, f"reviews/{name}"

    def latest(self) -> dict[str, dict[str, Decision]]:
        """The newest decision of each reviewer on each image, by image, then by reviewer."""
        newest: dict[tuple[str, str], str] = {}
        for key in sorted(self.store.list(self.folder)):
            if found := re.search(r"/([0-9a-f]{16})/([^/]+)-\d{6}\.json$", key):
                newest[found[1], found[2]] = key
        keys = list(newest.values())
        found_by_image: dict[str, dict[str, Decision]] = {}
        for key, data in zip(keys, self.store.get_many(keys), strict=True):
            decision = parse_record(Decision, data, f"{self.store.url}/{key}")
            found_by_image.setdefault(decision.image, {})[decision.reviewer] = decision
        return found_by_image

    def add(self, decision: Decision) -> None:
        """Write the decision down.

        Raises:
            Overtaken: there is one of that number already, and it says something else.
        """
        key = f"{self.folder}/{_folder(decision.image)}/{decision.reviewer}-{decision.number:06d}.json"
        try:
            self.store.create(key, decision.encode())
        except FileExistsError:
            raise Overtaken(
                f"{decision.image} was changed in another window since; what stands there is shown now"
            ) from None


def reviews_of(store: Store, images: Iterable[str]) -> list[str]:
    """Return the names of all reviews in the store with a decision on any of `images`."""
    folders = {_folder(image) for image in images}
    matches = (re.fullmatch(r"reviews/([^/]+)/([0-9a-f]{16})/[^/]+\.json", key) for key in store.list("reviews"))
    return sorted({match[1] for match in matches if match and match[2] in folders})


def _folder(image: str) -> str:
    return sha256_hex(image.encode())[:16]


def as_input(name: str, decisions: Iterable[Decision]) -> InputRecord:
    """The decisions as an input of what follows them: by digest, in any order."""
    listed = sorted(decisions, key=lambda each: (each.image, each.reviewer))
    digest = sha256_hex(canonical_json([each.model_dump(mode="json", exclude={"at", "number"}) for each in listed]))
    return InputRecord(kind="reviews", name=name, digest=digest)
