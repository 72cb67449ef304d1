"""Manifests and specs as YAML, in the way in which people write it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

HEAD = "# Rendered by neurograde grid: change the specs, not this file.\n"


def as_text(objects: Sequence[Mapping[str, Any]]) -> str:
    """Return the objects as one file."""
    text: str = yaml.dump_all(objects, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)
    return HEAD + text


def spec_text(spec: Mapping[str, Any]) -> str:
    """Return a spec as a file, its job first."""
    ordered = {"job": spec["job"], **{key: value for key, value in spec.items() if key != "job"}}
    text: str = yaml.safe_dump(ordered, sort_keys=False)
    return text


class _Dumper(yaml.SafeDumper):
    """YAML with indented lists, long texts as blocks, and nothing abbreviated."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002 - PyYAML's signature
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _scalar(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _scalar)
