"""The outcome of a patch job: its artefact, or the error that refused it."""

from __future__ import annotations

from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.store import Store


def opened(url: str, folder: str = "patches/demo") -> Artefact:
    manifest = read_manifest(Store(url), folder)
    assert manifest is not None
    return Artefact(Store(url), folder, manifest)


def refused(result, memory_url: str, *words: str) -> None:
    """The job ended with 65, in one line that has all the words, and left nothing."""
    code, lines = result
    assert code == 65
    errors = [line for line in lines if line["level"] == "error"]
    assert len(errors) == 1
    assert "traceback" not in errors[0]
    for word in words:
        assert word in errors[0]["event"]
    assert Store(memory_url).list("patches") == {}
