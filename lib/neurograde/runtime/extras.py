"""Check of the extras that a job needs, before it reads anything."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from neurograde.errors import SpecError
from neurograde.specs.extras import EXTRAS, how_to_install


def missing(extras: Sequence[str]) -> dict[str, list[str]]:
    """Return the modules of `extras` that are not installed, by extra; an extra that is whole is left out."""
    modules = {extra: [module for module in EXTRAS[extra] if find_spec(module) is None] for extra in extras}
    return {extra: names for extra, names in modules.items() if names}


def require(user: str, extras: Sequence[str]) -> None:
    """Raise SpecError if a module of `extras` is not installed; it names `user`, the modules and the command."""
    if lacking := missing(extras):
        modules = ", ".join(module for names in lacking.values() for module in names)
        raise SpecError(f"{user} needs {modules}: {how_to_install(*lacking)}")


def missing_extra(user: str, error: ImportError) -> SpecError | None:
    """Return the error for a module of an extra that could not be imported; None if it belongs to no extra."""
    module = (error.name or "").partition(".")[0]
    extras = [extra for extra, modules in EXTRAS.items() if module in modules]
    return SpecError(f"{user} needs {module}: {how_to_install(*extras)}") if extras else None
