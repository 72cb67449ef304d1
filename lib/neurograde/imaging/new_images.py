"""New images, whose class is unknown: one file, or all of a folder."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from neurograde.errors import DataError
from neurograde.imaging.listed import others_in_words, sort_files
from neurograde.runtime.log import log
from neurograde.specs.patch import IMAGE_SUFFIXES
from neurograde.storage.raw import Files, LoneFile, RawFile, RawFolder, RawInputs, stat_url


@dataclass(frozen=True)
class NewImages:
    """The images to predict."""

    files: dict[str, RawFile]
    """Files by their path in the folder."""
    folder: Files
    """The folder of the images."""
    bad: dict[str, str] = field(default_factory=dict)
    """Images that are left out, for their name for example, by path as it can be shown, with the reason."""

    def inputs(self) -> RawInputs:
        """Return the images as a job's inputs from outside."""
        return RawInputs(self.files, self.folder.read, self.folder.sha256)


def new_images(url: str) -> NewImages:
    """Return the image at `url`, or the images of the folder there; a folder may be called case.svs.

    Raises:
        DataError: No image is there.
    """
    like_an_image = PurePosixPath(url).suffix.lower() in IMAGE_SUFFIXES
    if like_an_image:
        with suppress(FileNotFoundError):
            file = stat_url(url)
            bad = sort_files([file.path]).bad
            return NewImages({} if bad else {file.path: file}, LoneFile(url), bad)
    folder = RawFolder(url)
    try:
        files = {file.path: file for file in folder.list()}
    except DataError as error:
        raise DataError(f"images: {f'{url}: no such image: ' if like_an_image else ''}{error}") from None
    listed = sort_files(files)
    if not listed.images and not listed.bad:
        raise DataError(f"images: {url}: there is no image: {others_in_words(listed.others)}")
    if listed.others:
        log.info(others_in_words(listed.others))
    return NewImages({path: files[path] for path in listed.images}, folder, listed.bad)
