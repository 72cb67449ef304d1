"""A review: one create-only record per change of a reviewer.

    <store>/reviews/<name>/<digest of the image's name>/<reviewer>-000001.json, ...-000002.json, ...

A record holds the whole decision on its image: only the newest counts, and the older ones are its history. The store
decides about numbers: of two windows that change one image at once, one writes the next number, the other gets an
error, and nothing of either is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from neurograde.maths.digest import canonical_json, sha256_hex
from neurograde.specs.records import Decision, InputRecord
from neurograde.storage.artefact import parse_record
from neurograde.storage.store import Store

NUMBER = r"\d{6}"
"""Number of a decision in its name."""


class Overtaken(Exception):
    """Another window has decided on this image meanwhile."""


class Decisions:
    """The decisions of one review."""

    def __init__(self, store: Store, name: str) -> None:
        """Open the review `name`; nothing is in the store before its first decision."""
        self.store, self.folder = store, f"reviews/{name}"

    def latest(self) -> dict[str, dict[str, Decision]]:
        """Return the newest decision of each reviewer on each image, by image, then by reviewer."""
        newest: dict[tuple[str, str], str] = {}
        for key in sorted(self.store.list(self.folder)):
            if match := re.search(rf"/([0-9a-f]{{16}})/([^/]+)-{NUMBER}\.json$", key, re.ASCII):
                newest[match[1], match[2]] = key
        keys = list(newest.values())
        by_image: dict[str, dict[str, Decision]] = {}
        for key, data in zip(keys, self.store.get_many(keys), strict=True):
            decision = parse_record(Decision, data, f"{self.store.url}/{key}")
            by_image.setdefault(decision.image, {})[decision.reviewer] = decision
        return by_image

    def add(self, decision: Decision) -> None:
        """Record the decision.

        Raises:
            Overtaken: There is one of that number already, with another content.
        """
        key = f"{self.folder}/{_folder(decision.image)}/{decision.reviewer}-{decision.number:06d}.json"
        try:
            self.store.create(key, decision.encode())
        except FileExistsError:
            raise Overtaken(
                f"{decision.image} was changed in another window meanwhile; its decision is shown now"
            ) from None


def reviews_of(store: Store, images: Iterable[str]) -> list[str]:
    """Return the names of all reviews in the store with a decision on any of `images`."""
    folders = {_folder(image) for image in images}
    matches = (re.fullmatch(r"reviews/([^/]+)/([0-9a-f]{16})/[^/]+\.json", key) for key in store.list("reviews"))
    return sorted({match[1] for match in matches if match and match[2] in folders})


def _folder(image: str) -> str:
    return sha256_hex(image.encode())[:16]


def as_input(name: str, decisions: Iterable[Decision]) -> InputRecord:
    """Return the decisions as an input of an artefact: by digest, in any order."""
    listed = sorted(decisions, key=lambda decision: (decision.image, decision.reviewer))
    content = [decision.model_dump(mode="json", exclude={"at", "number"}) for decision in listed]
    digest = sha256_hex(canonical_json(content))
    return InputRecord(kind="reviews", name=name, digest=digest)
