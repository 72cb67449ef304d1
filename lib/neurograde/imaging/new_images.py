"""New images, whose class is unknown: one file, or all of a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from neurograde.errors import DataError
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

    def inputs(self) -> RawInputs:
        """Return the images as a job's inputs from outside."""
        return RawInputs(self.files, self.folder.read, self.folder.sha256)


def new_images(url: str) -> NewImages:
    """Return the image at `url`, or the images of the folder there.

    Raises:
        DataError: No image is there.
    """
    if PurePosixPath(url).suffix.lower() in IMAGE_SUFFIXES:
        try:
            file = stat_url(url)
        except FileNotFoundError:
            raise DataError(f"images: {url}: no such image") from None
        return NewImages({file.path: file}, LoneFile(url))
    folder = RawFolder(url)
    listed = folder.list()
    images = {file.path: file for file in listed if PurePosixPath(file.path).suffix.lower() in IMAGE_SUFFIXES}
    if not images:
        raise DataError(f"images: {url}: no image among {len(listed)} files; accepted: {', '.join(IMAGE_SUFFIXES)}")
    if len(images) < len(listed):
        log.info(f"files left out because they are no images: {len(listed) - len(images):,}")
    return NewImages(images, folder)
