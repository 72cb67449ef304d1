"""Sources of an audit, by what they are: lists, folders of lists, folders of images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neurograde.audit.folders import read_folders
from neurograde.audit.lists import LIST_SUFFIXES, Columns, Fold, read_list
from neurograde.errors import DataError, MissingUpstream, UsageError
from neurograde.maths.digest import sha256_hex
from neurograde.maths.subsets import SUBSETS
from neurograde.storage.backends.local import check_regular


def read_sources(paths: Sequence[Path], columns: Columns) -> tuple[list[Fold], dict[str, str]]:
    """Return the folds of all sources, and the sha256 of each list that was read.

    A list that names subsets itself is a fold, or several. Lists of names alone, whose file or folder names their
    subset, make one fold together: those of one folder, or all that are given as files.

    Raises:
        MissingUpstream: a source does not exist.
        DataError: a source cannot be read or names no subset, or two folds have one name.
    """
    folds: list[Fold] = []
    loose: list[Fold] = []
    digests: dict[str, str] = {}
    for path in paths:
        if not path.exists():
            raise MissingUpstream(f"{path}: there is no such file or folder")
        if path.is_dir():
            folds += _folder(path, columns, digests)
        else:
            check_regular(str(path), str(path))
            digests[str(path)] = sha256_hex(path.read_bytes())
            for fold in read_list(path, columns):
                (folds if fold.name else loose).append(fold)
    if loose:
        folds.append(_together(loose, paths[0].parent.name or "split"))
    names = [fold.name for fold in folds]
    return [
        fold if names.count(fold.name) == 1 else Fold(f"{number}: {fold.name}", fold.items)
        for number, fold in enumerate(folds, start=1)
    ], digests


def _folder(root: Path, columns: Columns, digests: dict[str, str]) -> list[Fold]:
    """Return the folds of a folder: its images, or its lists."""
    if images := read_folders(root, columns.subsets):
        return [images]
    files = [path for path in sorted(root.rglob("*")) if path.suffix.lower() in LIST_SUFFIXES and path.is_file()]
    if not files:
        raise DataError(
            f"{root}: no images below folders train, valid or test, and no lists; accepted: "
            f"{', '.join(LIST_SUFFIXES)}, --as NAME=SUBSET for folders of other names"
        )
    folds: list[Fold] = []
    loose: list[Fold] = []
    for path in files:
        digests[str(path)] = sha256_hex(path.read_bytes())
        for fold in read_list(path, columns, within=root):
            (folds if fold.name else loose).append(fold)
    return [*folds, *([_together(loose, root.name)] if loose else [])]


def _together(folds: Sequence[Fold], name: str) -> Fold:
    """Return one fold of several lists."""
    return Fold(name, tuple(item for fold in folds for item in fold.items))


def subset_names(pairs: Sequence[str]) -> dict[str, str]:
    """Return the subset of each name that the user maps, such as `valcl=valid`; UsageError for anything else."""
    names = {}
    for pair in pairs:
        name, equals, subset = pair.partition("=")
        if not (name and equals and subset in SUBSETS):
            raise UsageError(f"--as {pair!r}: accepted is NAME=SUBSET, the subset one of {', '.join(SUBSETS)}")
        names[name.strip().casefold()] = subset
    return names
