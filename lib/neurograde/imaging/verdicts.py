"""What a review says of every image of a set: the decisions of one or more reviewers, brought to one verdict each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from neurograde.errors import DataError
from neurograde.imaging.cut import Verdict
from neurograde.maths.patch_grid import Margins
from neurograde.runtime.log import log
from neurograde.specs.patch import PatchSpec
from neurograde.specs.records import Cell, Decision
from neurograde.specs.results.accounting import Review


@dataclass
class Verdicts:
    """The verdicts of a review, and what it left open."""

    by_image: dict[str, Verdict] = field(default_factory=dict)
    """By the image's name in the store."""
    reviewers: dict[str, int] = field(default_factory=dict)
    """How many images each reviewer decided on."""
    unfinished: list[str] = field(default_factory=list)
    """Images that a reviewer began and did not finish; what was said of them counts."""
    undecided: list[str] = field(default_factory=list)
    """Images that nobody looked at: all their cells with tissue are kept."""
    voided: dict[str, str] = field(default_factory=dict)
    """Images whose decisions say nothing any more, and why; they count as undecided."""

    @classmethod
    def of(cls, spec: PatchSpec, decisions: Mapping[str, Mapping[str, Decision]], images: Iterable[str]) -> Verdicts:
        """The verdict on each of `images`, by the spec's rule for several reviewers.

        Raises:
            DataError: two reviewers chose different margins for an image.
        """
        verdicts = cls()
        for image in images:
            found = list(decisions.get(image, {}).values())
            if not found:
                verdicts.undecided += [image] if spec.review else []
                continue
            sizes = {each.patch_size_px for each in found} - {spec.patch_size_px}
            if sizes:
                verdicts.void(image, f"its grid had cells of {min(sizes)} px, now of {spec.patch_size_px}")
                continue
            resolutions = {each.resolution for each in found if each.of_slide} - {(spec.level, spec.um_per_px)}
            if resolutions:
                verdicts.void(
                    image,
                    f"the slide was looked at {_at(*min(resolutions, key=str))}, now {_at(spec.level, spec.um_per_px)}",
                )
                continue
            if len({(each.image_sha256, each.width_px, each.height_px) for each in found}) > 1:
                verdicts.void(image, "its reviewers saw two different files")
                continue
            verdicts.by_image[image] = _verdict(image, found, spec.reviewers)
            verdicts.unfinished += [] if all(each.finished for each in found) else [image]
            for each in found:
                verdicts.reviewers[each.reviewer] = verdicts.reviewers.get(each.reviewer, 0) + 1
        return verdicts

    def void(self, image: str, reason: str) -> None:
        """Take note that the decisions on an image say nothing any more."""
        self.voided[image] = reason
        self.by_image.pop(image, None)

    def log(self) -> None:
        """Say what the review left open: nothing is taken for reviewed that was not."""
        for image, reason in sorted(self.voided.items()):
            log.warning(f"{image}: the decisions of the review are void: {reason}")
        for images, state in ((self.undecided, "have no decision"), (self.unfinished, "are begun but not finished")):
            if images:
                log.warning(f"review: {len(images)} images {state}, first {min(images)}")

    def summary(self) -> Review:
        """Return the review in accounting.json."""
        return Review(
            images=len(self.by_image),
            reviewers=dict(sorted(self.reviewers.items())),
            undecided=tuple(sorted(self.undecided)),
            unfinished=tuple(sorted(self.unfinished)),
            void=dict(sorted(self.voided.items())),
        )


def _verdict(image: str, decisions: list[Decision], rule: str) -> Verdict:
    first, *others = decisions
    for other in others:
        if other.margins_px != first.margins_px:
            raise DataError(
                f"{image}: {first.reviewer} and {other.reviewer} chose different margins, so their grids differ: "
                "one of them has to review it again"
            )
    rejected = [_places(each.rejected) for each in decisions]
    restored = [_places(each.restored) for each in decisions]
    if rule == "any":  # one wish to drop a cell is enough
        gone, kept = frozenset.union(*rejected), frozenset.intersection(*restored)
    else:
        gone, kept = frozenset.intersection(*rejected), frozenset.union(*restored)
    size = (first.width_px, first.height_px)
    return Verdict(first.image_sha256, size, Margins(**first.margins_px.model_dump()), gone, kept)


def _at(level: int | None, um_per_px: float | None) -> str:
    return f"at level {level}" if level is not None else f"at {um_per_px} µm/px"


def _places(cells: Iterable[Cell]) -> frozenset[tuple[int, int]]:
    return frozenset((each.row, each.col) for each in cells)
