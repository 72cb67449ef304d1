"""The images of a prediction, an artefact per image: those that are published, and those that a job adds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic

from neurograde.errors import DataError, Fenced, NameTaken
from neurograde.imaging.grading import Graded
from neurograde.imaging.new_images import NewImages
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.runtime.progress import progress
from neurograde.runtime.up_to_date import UpToDate, Work, keeps_revision
from neurograde.specs.predict import PredictSpec
from neurograde.specs.records import Manifest, RawInput
from neurograde.specs.results.prediction import GradedImage
from neurograde.storage.artefact import MANIFEST, Artefact, read_manifest
from neurograde.storage.draft import Draft
from neurograde.storage.predictions import KIND, read_predictions
from neurograde.storage.raw import RawFile, RawInputs


@dataclass(frozen=True, eq=False)
class NewImage:
    """An image to grade."""

    path: str
    """Path in its folder."""
    file: RawFile
    """The file, as its artefact records it."""
    sha256: str
    """Digest of the file, and name of its artefact."""
    folder: NewImages

    def inputs(self) -> RawInputs:
        """Return the image as an input from outside."""
        name = self.file.path
        return RawInputs({name: self.file}, lambda _: self.folder.folder.read(self.path), lambda _: self.sha256)


VERSIONS = ("generation=", "etag=", "ETag=")
"""Beginnings of stamps that follow from a file's content, or are never given twice."""
Write = Callable[[Draft, Graded], None]


