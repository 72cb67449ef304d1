"""The parts of the READMEs that follow from the code: `python -m tests.repo.readme` writes them between their markers.

specs/README.md   <!-- begin specs -->  ...  <!-- end specs -->      the spec tables, from the models
k8s/README.md     <!-- begin exits -->  ...  <!-- end exits -->      the exit codes, from the error tree
lib/neurograde/storage/README.md    <!-- begin layout -->  ...       the files of a store, from the cards of the jobs
lib/neurograde/notebook/README.md   <!-- begin columns -->  ...      the columns of its tables, from their rows
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from neurograde import errors
from neurograde.specs.base import JobSpec
from neurograde.specs.catalogue import JOBS
from tests.repo.row_columns import columns
from tests.repo.store_layout import layout

ROOT = Path(__file__).parents[2]
ALLOWED = {"ge": "≥ {}", "gt": "> {}", "le": "≤ {}", "lt": "< {}"}


def specs() -> str:
    """A table for each job's spec, nested models below the field that holds them."""
    parts = [
        "Every spec has these; `extends: common.yaml` takes what a spec does not say from a file beside it.\n",
        table([row for row in rows(JobSpec) if not row[0].startswith("`job`")]),
    ]
    for entry in JOBS:
        if entry.is_ahead:
            continue
        own = [row for row in rows(entry.spec) if row[0].strip("`") not in JobSpec.model_fields]
        parts += [
            f"\n<details><summary><b>{entry.name}</b>: {first_line(entry.spec)}</summary>\n",
            table(own),
            "\n</details>",
        ]
    return "\n".join(parts)


def exits() -> str:
    """The exit codes, in their order."""
    lines = ["| code | name | when |", "|---|---|---|", "| 0 | done | the work is done, now or before |"]
    tree = [each for each in vars(errors).values() if isinstance(each, type) and each.__module__ == errors.__name__]
    found = sorted(tree, key=lambda each: each.exit_code)
    return "\n".join([*lines, *(f"| {each.exit_code} | `{each.__name__}` | {first_line(each)} |" for each in found)])


def rows(model: type[BaseModel], prefix: str = "") -> list[tuple[str, str, str]]:
    """Key path, what is accepted, and description of every field, nested ones after the one that holds them."""
    found: dict[str, tuple[str, str]] = {}
    for name, field in model.model_fields.items():
        path = f"{prefix}{name}"
        found[f"`{path}`"] = (accepted(field), " ".join((field.description or "").split()))
        for nested in nested_models(field.annotation):
            for inner, words, meaning in rows(nested, f"{path}."):
                # A field of that name may stand in several models, which `kind` tells apart.
                before, _ = found.get(inner, (words, meaning))
                either = before if words in before else f"{before.removesuffix(', **required**')} or {words}"
                found[inner] = (either, meaning)
    return [(path, *words) for path, words in found.items()]


def accepted(field: FieldInfo) -> str:
    """Type, bounds and default in words."""
    bounds = [
        ALLOWED[key].format(getattr(each, key)) for each in field.metadata for key in ALLOWED if hasattr(each, key)
    ]
    default = field.get_default(call_default_factory=True)
    required = field.is_required() or default is PydanticUndefined
    tail = "**required**" if required else f"default {worded(default)}"
    return ", ".join([kind(field.annotation), *bounds, tail])


def kind(annotation: Any) -> str:
    """A type as a reader of YAML knows it."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin is tuple:
        return f"list of {kind(arguments[0])}" if arguments[-1] is ... else f"{len(arguments)} x {kind(arguments[0])}"
    if origin is not None and hasattr(annotation, "__metadata__"):
        return kind(arguments[0])
    if arguments:
        return " or ".join(dict.fromkeys(kind(each) for each in arguments if each is not type(None)))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "mapping"
    names = {"str": "text", "int": "whole number", "float": "number", "bool": "yes/no", "Fraction": "share"}
    return names.get(getattr(annotation, "__name__", ""), str(annotation))


def worded(value: Any) -> str:
    """A default as YAML would have it."""
    if value is None:
        return "none"
    if isinstance(value, BaseModel):
        return "as below"
    if isinstance(value, tuple):
        return "`[" + ", ".join(str(each) for each in value) + "]`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def nested_models(annotation: Any) -> list[type[BaseModel]]:
    """The models inside a field's type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for each in get_args(annotation) for model in nested_models(each)]


def table(found: list[tuple[str, str, str]]) -> str:
    """Rows as a Markdown table."""
    cells = [tuple(cell.replace("|", "\\|") for cell in row) for row in found]
    return "\n".join(["| field | accepted | meaning |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in cells)])


def first_line(thing: type) -> str:
    """The first sentence of a docstring."""
    return (thing.__doc__ or "").strip().splitlines()[0]


GENERATED: dict[str, tuple[str, Callable[[], str]]] = {
    "specs/README.md": ("specs", specs),
    "k8s/README.md": ("exits", exits),
    "lib/neurograde/storage/README.md": ("layout", layout),
    "lib/neurograde/notebook/README.md": ("columns", columns),
}
"""The name and the maker of the generated part of each README that has one."""


def rendered(text: str, name: str, content: str) -> str:
    """Return the text with `content` between the markers of `name`.

    Raises:
        ValueError: the text does not have exactly one such part.
    """
    pattern = rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)"
    text, count = re.subn(pattern, lambda match: f"{match[1]}{content}\n{match[2]}", text, flags=re.DOTALL)
    if count != 1:
        raise ValueError(f"the text has {count} parts between the markers of {name!r}; it needs one")
    return text


def main() -> None:
    """Write the generated parts of all READMEs."""
    for path, (name, make) in GENERATED.items():
        file = ROOT / path
        file.write_text(rendered(file.read_text(), name, make()))
        sys.stdout.write(f"{path} is up to date\n")


if __name__ == "__main__":
    main()
