"""Specs of a `study.yaml`: named `study.yaml#train-leak-0`, found by that name, mistakes reported with their line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from neurograde.errors import SpecError, UsageError
from neurograde.runtime import strict_yaml
from neurograde.specs.composition import ComposedSpec, CompositionError, KeyPath, compose
from neurograde.storage.raw import read_url

STUDY = "study.yaml"
MARK = "#"


def split_source(source: str) -> tuple[str, str | None]:
    """Return the file of a spec, and the label of the spec in it where the file is a study.

    >>> split_source("specs/leak/study.yaml#train-leak-0")
    ('specs/leak/study.yaml', 'train-leak-0')
    >>> split_source("specs/demo/train.yaml")
    ('specs/demo/train.yaml', None)
    """
    url, mark, label = source.rpartition(MARK)
    return (url, label) if mark and is_study(url) else (source, None)


def is_study(url: str) -> bool:
    """Return True if the file has the name of a study."""
    return url.replace("\\", "/").rpartition("/")[2] == STUDY


def composed(url: str, data: Mapping[str, Any]) -> dict[str, ComposedSpec]:
    """Return the specs of the study `data`, read from `url`, by label.

    Raises:
        SpecError: The study breaks the grammar: file, line, section, field of each mistake.
    """
    try:
        return {spec.label: spec for spec in compose(data)}
    except CompositionError as error:
        root = _root(read_url(url))
        lines = (f"{url}:{_line(root, path)}: {path[0]}: {message}" for path, message in error.mistakes)
        raise SpecError(*lines) from None


def chosen(source: str, data: Mapping[str, Any], jobs: Sequence[str] = ()) -> tuple[str, ComposedSpec]:
    """Return the spec that `source` names and its full source; without a label, the only one of `jobs`.

    Raises:
        UsageError: None fits, or several do; with the names to choose from.
        SpecError: The study breaks the grammar.
    """
    url, label = split_source(source)
    specs = composed(url, data)
    fitting = [spec for spec in specs.values() if not jobs or spec.data["job"] in jobs]
    if label is None:
        if len(fitting) != 1:
            raise _choice(f"{url} has {len(fitting)} specs{_of(jobs)}", url, fitting)
        return f"{url}{MARK}{fitting[0].label}", fitting[0]
    for spec in specs.values():
        if label in (spec.label, spec.long_label):
            return source, spec
    raise _choice(f"{url} has no spec {label!r}", url, fitting)


def located(source: str, field: Sequence[str | int]) -> str:
    """Return the place of a mistake: the source, with the line of `field` where the source is a spec of a study."""
    url, label = split_source(source)
    if label is None:
        return source
    text = read_url(url)
    _, spec = chosen(source, strict_yaml.parse(text))
    path = (*spec.paths.get(str(field[0]), spec.section), *field[1:]) if field else spec.section
    return f"{url}:{_line(_root(text), path)}: {label}"


def _choice(why: str, url: str, specs: Sequence[ComposedSpec]) -> UsageError:
    names = ", ".join(f"{url}{MARK}{spec.label}" for spec in specs)
    return UsageError(f"{why}; choose one: {names}" if names else why)


def _of(jobs: Sequence[str]) -> str:
    return f" of {' or '.join(jobs)}" if jobs else ""


def _root(text: bytes | str) -> yaml.Node | None:
    return yaml.compose(text, yaml.SafeLoader)


def _line(root: yaml.Node | None, path: KeyPath) -> int:
    """Return the line of a path in the file, or of the deepest part of it that the file has; from 1."""
    node, line = root, 1
    for part in path:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line
