"""The state of a review: the images, the decisions on each, and their cost."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurograde.imaging.pixels.open_image import ImageFile, Picture
from neurograde.imaging.pixels.slide import Resolution, Slide
from neurograde.imaging.pixels.tissue import DEFAULT_RULE, TissueRule
from neurograde.imaging.sources import LabelledImage
from neurograde.maths.patch_grid import Accounting, Grid, Margins
from neurograde.pages.review.decided import account_of, agreement, state
from neurograde.pages.tiles import THUMBNAILS, Kept, jpeg, thumbnail_of, tile_of, tiling
from neurograde.specs import patch as patch_spec
from neurograde.specs.base import Model
from neurograde.specs.records import Cell, Decision, DecisionNumber
from neurograde.specs.review import ReviewSpec
from neurograde.storage.decisions import Decisions, Overtaken
from neurograde.storage.raw import Files


class Change(Model):
    """The message of the page when a reviewer has changed an image."""

    number: DecisionNumber
    """Number of the decision that this makes; the page knows the one before."""
    margins_px: patch_spec.Margins
    """The pre-crop."""
    rejected: tuple[Cell, ...]
    """Cells greyed."""
    restored: tuple[Cell, ...]
    """Background squares kept all the same."""
    finished: bool
    """True when the reviewer is done with the image."""


@dataclass
class Shown:
    """An image that is open."""

    image: Picture | Slide
    picture: bytes
    """A picture's pixels as a JPEG of high quality, turned by its EXIF orientation, for any browser. Empty of a slide,
    which is shown by tiles."""
    tissue: TissueRule = DEFAULT_RULE
    """The rule by which pixels are tissue."""
    _shares: tuple[Grid, NDArray[np.float64]] | None = field(default=None, init=False)

    @property
    def seen(self) -> tuple[str, int, int]:
        """Return the file that a decision refers to: its digest, width and height."""
        return self.image.sha256, self.image.width, self.image.height

    def tissue_shares(self, grid: Grid) -> NDArray[np.float64]:
        """Return the tissue share of every square, (n_squares,); cached for the last images, as changes need it."""
        known = self._shares
        if known is None or known[0] != grid:
            known = self._shares = (grid, self.image.tissue_shares(grid, self.tissue))
        return known[1]


class Review:
    """One reviewer at one review; safe to use from several threads."""

    def __init__(
        self,
        spec: ReviewSpec,
        images: Sequence[LabelledImage],
        names: Sequence[str],
        folder: Files,
        decisions: Decisions,
    ) -> None:
        """Continue the review from the decisions in the store.

        Args:
            spec: The grid and the reviewer.
            images: The images in order.
            names: Name of each of them in the store.
            folder: Folder of the images.
            decisions: Store of the decisions.
        """
        self.spec, self.images, self.names, self.folder, self.decisions = spec, images, names, folder, decisions
        self._latest = decisions.latest()
        self._opened = Kept(self._read, len(images))
        self._thumbnails = Kept(lambda index: thumbnail_of(self._image(index)), len(images), THUMBNAILS)
        self._seen: dict[int, tuple[str, int, int]] = {}
        """Digest and size of every image that has been opened."""
        self._lock = threading.Lock()

    def open(self, index: int) -> Shown:
        """Return the image at index `place`; DataError if it cannot be read."""
        opened = self._opened[index]
        with self._lock:
            self._seen[index] = opened.seen
        return opened

    def _read(self, index: int) -> Shown:
        image = self._image(index)
        return Shown(image, b"" if isinstance(image, Slide) else jpeg(image.pixels), TissueRule.of(self.spec))

    def _image(self, index: int) -> Picture | Slide:
        file = ImageFile.of(self.folder, self.images[index].path)
        return file.open(self.spec.max_image_pixels, Resolution.of(self.spec))

    def tile(self, index: int, zoom: int, col: int, row: int) -> bytes:
        """Return a tile of a slide, see `tile_of`."""
        return tile_of(self.open(index).image, zoom, col, row)

    def thumbnail(self, index: int) -> bytes:
        """Return an image as a small JPEG."""
        return self._thumbnails[index]

    def show(self, index: int, patch_size_px: int | None = None, margins: Margins | None = None) -> dict[str, Any]:
        """Return all that the page needs of one image; with another patch size or margins, their cost."""
        opened, mine = self.open(index), self._mine(index)
        voided = mine is not None and not self._stands(index, mine)
        decided = None if voided else mine
        if margins is None:
            margins = Margins(**decided.margins_px.model_dump()) if decided else self.images[index].margins
        image = opened.image
        grid = Grid(image.width, image.height, margins, patch_size_px or self.spec.patch_size_px)
        shares = opened.tissue_shares(grid)
        background = int((shares < self.spec.min_tissue_share).sum())
        return {
            "place": index,
            "sha256": image.sha256,
            "name": self.images[index].path,
            "class": self.images[index].label,
            "family": self.images[index].family,
            "width_px": image.width,
            "height_px": image.height,
            "um_per_px": image.um_per_px if isinstance(image, Slide) else None,
            "tiles": tiling(image) if isinstance(image, Slide) else None,
            "finest_px": image.finest_px if isinstance(image, Slide) else 1,
            "patch_size_px": grid.patch_size_px,
            "margins_px": asdict(margins),
            "rows": grid.n_rows,
            "cols": grid.n_cols,
            "tissue": [round(share, 3) for share in shares.tolist()],
            "min_tissue_share": self.spec.min_tissue_share,
            "number": mine.number if mine else 0,
            "rejected": [square.model_dump() for square in decided.rejected] if decided else [],
            "restored": [square.model_dump() for square in decided.restored] if decided else [],
            "finished": decided is not None and decided.finished,
            "voided": voided,
            "shares": grid.account(kept=grid.n_cells - background, background=background).shares,
        }

    def decide(self, index: int, change: Change) -> dict[str, Any]:
        """Store a change and return the progress after it.

        Raises:
            Overtaken: another window was faster; its decision is kept, and `show` returns it.
            ValueError: the squares do not fit the grid, or the number does not follow the last; the message names them.
        """
        self._check_number(index, change.number)
        opened = self.open(index)
        image = opened.image
        grid = Grid(image.width, image.height, Margins(**change.margins_px.model_dump()), self.spec.patch_size_px)
        share = dict(
            zip(
                zip(grid.rows.tolist(), grid.cols.tolist(), strict=True),
                opened.tissue_shares(grid).tolist(),
                strict=True,
            )
        )
        background = {cell for cell, value in share.items() if value < self.spec.min_tissue_share}
        for cells, accepted, rule in (
            (change.rejected, share.keys() - background, "rejected squares have tissue and"),
            (change.restored, background, "restored squares are background and"),
        ):
            for square in cells:
                if (square.row, square.col) not in accepted:
                    raise ValueError(f"square ({square.row}, {square.col}): {rule} lie in the grid")
        decision = Decision(
            image=self.names[index],
            image_sha256=image.sha256,
            width_px=image.width,
            height_px=image.height,
            patch_size_px=self.spec.patch_size_px,
            level=self.spec.level if isinstance(image, Slide) else None,
            um_per_px=self.spec.um_per_px if isinstance(image, Slide) else None,
            margins_px=change.margins_px,
            reviewer=self.spec.reviewer,
            number=change.number,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            rejected=change.rejected,
            restored=change.restored,
            background=len(background) - len(change.restored),
            finished=change.finished,
        )
        try:
            self.decisions.add(decision)
        except Overtaken:
            self.refresh()  # so that the page shows the decision in the store
            raise
        with self._lock:
            self._latest.setdefault(decision.image, {})[decision.reviewer] = decision
        return self.progress()

    def _check_number(self, index: int, number: int) -> None:
        """Raise ValueError for a number that leaves some out: a later one would hide the decisions in between."""
        if number > self._following(index):
            self.refresh()
        if number > self._following(index):
            raise ValueError(f"number = {number}; the next decision on this image is {self._following(index)}")

    def _following(self, index: int) -> int:
        mine = self._mine(index)
        return mine.number + 1 if mine else 1

    def refresh(self) -> None:
        """Read again what the store holds: other windows and other reviewers write there, too."""
        latest = self.decisions.latest()
        with self._lock:
            self._latest = latest

    def progress(self) -> dict[str, Any]:
        """Return the progress of the reviewer, in all and by class, and the cost of the decisions so far."""
        every = {index: decision for index in range(len(self.images)) if (decision := self._mine(index))}
        mine = {index: decision for index, decision in every.items() if self._stands(index, decision)}
        classes: dict[str, dict[str, int]] = {}
        for index, image in enumerate(self.images):
            of_class = classes.setdefault(image.label, {"images": 0, "finished": 0})
            of_class["images"] += 1
            of_class["finished"] += index in mine and mine[index].finished
        account = sum((account_of(decision) for decision in mine.values()), Accounting())
        return {
            "reviewer": self.spec.reviewer,
            "patch_size_px": self.spec.patch_size_px,
            "images": [
                {
                    "name": image.path,
                    "class": image.label,
                    "family": image.family,
                    "state": state(mine.get(index), voided=index in every.keys() - mine.keys()),
                }
                for index, image in enumerate(self.images)
            ],
            "least_certain_first": self.spec.least_certain_first,
            "classes": classes,
            "reasons": self.spec.reasons,
            "account": asdict(account) | {"shares": account.shares},
            "sentence": str(account),
            "agreement": agreement(self._latest),
        }

    def _mine(self, index: int) -> Decision | None:
        return self._latest.get(self.names[index], {}).get(self.spec.reviewer)

    def _stands(self, index: int, decision: Decision) -> bool:
        """Return True if image and grid are still those decided on; before an image is opened, by the spec alone."""
        decided = (decision.image_sha256, decision.width_px, decision.height_px)
        grid = decision.patch_size_px == self.spec.patch_size_px
        size = not decision.of_slide or decision.resolution == (self.spec.level, self.spec.um_per_px)
        return grid and size and self._seen.get(index, decided) == decided
