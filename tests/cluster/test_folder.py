"""The rendered folder: its files as manifests, and what is none named by its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurograde.cluster.folder import quota
from neurograde.cluster.output import checked
from neurograde.errors import UsageError

QUOTA = "kind: ResourceQuota\nmetadata: {name: q}\nspec: {hard: {pods: 7}}\n"


def test_hidden_files_are_no_manifests(tmp_path: Path):
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "quota.yaml").write_text(QUOTA)
    (tmp_path / "base" / "._quota.yaml").write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(40))
    assert quota(tmp_path).pods == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"kind: [\n", "quota.yaml: not valid YAML: line 2, column 1"),
        (b"kind: caf\xe9\n", "quota.yaml: not valid YAML"),
        (b"- a\n", "quota.yaml: not a manifest"),
        (b"kind: ResourceQuota\n", "quota.yaml: not a manifest"),
    ],
)
def test_what_is_no_manifest_is_named_by_its_file(tmp_path: Path, text: bytes, message: str):
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "quota.yaml").write_bytes(text)
    with pytest.raises(UsageError, match=message):
        quota(tmp_path)


def test_findings_of_the_lint_are_listed_one_a_line():
    with pytest.raises(UsageError) as caught:
        checked({"a.yaml": "- a\n", "b.yaml": "- b\n"})
    assert str(caught.value).splitlines() == ["a.yaml: ['a'] is no object", "b.yaml: ['b'] is no object"]
