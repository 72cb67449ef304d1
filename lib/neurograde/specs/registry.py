"""Registers of things that specs name, one file of a folder per thing: to add one is to add its file."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """Entries by kind, which the modules of a package register when they are imported."""

    def __init__(self, package: str) -> None:
        """Begin a register for the modules of `package`."""
        self.package = package
        self._entries: dict[str, T] = {}
        self._is_complete = False

    def register(self, kind: str) -> Callable[[T], T]:
        """Return a decorator that registers what it is put on as `kind`."""

        def enter(entry: T) -> T:
            if kind in self._entries:
                raise ValueError(f"{self.package}: {kind!r} is registered twice")
            self._entries[kind] = entry
            return entry

        return enter

    def entries(self) -> dict[str, T]:
        """Return all entries, after importing the modules of the package; a leading underscore leaves one out."""
        if not self._is_complete:
            modules = pkgutil.iter_modules(importlib.import_module(self.package).__path__)
            for name in (module.name for module in modules if not module.name.startswith("_")):
                importlib.import_module(f"{self.package}.{name}")
            self._is_complete = True
        return self._entries

    def __getitem__(self, kind: str) -> T:
        return self.entries()[kind]
