"""The verdicts of a review on the images of a set, each from the decisions of one or more reviewers."""

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
    """Verdicts by the image's name in the store."""
    reviewers: dict[str, int] = field(default_factory=dict)
    """Number of images per reviewer."""
    unfinished: list[str] = field(default_factory=list)
    """Images that a reviewer began and did not finish; their decisions count."""
    undecided: list[str] = field(default_factory=list)
    """Images without a decision: all their squares with tissue are kept."""
    voided: dict[str, str] = field(default_factory=dict)
    """Images whose decisions are void, with the reason; they count as undecided."""

    @classmethod
    def of(cls, spec: PatchSpec, decisions: Mapping[str, Mapping[str, Decision]], images: Iterable[str]) -> Verdicts:
        """Return the verdict on each of `images`, by the spec's rule for several reviewers.

        Raises:
            DataError: Two reviewers chose different margins for an image.
        """
        verdicts = cls()
        for image in images:
            on_image = list(decisions.get(image, {}).values())
            if not on_image:
                verdicts.undecided += [image] if spec.review else []
                continue
            sizes = {decision.patch_size_px for decision in on_image} - {spec.patch_size_px}
            if sizes:
                verdicts.void(image, f"its grid had squares of {min(sizes)} px, now of {spec.patch_size_px}")
                continue
            resolutions = {decision.resolution for decision in on_image if decision.of_slide} - {
                (spec.level, spec.um_per_px)
            }
            if resolutions:
                verdicts.void(
                    image,
                    f"the slide was looked at {_at(*min(resolutions, key=str))}, now {_at(spec.level, spec.um_per_px)}",
                )
                continue
            if len({(decision.image_sha256, decision.width_px, decision.height_px) for decision in on_image}) > 1:
                verdicts.void(image, "its reviewers saw two different files")
                continue
            verdicts.by_image[image] = _verdict(image, on_image, spec.reviewers)
            verdicts.unfinished += [] if all(decision.finished for decision in on_image) else [image]
            for decision in on_image:
                verdicts.reviewers[decision.reviewer] = verdicts.reviewers.get(decision.reviewer, 0) + 1
        return verdicts

    def void(self, image: str, reason: str) -> None:
        """Note that the decisions on an image are void."""
        self.voided[image] = reason
        self.by_image.pop(image, None)

    def log(self) -> None:
        """Log what the review left open: nothing is taken for reviewed that was not."""
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
    rejected = [_squares(decision.rejected) for decision in decisions]
    restored = [_squares(decision.restored) for decision in decisions]
    if rule == "any":  # one wish to drop a square is enough
        gone, kept = frozenset.union(*rejected), frozenset.intersection(*restored)
    else:
        gone, kept = frozenset.intersection(*rejected), frozenset.union(*restored)
    size = (first.width_px, first.height_px)
    return Verdict(first.image_sha256, size, Margins(**first.margins_px.model_dump()), gone, kept)


def _at(level: int | None, um_per_px: float | None) -> str:
    return f"at level {level}" if level is not None else f"at {um_per_px} µm/px"


def _squares(cells: Iterable[Cell]) -> frozenset[tuple[int, int]]:
    return frozenset((square.row, square.col) for square in cells)
