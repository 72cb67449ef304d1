"""Spec files: YAML from a path or URL, overridden from the command line, validated with every mistake named.

extends: common.yaml     # optional: a file beside this one, whose keys hold where this one has none
job: train
...
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from neurograde.errors import SpecError, UsageError
from neurograde.specs.base import JobSpec, check_store_url
from neurograde.storage.raw import read_url

SpecT = TypeVar("SpecT", bound=JobSpec)
SHOWN = 80  # characters of a bad value that a message repeats


class StrictDumper(yaml.SafeDumper):
    """A writer of YAML that `StrictLoader` reads back unchanged: a name like 1e-3 is quoted."""


class StrictLoader(yaml.SafeLoader):
    """A reader of YAML as people mean it: 1e-3 is a number, and a key given twice is a mistake."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        """Return the mapping of `node`; ConstructorError for a key that it gives twice."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


# YAML 1.1 requires a dot in a float, so PyYAML reads 1e-3 as text.
for _class in (StrictLoader, StrictDumper):
    _class.add_implicit_resolver(
        "tag:yaml.org,2002:float",
        re.compile(r"^[-+]?(\d[\d_]*)(\.\d*)?[eE][-+]?\d+$"),
        list("-+0123456789"),
    )


def load(url: str, overrides: Iterable[str] = (), store: str | None = None) -> dict[str, Any]:
    """Return the mapping in the YAML at `url`, with the file that it extends, overrides and another store.

    Args:
        url: Path or URL of the file.
        overrides: Lines of the form `key.path=value`.
        store: URL of the store, instead of the file's.

    Raises:
        UsageError: The file does not exist, an override is malformed, or `store` names no store.
        SpecError: The file does not hold a YAML mapping.
    """
    data = read_yaml(url)
    if "extends" in data:
        folder, slash, _ = url.rpartition("/")
        data = {**read_yaml(f"{folder}{slash}{data.pop('extends')}"), **data}
    for override in overrides:
        _override(data, override)
    if store is not None:
        data["store"] = check_store_option("--store", store)
    return data


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
    except (FileNotFoundError, IsADirectoryError):
        raise UsageError(f"{url}: no such spec file") from None
    try:
        data = yaml.load(text, StrictLoader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SpecError(f"{url}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(data, dict):
        raise SpecError(f"{url}: a spec is a mapping of keys to values, not {type(data).__name__}")
    return data


def sibling_spec(source: str, job: str, name: str) -> str | None:
    """Return the path of the spec beside `source` by which `job` makes `name`, or None if this disk has none."""
    folder = Path(source).parent
    for path in sorted(folder.glob("*.yaml")) if Path(source).is_file() else []:
        data = read_yaml(str(path))
        if (data.get("job"), data.get("name")) == (job, name):
            return str(path)
    return None


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
        mistakes = [_mistake(model, details) for details in _own_mistakes(error.errors())]
        raise SpecError("\n".join(f"{where}: {mistake}" for mistake in mistakes)) from None


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
    value = repr(error["input"])
    return f"{path}: {value if len(value) <= SHOWN else value[:SHOWN] + '…'}: {reason}"


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
        value = yaml.load(text, StrictLoader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError:
        raise UsageError(f"--set {override}: {text!r} is not valid YAML") from None
    target: Any = data
    *parents, last = path.split(".")
    try:
        for part in parents:
            target = target[int(part)] if isinstance(target, list) else target.setdefault(part, {})
        target[int(last) if isinstance(target, list) else last] = value
    except (KeyError, IndexError, ValueError, TypeError, AttributeError):
        raise UsageError(f"--set {override}: there is no place {path!r} in the spec") from None
