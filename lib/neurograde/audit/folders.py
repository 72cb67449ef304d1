"""Images of a split: folders train, valid and test into one fold, or the files of a list's names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from neurograde.audit.lists import Fold
from neurograde.audit.roles import subset_of
from neurograde.errors import DataError
from neurograde.maths.both_sides import Item
from neurograde.specs.patch import IMAGE_SUFFIXES
from neurograde.storage.raw import is_hidden


def read_folders(root: Path, subsets: Mapping[str, str]) -> Fold | None:
    """Return the images below folders that name a subset, or None if there are none.

    Two files of one name are two items: a name such as `1.png` identifies nothing, the pixels do.
    """
    items = []
    for path in sorted(root.rglob("*")):
        inner = path.relative_to(root).parts
        if path.suffix.lower() not in IMAGE_SUFFIXES or is_hidden(path.relative_to(root).as_posix()):
            continue
        depth = next((n for n, part in enumerate(inner[:-1]) if subset_of(part, subsets)), None)
        if depth is None or not path.is_file():
            continue
        subset = subset_of(inner[depth], subsets)
        label = inner[depth + 1] if len(inner) > depth + 2 else None
        assert subset is not None, "the folder was chosen for its subset"
        items.append(Item("/".join(inner), subset, label=label, path=str(path)))
    return Fold(root.name, tuple(items)) if items else None


def with_files(fold: Fold, root: Path) -> Fold:
    """Return the fold with the image file of each item below `root`: its path there, or its name with any suffix.

    Raises:
        DataError: no item has a file, or two files have one item's name.
    """
    by_name: dict[str, list[Path]] = {}
    for path in sorted(root.rglob("*")):
        inner = path.relative_to(root)
        if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file() and not is_hidden(inner.as_posix()):
            for name in {inner.as_posix(), inner.with_suffix("").as_posix(), path.name, path.stem}:
                by_name.setdefault(name, []).append(path)
    items = []
    for item in fold.items:
        paths = by_name.get(item.name, [])
        if len(paths) > 1:
            raise DataError(
                f"--images {root}: {item.name!r} may be {paths[0]} or {paths[1]}; accepted: one file a name"
            )
        items.append(replace(item, path=str(paths[0])) if paths else item)
    if not any(item.path for item in items):
        raise DataError(f"--images {root}: no file for any of the {len(items):,} items of {fold.name}")
    return Fold(fold.name, tuple(items))
