"""Spec files: YAML from a path or URL, overridden from the command line, validated with every mistake named.

extends: common.yaml     # optional: a file beside this one, whose keys hold where this one has none
job: train
...

A spec of a study has the source `study.yaml#train-leak-0`; see neurograde.specs.composition.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from neurograde.errors import DataError, SpecError, UsageError
from neurograde.runtime import strict_yaml, study_file
from neurograde.runtime.strict_yaml import StrictDumper
from neurograde.specs.base import JobSpec, check_store_url
from neurograde.storage.raw import read_url

SpecT = TypeVar("SpecT", bound=JobSpec)
SHOWN = 80
"""Characters of a bad value that a message repeats."""
MOST_EXTENDED = 20
"""Most files that extend each other, one after the other."""
LONGEST_NAME = 255
"""Most bytes of a file's name on usual disks."""
NUMBER_IN_TWO_READINGS = re.compile(r"[-+]?0[0-9_]+|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
"""Octal and base 60 of YAML 1.1."""
WANTS_TEXT = frozenset({"string_type", "literal_error"})
WANTS_NUMBER = frozenset({"int_type", "float_type", "int_parsing", "float_parsing"})
"""Types of pydantic's errors."""


def load(source: str, overrides: Iterable[str] = (), store: str | None = None) -> dict[str, Any]:
    """Return the fields of the spec `source`, with the files that it extends, overrides and another store.

    Args:
        source: Path or URL of the file; of a study, followed by `#` and the label of a spec.
        overrides: Lines of the form `key.path=value`.
        store: URL of the store, instead of the file's.

    Raises:
        UsageError: The file or the spec of a study does not exist, an override is malformed, or `store` names no store.
        SpecError: The file does not hold a YAML mapping, a study breaks the grammar, or files extend each other.
    """
    return load_from(source, (), overrides, store)[1]


def load_from(
    source: str, jobs: Sequence[str] = (), overrides: Iterable[str] = (), store: str | None = None
) -> tuple[str, dict[str, Any]]:
    """Return the source of a spec and its fields, as `load` does; a study without a label has one spec of `jobs`."""
    url, _ = study_file.split_source(source)
    data = read_yaml(url)
    if study_file.is_study(url):
        source, spec = study_file.chosen(source, data, jobs)
        data = dict(spec.data)
    else:
        data = extended(url, data)
    return source, completed(data, overrides, store)


def completed(data: dict[str, Any], overrides: Iterable[str] = (), store: str | None = None) -> dict[str, Any]:
    """Return the fields of a spec with overrides and another store; the errors are those of `load`."""
    for override in overrides:
        _override(data, override)
    if store is not None:
        data["store"] = check_store_option("--store", store)
    return data


def extended(url: str, data: dict[str, Any], below: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the fields of a file with those of the files that it extends, one after the other."""
    if "extends" not in data:
        return data
    folder, slash, _ = url.rpartition("/")
    base = f"{folder}{slash}{_file_name(data['extends'], url)}"
    if base in (*below, url) or len(below) > MOST_EXTENDED:  # ./ can name a file in any number of ways
        raise SpecError(f"{' extends '.join((*below, url, base))}: files cannot extend each other in a circle")
    try:
        base_data = read_yaml(base)
    except UsageError:
        raise SpecError(f"{' extends '.join((*below, url, base))}, which does not exist") from None
    own = {key: value for key, value in data.items() if key != "extends"}
    return {**extended(base, base_data, (*below, url)), **own}


def located(source: str, field: Sequence[str | int]) -> str:
    """Return the file that gives a spec a field: of a study with the line, of several files that one which has it."""
    if study_file.split_source(source)[1] is not None:
        return study_file.located(source, field)
    url = source
    with suppress(SpecError, UsageError):
        data = read_yaml(url)
        while field and field[0] not in data and "extends" in data:
            folder, slash, _ = url.rpartition("/")
            url = f"{folder}{slash}{data['extends']}"
            data = read_yaml(url)
        if field and field[0] in data and url != source:
            return f"{url}, extended by {source}"
    return source


def check_store_option(option: str, url: str) -> str:
    """Return `url`, given on the command line with `option`; UsageError if it names no store."""
    try:
        return check_store_url(url)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None


def read_yaml(url: str) -> dict[str, Any]:
    """Return the mapping in the YAML file at `url`, safe-loaded."""
    try:
        text = read_url(url)
    except FileNotFoundError:
        raise UsageError(f"{url}: no such spec file") from None
    except DataError as error:
        raise UsageError(str(error)) from None
    try:
        data = strict_yaml.parse(text)
    except ValueError as error:
        raise SpecError(f"{url}: not valid YAML: {error}") from None
    if not isinstance(data, dict):
        raise SpecError(f"{url}: a spec is a mapping of keys to values, not {type(data).__name__}")
    return data


def spec_files(folder: Path) -> list[Path]:
    """Return the YAML files of the folder, by name, without hidden ones: macOS writes `._patch.yaml` on other disks."""
    return sorted(path for path in folder.glob("*.yaml") if not path.name.startswith("."))


def job_of(data: Mapping[str, Any], where: object) -> str | None:
    """Return the job that a spec names, or None; UsageError if it is not text."""
    job = data.get("job")
    if job is not None and not isinstance(job, str):
        raise UsageError(f"{where}: job: {_shown(job)}: not the name of a job")
    return job


def dump(data: Mapping[str, Any]) -> bytes:
    """Return the spec as a YAML file: job, name and store first, then its other keys in their order."""
    first = {key: data[key] for key in ("job", "name", "store") if key in data}
    text: str = yaml.dump({**first, **data}, Dumper=StrictDumper, sort_keys=False, allow_unicode=True, width=120)
    return text.encode()


def validate(model: type[SpecT], data: dict[str, Any], where: str) -> SpecT:
    """Return the spec in `data`; SpecError with a line per mistake: file, key path, value, what is accepted."""
    try:
        return model.parse(data)
    except ValidationError as error:
        mistakes = [(located(where, details["loc"]), details) for details in _own_mistakes(error.errors())]
        raise SpecError(*(f"{where}: {_mistake(model, details)}" for where, details in mistakes)) from None


def _own_mistakes(errors: Iterable[Any]) -> list[dict[str, Any]]:
    """Return the errors without those that only follow: a list is too short after a bad item was removed."""
    mistakes = [dict(error) for error in errors]
    inner = {mistake["loc"][: len(mistake["loc"]) - 1] for mistake in mistakes}
    return [mistake for mistake in mistakes if mistake["type"] != "too_short" or mistake["loc"] not in inner]


def _mistake(model: type[JobSpec], error: dict[str, Any]) -> str:
    # Parts in parentheses are tags of unions that are distinguished by their shape, and not keys of the spec.
    path = ".".join(part for part in map(str, error["loc"]) if not part.startswith("(")) or "the spec"
    reason = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "missing":
        return f"{path}: required, and not given"
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(error["loc"][-1]), _field_names(model.model_json_schema()), 1)
        return f"{path}: unknown key{f'; did you mean {near[0]}?' if near else ''}"
    if isinstance(error["input"], dict):
        return f"{path}: {reason}"
    return f"{path}: {_shown(error['input'])}: {reason}{_hint(error['type'], error['input'])}"


def _hint(kind: str, value: object) -> str:
    """Return how YAML is to be written so that `value` is read as the text, or the number, that is wanted."""
    if kind in WANTS_TEXT and isinstance(value, bool):
        return "; NO, off, true and such words are yes or no in YAML: put it in quotes"
    if kind in WANTS_TEXT and isinstance(value, int | float):
        return f"; put it in quotes: '{value}'"
    if kind == "string_type" and value is None:
        return "; if the word null or ~ is meant, put it in quotes"
    if kind in WANTS_NUMBER and isinstance(value, str) and NUMBER_IN_TWO_READINGS.fullmatch(value):
        return "; some readers of YAML take a leading 0 for octal and a colon for base 60: write a decimal number"
    return ""


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _file_name(value: object, url: str) -> str:
    """Return the value of `extends` in the file at `url`; SpecError if no file can have that name."""
    if not isinstance(value, str) or not value.strip() or len(value.encode()) > LONGEST_NAME:
        raise SpecError(f"{url}: extends: {_shown(value)}: accepted is the name of a file beside this one")
    return value


def _field_names(schema: Any) -> list[str]:
    if isinstance(schema, dict):
        names = list(schema.get("properties", {}))
        return names + [name for part in schema.values() for name in _field_names(part)]
    return []


def _override(data: dict[str, Any], override: str) -> None:
    path, equals, text = override.partition("=")
    if not equals or not path:
        raise UsageError(f"--set {override}: write --set key.path=value")
    try:
        value = strict_yaml.parse(text)
    except ValueError as error:
        raise UsageError(f"--set {override}: {_shown(text)} is not valid YAML: {error}") from None
    target: Any = data
    *parents, last = path.split(".")
    try:
        for part in parents:
            target = target[int(part)] if isinstance(target, list) else target.setdefault(part, {})
        target[int(last) if isinstance(target, list) else last] = value
    except (KeyError, IndexError, ValueError, TypeError, AttributeError):
        raise UsageError(f"--set {override}: there is no place {path!r} in the spec") from None
