"""The fields in which a spec differs from the one that an artefact was made by."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from neurograde.specs.base import JobSpec

MOST_FIELDS = 8
"""Most fields that a message names."""
SHOWN = 60
"""Most characters of a value in a message."""
_ABSENT = object()


def changes(before: Mapping[str, Any], spec: JobSpec) -> str:
    """Return the fields that `spec` gives another value than the spec `before` did, in words; "" without any.

    Fields of placement, which are outside the digest, do not count. A field that an earlier version did not have is
    at its default there.
    """
    try:
        complete: Mapping[str, Any] = type(spec).parse(before).model_dump(mode="json")
    except ValidationError:
        complete = before
    lines = list(_differences("", _counted(complete, spec), _counted(spec.model_dump(mode="json"), spec)))
    more = len(lines) - MOST_FIELDS
    return "; ".join([*lines[:MOST_FIELDS], *([f"and {more} more fields"] if more > 0 else [])])


def _counted(data: Mapping[str, Any], spec: JobSpec) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key not in spec.PLACEMENT}


def _differences(path: str, before: Any, now: Any) -> Iterator[str]:
    """Yield a line per differing field, with its path as in `--set`."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in dict.fromkeys((*now, *before)):
            yield from _differences(f"{path}.{key}" if path else key, before.get(key, _ABSENT), now.get(key, _ABSENT))
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now) and _has_mappings(now):
        for index, (was, item) in enumerate(zip(before, now, strict=True)):
            yield from _differences(f"{path}.{index}", was, item)
    elif before != now:
        yield f"{path} was {_text(before)}, is {_text(now)}"


def _has_mappings(values: list[Any]) -> bool:
    return any(isinstance(value, Mapping) for value in values)


def _text(value: Any) -> str:
    text = "absent" if value is _ABSENT else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