class PredictionSet:
    """The artefacts of a name, and the images of a job that adds to them."""

    def __init__(self, job: Job[PredictSpec], evaluation: Artefact, images: NewImages) -> None:
        """Hold `images`, graded by `evaluation`, against what the name holds; a file known by its stamp is not read.

        Raises:
            NameTaken: It holds grades of another model or by other rules, and `replace` is off.
            DataError: No image can be used; names the reason for each.
        """
        self.job, self.evaluation = job, evaluation
        self.kept = self._settle_earlier(images)
        self.images = [] if self.kept else self._named(images)

    @property
    def sha256s(self) -> list[str]:
        """The digests of the images."""
        return [image.sha256 for image in self.images]

    def names(self, row: GradedImage) -> bool:
        """Return True if a row of images.csv is of an image of this job."""
        return self.kept or row.sha256 in self.sha256s

    def grade(self, grade: Callable[[NewImage], Graded], write: Write) -> None:
        """Grade every image that is not published, and publish each as soon as it is graded.

        An image that another job is about is tried again at the end. One that cannot be read is published with its
        reason, if any image can be read.

        Raises:
            DataError: None can be read; the message names the first.
            Fenced: Another job has claimed an image twice.
        """
        waiting, late, read = list(self.images), list[NewImage](), False
        bad: dict[NewImage, str] = {}
        with progress("images", len(self.images), "images") as advance:
            while waiting:
                image = waiting.pop(0)
                try:
                    error = self._publish(image, grade, write, bad_too=read)
                except Fenced as fenced:
                    if image in late:
                        raise
                    log.info(f"{fenced}; it is looked at again at the end")
                    late.append(image)
                    waiting.append(image)
                    continue
                if error is None:
                    read = True
                    waiting += bad  # they have their row now
                    bad = {}
                elif not read:
                    bad[image] = error
                    continue
                advance(1)
        if bad:
            others = f"; and {len(bad) - 1:,} others" if len(bad) > 1 else ""
            raise DataError(next(iter(bad.values())) + others)

    def _publish(
        self, image: NewImage, grade: Callable[[NewImage], Graded], write: Write, *, bad_too: bool
    ) -> str | None:
        """Publish the grade of an image; return the reason if it cannot be read."""
        self._check_one_model()
        one = replace(self.job, spec=self.job.spec.for_one_image(), started=monotonic())
        try:
            with one.publish(KIND, inputs=[self.evaluation], raw=image.inputs(), part=image.sha256) as draft:
                graded = grade(image)
                if graded.error is not None and not bad_too:
                    raise _UnreadableError(graded.error)
                draft.raw_digests[image.file.path] = image.sha256
                write(draft, graded)
        except UpToDate as done:
            log.info(str(done))
            return self._reason_of(image)
        except _UnreadableError as error:
            return str(error)
        return graded.error

    def _reason_of(self, image: NewImage) -> str | None:
        """Return why a published image could not be read, or None if it could."""
        folder = f"{KIND}/{self.job.spec.name}/{image.sha256}"
        manifest = read_manifest(self.job.home, folder)
        if manifest is None:
            return None
        [row] = map(GradedImage.from_csv, Artefact(self.job.home, folder, manifest).read_csv("images.csv"))
        return row.reason if row.width_px is None else None

    def _settle_earlier(self, images: NewImages) -> bool:
        """Return True if an artefact of version 0.1, one for all images, is up to date; it is kept as it is."""
        job, spec = self.job, self.job.spec
        inputs = (self.evaluation.as_input(),)
        whole, single = Work(spec, inputs, images.inputs()), Work(spec.for_one_image(), inputs, RawInputs())
        for artefact in read_predictions(job.home, spec.name):
            of_all = artefact.folder == f"{KIND}/{spec.name}"
            manifest = artefact.manifest
            difference = whole.difference(manifest) if of_all else _model_differs(single, manifest)
            if of_all and not difference and keeps_revision(artefact.url, manifest, spec, replace=job.replace):
                return True
            self._refuse(artefact, difference)
            if of_all or difference is not None:
                _remove(artefact)
        return False

    def _check_one_model(self) -> None:
        """Raise NameTaken if another job has meanwhile published grades of another model, or by other rules."""
        single = Work(self.job.spec.for_one_image(), (self.evaluation.as_input(),), RawInputs())
        for artefact in read_predictions(self.job.home, self.job.spec.name, most=1):
            self._refuse(artefact, _model_differs(single, artefact.manifest))

    def _refuse(self, artefact: Artefact, difference: str | None) -> None:
        """Raise NameTaken if an artefact differs and must not be replaced."""
        if difference is not None and not self.job.replace:
            raise NameTaken(
                f"{self.job.source}: {artefact.folder} in {self.job.home.url} is taken: {difference}; choose another "
                "name, or --replace it"
            )

    def _named(self, images: NewImages) -> list[NewImage]:
        """Return the images with their digests, each file once; one whose version in a bucket is recorded is not read.

        A time is no version: two files of one name, size and time may lie in two folders.
        """
        recorded = {
            record.sha256: record
            for artefact in read_predictions(self.job.home, self.job.spec.name)
            for record in artefact.manifest.raw
        }
        by_stamp = {
            (record.path, record.size, record.stamp): record.sha256
            for record in recorded.values()
            if record.stamp.startswith(VERSIONS)
        }
        named: dict[str, NewImage] = {}
        for path, file in images.files.items():
            try:
                sha256 = by_stamp.get((path, file.size, file.stamp)) or images.folder.sha256(path)
            except DataError as error:  # a FIFO
                images.bad[path] = str(error)
                continue
            if sha256 in named:
                log.info(f"{path} is the same file as {named[sha256].path}: it is graded once")
                continue
            named[sha256] = NewImage(path, _as_recorded(file, recorded.get(sha256)), sha256, images)
        for reason in images.bad.values():
            log.warning(f"left out: {reason}")
        if images.bad and not named:
            raise DataError(*images.bad.values())
        return list(named.values())


class _UnreadableError(Exception):
    """An image that cannot be read, before any that can."""


def _as_recorded(file: RawFile, record: RawInput | None) -> RawFile:
    """Return the file under the path that its artefact knows it by: a copy elsewhere is the same image."""
    return file if record is None else RawFile(record.path, record.size, record.stamp)


def _model_differs(ours: Work, theirs: Manifest) -> str | None:
    return ours.difference(theirs.model_copy(update={"raw": ()}))


def _remove(artefact: Artefact) -> None:
    artefact.store.delete(f"{artefact.folder}/{MANIFEST}")  # first: half an artefact is none
    for path in artefact.manifest.files:
        artefact.store.delete(f"{artefact.folder}/{path}")
