"""A split that a spec names by URL: its list or its folders, as names in subsets, and as an input of the artefact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from neurograde.audit.lists import LIST_SUFFIXES, Columns, read_list
from neurograde.audit.roles import subset_of
from neurograde.errors import DataError
from neurograde.maths.digest import sha256_hex
from neurograde.specs.partition import ForeignSplit
from neurograde.specs.patch import IMAGE_SUFFIXES
from neurograde.storage.raw import RawFolder, RawInputs, read_url, stat_url


@dataclass(frozen=True)
class GivenSplit:
    """Names and their subsets, and the files that they were read from."""

    names: tuple[tuple[str, str], ...]
    raw: RawInputs

    @classmethod
    def read(cls, split: ForeignSplit) -> GivenSplit:
        """Read the list or the folders at the spec's URL.

        Raises:
            DataError: nothing is there, it cannot be read, names no subset, or holds several folds.
        """
        if PurePosixPath(split.url).suffix.lower() in LIST_SUFFIXES:
            return _from_list(split)
        return _from_folders(split)


def _from_list(split: ForeignSplit) -> GivenSplit:
    url = split.url
    try:
        data, stat = read_url(url), stat_url(url)
    except FileNotFoundError:
        raise DataError(f"split.url: {url}: no such list") from None
    with TemporaryDirectory() as folder:
        path = Path(folder) / PurePosixPath(url).name
        path.write_bytes(data)
        try:
            folds = read_list(path, Columns(split.item, split.subset, subsets=_folded(split.subsets)))
        except DataError as error:
            raise DataError(str(error).replace(str(path), url)) from None
    if len(folds) != 1:
        shown = ", ".join(fold.name for fold in folds[:3])
        raise DataError(f"split.url: {url} holds {len(folds)} folds ({shown}, ...); accepted: a list of one")
    names = tuple((item.name, item.subset) for item in folds[0].items)
    return GivenSplit(names, RawInputs({url: stat}, lambda _: data, lambda _: sha256_hex(data)))


def _from_folders(split: ForeignSplit) -> GivenSplit:
    folder = RawFolder(split.url)
    names, files = [], {}
    for file in folder.list():
        parts = PurePosixPath(file.path).parts
        depth = next((n for n, part in enumerate(parts[:-1]) if subset_of(part, _folded(split.subsets))), None)
        if depth is not None and PurePosixPath(file.path).suffix.lower() in IMAGE_SUFFIXES:
            subset = subset_of(parts[depth], _folded(split.subsets))
            assert subset is not None, "the folder was chosen for its subset"
            names.append(("/".join(parts[depth + 1 :]), subset))
            files[file.path] = file
    if not names:
        raise DataError(
            f"split.url: {split.url}: no images below folders train, valid or test; accepted: such folders, or a list "
            f"({', '.join(LIST_SUFFIXES)})"
        )
    return GivenSplit(tuple(names), RawInputs(files, folder.read, folder.sha256))


def _folded(subsets: Mapping[str, str]) -> dict[str, str]:
    return {name.strip().casefold(): subset for name, subset in subsets.items()}
