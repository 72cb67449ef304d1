"""The images that a spec names: listed, labelled, and the folder that they are read from."""

from __future__ import annotations

from neurograde.errors import DataError
from neurograde.imaging.listed import sort_files
from neurograde.imaging.sources import LabelledImages, label_images
from neurograde.maths.patch_grid import Margins
from neurograde.specs.patch import GridSpec
from neurograde.storage.artefact import Artefact
from neurograde.storage.raw import Files, RawFile, RawFolder, read_url


def read_table(url: str) -> bytes:
    """Return the bytes of a table that the spec names; DataError if it is not there."""
    try:
        return read_url(url)
    except FileNotFoundError:
        raise DataError(f"{url}: no such table") from None


def is_in_set(table: str | None, artefact: Artefact | None) -> bool:
    """Return True for a table of an image set, named by its path there: such a table needs no record."""
    return artefact is not None and table in artefact.manifest.files


def find_images(spec: GridSpec, artefact: Artefact | None) -> tuple[LabelledImages, dict[str, RawFile], Files]:
    """Return the images of a folder, or of an artefact of `synthesise`, labelled; their files; where to read them."""
    files: dict[str, RawFile] = {}
    folder: Files
    if artefact is not None:
        folder, paths = artefact, list(artefact.manifest.files)
    else:
        folder = raw = RawFolder(str(spec.source.url))
        files = {file.path: file for file in raw.list()}
        paths = list(files)
    url = spec.source.table
    if url is None:
        table = None
    else:
        table = artefact.read(url) if artefact is not None and is_in_set(url, artefact) else read_table(url)
    labelled = label_images(sort_files(paths), spec.source, table, Margins(**spec.margins_px.model_dump()))
    return labelled, files, folder
