"""A whole set of images cut into patches: what goes in, and the tables that account for every pixel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from neurograde.errors import DataError
from neurograde.imaging.cut import CutImage, CutJob
from neurograde.imaging.image_sets import find_images, is_in_set, read_table
from neurograde.imaging.listed import others_in_words
from neurograde.imaging.pixels.slide import Resolution
from neurograde.imaging.pixels.tissue import TissueRule
from neurograde.imaging.pseudonyms import Pseudonyms, code
from neurograde.imaging.sources import LabelledImage, LabelledImages, read_rejected
from neurograde.imaging.spellings import Settled, settle_spellings
from neurograde.imaging.verdicts import Verdicts
from neurograde.maths.digest import sha256_hex
from neurograde.maths.patch_grid import Accounting
from neurograde.runtime.log import log
from neurograde.runtime.machine import usable_cores
from neurograde.specs.patch import PatchSpec
from neurograde.specs.records import Decision
from neurograde.specs.results import accounting as result
from neurograde.storage.artefact import Artefact
from neurograde.storage.raw import Files, RawInputs, stat_url

INDEX_COLUMNS = ("patch", "class", "family", "image", "row", "col", "x_px", "y_px", "tissue_share", "pixel_sha256")
CAUSES = ("kept_px", "labels_px", "background_px", "borders_px", "precrop_px")
IMAGE_COLUMNS = ("image", "class", "family", "width_px", "height_px", "sha256", "patches", *CAUSES)
WRITTEN_COLUMNS = ("class_written", "family_written")
"""Further columns of images.csv where spellings were merged."""
NAMED = 5
"""Images that an error lists; all are counted."""
SLIDE_COLUMNS = ("image", "vendor", "level", "um_per_px", "recorded_um_per_px", "patches", "cells")

Table = tuple[tuple[str, ...], list[tuple[object, ...]]]


@dataclass
class Patching:
    """The cutting of one set: prepared from the spec, fed with what was cut, asked for its tables."""

    spec: PatchSpec
    labelled: LabelledImages
    raw: RawInputs
    folder: Files
    """The folder of the images."""
    rejected: dict[str, frozenset[tuple[int, int]]]
    pseudonyms: Pseudonyms | None
    verdicts: Verdicts
    """The verdicts of a review, if the spec names one."""
    settled: Settled = field(default_factory=Settled)
    """Spellings of families and classes, and what became of them."""
    digests: dict[str, str] = field(default_factory=dict)
    """Digest of each raw image, by the name that the manifest gives it."""
    bad: dict[str, str] = field(default_factory=dict)
    """Images that cannot be used, by their path as it can be shown, with the error's message."""
    _index: list[tuple[object, ...]] = field(default_factory=list)
    _images: list[tuple[object, ...]] = field(default_factory=list)
    _accounts: dict[str, Accounting] = field(default_factory=dict)
    _families: dict[str, set[str]] = field(default_factory=dict)
    _uniform: dict[str, list[str]] = field(default_factory=lambda: {"everything": [], "nothing": []})
    """Images of which all squares are tissue, or none."""
    _slides: list[tuple[object, ...]] = field(default_factory=list)
    _labels: dict[str, dict[str, str]] = field(default_factory=dict)
    """A path under each class of an image, by the digest of its pixels."""

    @classmethod
    def prepare(
        cls, spec: PatchSpec, artefact: Artefact | None, decisions: Mapping[str, Mapping[str, Decision]]
    ) -> Patching:
        """List the images, give each its class and family, and its rejected squares from a table or a review."""
        labelled, files, folder = find_images(spec, artefact)
        labelled, settled = settle_spellings(labelled, spec.spellings)
        own = spec.source.table if not is_in_set(spec.source.table, artefact) else None
        tables = {url: read_table(url) for url in (own, spec.rejected) if url is not None}
        known = [image.path for image in labelled.images]
        rejected = read_rejected(tables[spec.rejected], spec.rejected, known, spec.source.url) if spec.rejected else {}
        pseudonyms = Pseudonyms(spec.pseudonym_key) if spec.pseudonym_key is not None else None

        # Only what is used is an input: a README beside the images may change freely.
        real = {code(pseudonyms, "image", path): path for path in known if path in files}
        inputs = {name: files[path] for name, path in real.items()} | {url: stat_url(url) for url in tables}

        def digest(name: str) -> str:  # slides are not held
            return folder.sha256(real[name]) if name in real else sha256_hex(tables[name])

        raw = RawInputs(inputs, lambda name: folder.read(real[name]) if name in real else tables[name], digest)
        named = [code(pseudonyms, "image", path) for path in known]
        verdicts = Verdicts.of(spec, decisions, named)
        return cls(spec, labelled, raw, folder, rejected, pseudonyms, verdicts, settled, bad=dict(labelled.bad))

    @property
    def images(self) -> list[LabelledImage]:
        """The images to cut, in order."""
        return self.labelled.images

    @property
    def names(self) -> list[str]:
        """All names that a review may know the images by: their paths, and their codes where names are replaced."""
        return [name for image in self.images for name in {image.path, code(self.pseudonyms, "image", image.path)}]

    @property
    def workers(self) -> int:
        """Threads that cut."""
        return self.spec.workers or usable_cores()

    @property
    def total(self) -> Accounting:
        """The account of all images so far."""
        return sum(self._accounts.values(), Accounting())

    def log_what_is_left_out(self) -> None:
        """Log what is left out: nothing is dropped silently."""
        if self.labelled.other_classes:
            log.info(f"files left out because their class was not asked for: {len(self.labelled.other_classes):,}")
        if self.labelled.other_files:
            log.info(others_in_words(self.labelled.other_files))
        if self.spec.on_bad_image == "skip":
            for reason in self.labelled.bad.values():
                log.warning(f"left out: {reason}")

    def cut_jobs(self) -> Iterator[CutJob]:
        """Yield the work on each image."""
        resolution = Resolution.of(self.spec)
        for image in self.images:
            listed = self.raw.files.get(code(self.pseudonyms, "image", image.path))
            yield CutJob(
                name=image.path,
                read=partial(self.folder.read, image.path),
                patch_size_px=self.spec.patch_size_px,
                min_tissue_share=self.spec.min_tissue_share,
                max_pixels=self.spec.max_image_pixels,
                margins=image.margins,
                rejected=self.rejected.get(image.path, frozenset()),
                verdict=self.verdicts.by_image.get(code(self.pseudonyms, "image", image.path)),
                local=partial(self.folder.local, image.path),
                resolution=resolution,
                tissue=TissueRule.of(self.spec),
                workers=self.workers,
                size_bytes=None if listed is None else listed.size,
                read_ahead=self.spec.on_bad_image == "skip",
            )

    def add(self, image: LabelledImage, cut: CutImage | DataError) -> Iterator[tuple[str, bytes]]:
        """Enter one image into the tables, or among those that cannot be used; yields the files of its patches."""
        if isinstance(cut, DataError):
            self._enter_bad(image, cut)
            return
        try:
            yield from self._enter(image, cut)
        except DataError as error:  # the patches of a slide are read as they are taken
            self._enter_bad(image, error)

    def _enter_bad(self, image: LabelledImage, error: DataError) -> None:
        """Note that an image cannot be used."""
        self.bad[image.path] = str(error)
        if self.spec.on_bad_image == "skip":
            log.warning(f"left out: {error}")

    def check_bad_images(self) -> None:
        """Raise DataError, which names all images that cannot be used, if there are any and they are not skipped."""
        if self.bad and self.spec.on_bad_image == "refuse":
            if len(self.bad) == 1:
                raise DataError(next(iter(self.bad.values())))
            for message in self.bad.values():
                log.error(message)
            total = len(self.images) + len(self.labelled.bad)
            raise DataError(
                f"{len(self.bad):,} of {total:,} images cannot be used, for the reasons above: "
                f"{', '.join(self.bad)}; accepted: whole images, or on_bad_image: skip, which leaves them out"
            )

    def _enter(self, image: LabelledImage, cut: CutImage) -> Iterator[tuple[str, bytes]]:
        family = code(self.pseudonyms, "case", image.family)
        path = code(self.pseudonyms, "image", image.path)
        stem = path if self.pseudonyms else image.stem
        self.digests[path] = cut.sha256
        self._labels.setdefault(cut.pixel_sha256 or cut.sha256, {}).setdefault(image.label, image.path)
        if cut.void:
            self.verdicts.void(path, "the image has changed since" + (" or its size" if cut.slide else ""))
        n_patches = cut.accounting.patches
        if not n_patches:
            log.info(f"{image.path}: {cut.grid.width} x {cut.grid.height} px gave no patch")
        self._accounts[image.label] = self._accounts.get(image.label, Accounting()) + cut.accounting
        self._families.setdefault(image.label, set()).update([family] if n_patches else [])
        if self.spec.min_tissue_share and cut.grid.n_cells:
            with_tissue = int((cut.tissue_shares >= self.spec.min_tissue_share).sum())
            if with_tissue in (0, cut.grid.n_cells):
                self._uniform["nothing" if with_tissue == 0 else "everything"].append(image.path)
        account = asdict(cut.accounting)
        size = (cut.grid.width, cut.grid.height)
        pixels = (account[cause] for cause in CAUSES)
        self._images.append((path, image.label, family, *size, cut.sha256, n_patches, *pixels, *self._written(image)))
        if (slide := cut.slide) is not None:
            known = (slide.um_per_px, slide.recorded_um_per_px)
            resolution = (slide.level, *(None if value is None else round(value, 6) for value in known))
            self._slides.append((path, slide.vendor, *resolution, n_patches, cut.grid.n_cells))
            size_px = f"{slide.width} x {slide.height} px"
            scale = "unknown µm/px" if slide.um_per_px is None else f"{slide.um_per_px:.4g} µm/px"
            log.info(
                f"{image.path}: a slide, {size_px} at {scale}, tissue in {n_patches:,} of {cut.grid.n_cells:,} squares"
            )
        for patch in cut.patches:
            name = f"{image.label}/{family}/{stem}_r{patch.row:02d}_c{patch.col:02d}.png"
            where = (patch.row, patch.col, patch.x, patch.y, round(patch.tissue_share, 4), patch.pixel_sha256)
            self._index.append((name, image.label, family, path, *where))
            yield name, patch.png

    def warn_of_uniform_images(self) -> None:
        """Log a warning on images of which everything or nothing is tissue: their glass may be taken for tissue."""
        for amount, paths in self._uniform.items():
            if paths:
                log.warning(
                    f"{amount} is tissue in {len(paths):,} of {len(self.images):,} images, first {paths[0]}: look at "
                    "them; min_chroma and min_tissue_share decide"
                )

    def check_that_images_have_one_label(self) -> None:
        """Raise DataError if images of equal pixels are of several classes; name the first of them."""
        several = [paths for paths in self._labels.values() if len(paths) > 1]
        if several:
            named = "; ".join(
                " and ".join(f"{path!r} of {label!r}" for label, path in paths.items()) for paths in several[:NAMED]
            )
            raise DataError(
                f"one image under two labels, {len(several):,} times: {named}{'; ...' * (len(several) > NAMED)}; "
                "accepted: one class for each image"
            )

    def check_that_there_are_patches(self) -> None:
        """Raise DataError, with the account, if not one square was kept."""
        if not self._index:
            raise DataError(
                f"no patch came out of {len(self.images)} images: {self.total}; lower patch_size_px "
                f"({self.spec.patch_size_px}), min_tissue_share ({self.spec.min_tissue_share}) or the margins"
            )

    def index(self) -> Table:
        """Return columns and rows of index.csv, in the order of the images."""
        return INDEX_COLUMNS, self._index

    def image_table(self) -> Table:
        """Return columns and rows of images.csv."""
        return IMAGE_COLUMNS + (WRITTEN_COLUMNS if self.settled.written else ()), self._images

    def _written(self, image: LabelledImage) -> tuple[str, ...]:
        """Return class and family of an image as they were written, where spellings were merged."""
        if not self.settled.written:
            return ()
        label, family = self.settled.written[image.path]
        return label, code(self.pseudonyms, "case", family)

    def spellings(self) -> dict[str, Any] | None:
        """Return spellings.json; None where no two spellings meet."""
        return self.settled.record(lambda family: code(self.pseudonyms, "case", family))

    def slide_table(self) -> Table | None:
        """Return columns and rows of slides.csv, or None without slides."""
        return (SLIDE_COLUMNS, self._slides) if self._slides else None

    def accounting(self) -> result.Accounting:
        """Return accounting.json: the set, and each class; and how far a review went, if there is one."""
        return result.Accounting(
            patch_size_px=self.spec.patch_size_px,
            **_account(self.total),
            images_without_patches=sum(1 for row in self._images if row[6] == 0),
            review=self.verdicts.summary() if self.spec.review else None,
            skipped=self._skipped() or None,
            classes={
                label: result.PixelAccount(families=len(self._families[label]), **_account(account))
                for label, account in sorted(self._accounts.items())
            },
        )

    def _skipped(self) -> dict[str, str]:
        """Return the reason for each image that was left out, without the names that are replaced by codes."""
        codes = {path: code(self.pseudonyms, "image", path) for path in self.bad}
        return {codes[path]: message.replace(path, codes[path]) for path, message in sorted(self.bad.items())}

    def write_codes(self) -> None:
        """Leave the table of codes beside the key, with the user."""
        if self.pseudonyms is not None:
            log.info(f"the table of codes is {self.pseudonyms.write_table()}: keep it to yourself")


def _account(account: Accounting) -> dict[str, Any]:
    return asdict(account) | {"shares": account.shares}
