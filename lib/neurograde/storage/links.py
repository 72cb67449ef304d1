"""Symbolic links in a folder on this machine: those to folders are followed, dangling ones refused by name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from neurograde.errors import DataError


def linked_files(root: Path) -> Iterator[Path]:
    """Yield the files that are reached through symbolic links to folders, by their paths under `root`.

    A link to a folder that it is in is not followed: it leads to nothing new. Hidden folders and links are left out.

    Raises:
        DataError: A link leads nowhere.
    """
    yield from _below(root, frozenset({root.resolve()}), through_link=False)


def _below(folder: Path, above: frozenset[Path], *, through_link: bool) -> Iterator[Path]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = Path(entry.path)
        if entry.name.startswith("."):
            continue
        if entry.is_symlink() and not path.exists():
            raise DataError(f"{path}: a symbolic link to {path.readlink()}, which is not there; accepted: whole links")
        if entry.is_dir():
            real = path.resolve()
            if real not in above:
                yield from _below(path, above | {real}, through_link=through_link or entry.is_symlink())
        elif through_link:
            yield path
