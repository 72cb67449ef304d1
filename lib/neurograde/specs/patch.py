"""Spec of `patch` (§2.2): images cut into square patches that inherit the image's class."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from neurograde.specs.base import JobSpec, Model, Name, Pixels
from neurograde.specs.names import Label

SLIDE_SUFFIXES = (".svs", ".ndpi", ".scn", ".svslide", ".bif", ".czi")
"""Whole slides of one file; a .tif or .tiff is one if it is a pyramid."""
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp", *SLIDE_SUFFIXES)


LABELS = "labels.csv"
"""Name of the table that an image set of `synthesise` may bring along."""
Spellings = Literal["refuse", "merge", "keep_apart"]
"""Rules for two spellings of one name."""


class Source(Model):
    """Location of the images, and the rule that gives an image its class and family."""

    url: str | None = None
    """Folder of the images: a path or any fsspec URL but http(s)://; give this or `images`."""
    images: Name | None = None
    """Name of an image set that `synthesise` made in this store."""
    pattern: str | None = None
    """Regular expression over an image's path in the folder, with groups `class` and `family`."""
    table: str | None = None
    """Instead of a pattern: URL of a CSV table with columns image, class, family, and margins if you like:
    left, top, right, bottom; with `images` also a table of that set, `labels.csv`."""
    classes: tuple[Label, ...] | None = None
    """Use images of these classes only; the others are counted and left out."""

    @property
    def outside_urls(self) -> dict[str, str]:
        """Return the URLs of folder and table by field, without a table that an image set brings along."""
        own = self.images is not None and self.table == LABELS
        urls = {"source.url": self.url, "source.table": None if own else self.table}
        return {field: url for field, url in urls.items() if url is not None}

    @field_validator("pattern")
    @classmethod
    def _pattern_names_class_and_family(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            try:
                groups = re.compile(pattern).groupindex
            except (re.error, OverflowError, RecursionError) as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
            missing = {"class", "family"} - set(groups)
            if missing:
                raise ValueError(f"{pattern!r} lacks the group {' and '.join(sorted(missing))}: write (?P<class>...)")
        return pattern

    @model_validator(mode="after")
    def _one_of_each(self) -> Source:
        if (self.url is None) == (self.images is None):
            raise ValueError("give exactly one of url and images")
        if (self.pattern is None) == (self.table is None):
            raise ValueError("give exactly one of pattern and table")
        return self


class Margins(Model):
    """A pre-crop: pixels taken off each side before the grid is laid."""

    left: Pixels = 0
    """Pixels off the left side."""
    top: Pixels = 0
    """Pixels off the top."""
    right: Pixels = 0
    """Pixels off the right side."""
    bottom: Pixels = 0
    """Pixels off the bottom."""


class SlideSpec(JobSpec):
    """At what size whole slides are looked at; other images are as they are."""

    level: Annotated[int, Field(ge=0)] | None = None
    """Whole slides: the level of the pyramid that is cut, 0 the finest. With slides give this or `um_per_px`."""
    um_per_px: Annotated[float, Field(gt=0)] | None = None
    """Whole slides: the resolution, µm/px. A level within 5 % of it is taken as it is; else the next finer is
    resampled."""
    assumed_um_per_px: Annotated[float, Field(gt=0)] | None = None
    """µm/px that `um_per_px` assumes for the finest level of a slide that records none, or one that cannot be (below
    0.05 or above 20); when not given, such a slide is refused."""

    finest_um_per_px: Annotated[float, Field(gt=0)] | None = None
    """µm/px of the finest level of every slide, in place of what slides record: for records that are wrong."""

    @model_validator(mode="after")
    def _one_size(self) -> SlideSpec:
        if self.level is not None and self.um_per_px is not None:
            raise ValueError("level and um_per_px both say how large slides are: give one of them")
        if self.assumed_um_per_px is not None and self.um_per_px is None:
            raise ValueError("assumed_um_per_px is for um_per_px: give both, or neither")
        return self


class GridSpec(SlideSpec):
    """The images, and the grid that is laid over each: what `review` and `patch` must agree on."""

    source: Source
    """The images, their classes and families."""
    patch_size_px: Annotated[int, Field(ge=16, le=4096)] = 250
    """Side of a patch; 250 as in §2.2.1."""
    margins_px: Margins = Margins()
    """Pre-crop of every image; a table's margins replace it for their image, a review's replace both."""
    min_tissue_share: Annotated[float, Field(ge=0, le=1)]
    """A square with less tissue than this is background and dropped; 0 keeps every square."""
    min_chroma: Annotated[int, Field(ge=1, le=255)] = 13
    """A pixel is tissue if the largest and the smallest of R, G and B differ by this much or more."""
    glass: Literal["own", "grey"] = "own"
    """White against which `min_chroma` is measured: with `own` that of the image, where a lamp tints its glass;
    with `grey` none, as before this field."""
    max_image_pixels: Annotated[int, Field(ge=1)] = 400_000_000
    """An image with more pixels is refused before it is decoded: a decompression bomb. Slides, never decoded whole, may
    have any number."""
    pseudonymise: bool = False
    """Replace case and file names throughout by codes; the key stays with you."""
    pseudonym_key: str | None = None
    """Local file with the secret that makes the codes, made on first use; beside it the table of codes. Needed with
    `pseudonymise`, never copied to the store."""
    PLACEMENT: ClassVar[frozenset[str]] = JobSpec.PLACEMENT | {"pseudonym_key"}  # another key shows in the codes

    @model_validator(mode="after")
    def _key_with_pseudonyms(self) -> GridSpec:
        if self.pseudonymise != (self.pseudonym_key is not None):
            raise ValueError("pseudonymise and pseudonym_key go together: give both or neither")
        return self


class DataSource(Model):
    """Source, DOI and licence of the images, for pages and cards."""

    source: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    """Name of the data and of their owner."""
    doi: Annotated[str, Field(pattern=r"^10\.\d{4,9}/\S+$")] | None = None
    """DOI, as `10.7937/tcia.2019.bvhjhdas`."""
    licence: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """Licence, as `CC BY 4.0`."""


class PatchSpec(GridSpec):
    """Cut images into patches on a non-overlapping grid and account for every pixel."""

    job: Literal["patch"]
    """The job this spec is for."""
    rejected: str | None = None
    """URL of a CSV table of squares that cannot inherit the label: columns image, row, col."""
    review: Name | None = None
    """A review whose decisions are followed: squares greyed and restored, margins."""
    reviewers: Literal["any", "all"] = "any"
    """With several reviewers of an image: a square goes when `any` of them greyed it, or only when `all` did."""
    on_bad_image: Literal["refuse", "skip"] = "refuse"
    """Treatment of images that cannot be used, damaged ones for example: `refuse` ends the job and names all of them,
    `skip` leaves them out, with a warning for each and a list in accounting.json."""
    spellings: Spellings = "refuse"
    """Two spellings of one family or class (Case-9 and case-9, 001 and 1.0, K7 with a blank): `refuse` them, `merge`
    them under the first in code-point order, or `keep_apart`; the proof of a partition repeats what was asked."""
    family_is: Literal["patient", "case", "slide", "image"] | None = None
    """The word for a family, the unit that is split, on pages and cards; when not given, "family". Like `data` it is
    outside the digest: for patches that exist already, `--replace` takes it over."""
    data: DataSource | None = None
    """Source, DOI and licence of the images."""
    workers: Annotated[int, Field(ge=1)] | None = None
    """Threads to spread the images over; all cores when not given."""
    PLACEMENT: ClassVar[frozenset[str]] = GridSpec.PLACEMENT | {"family_is", "data"}  # words for pages

    @model_validator(mode="after")
    def _one_word_on_each_square(self) -> PatchSpec:
        if self.rejected is not None and self.review is not None:
            raise ValueError("rejected and review both say which squares go: give one of them")
        return self
