"""The provenance: the digest of every artefact, its machine, and the commands that make it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neurograde.reports.blocks import Block, Commands, Heading, Notes, Paragraph, Section, Table, Tables
from neurograde.reports.chain import Chain, unique
from neurograde.reports.numbers import NOTHING, plural, prose_list
from neurograde.reports.tables import Column, table
from neurograde.runtime import invocation, specfile
from neurograde.specs.records import Manifest
from neurograde.storage.artefact import Artefact


def provenance(
    chains: Sequence[Chain], baselines: Sequence[Artefact] = (), spec: Mapping[str, Any] | None = None
) -> Section:
    """Return every artefact behind the page, in the order in which it was made; `spec` is the page's own."""
    artefacts = unique([*(artefact for chain in chains for artefact in chain.artefacts()), *baselines])
    lead = (
        "A digest covers an artefact's spec, its files and the digests of what it was made from, so these lines hold "
        "together from image to figure. Click one to select the whole of it."
    )
    again = (
        "The specs lie beside this page as they were run, every default written out, with the store by its full "
        "address. Where neurograde is installed (in a clone: . .venv/bin/activate), in any folder that has a copy of "
        "specs/, with the digests above to compare with:"
    )
    specs = _specs(artefacts, spec)
    commands = Commands(
        lines=tuple(invocation.kept(values["job"], path) for path, values in specs.items()),
        files=tuple((path, specfile.dump(values)) for path, values in specs.items()),
    )
    blocks: list[Block] = [Tables((_table(artefacts), _machines(artefacts))), Heading("To make it again")]
    blocks += [Paragraph(again), commands]
    if relative := _relative_paths(specs):
        note = f"Relative paths begin in the folder where the jobs ran, so run these there: {relative}."
        blocks.append(Notes((note,)))
    return Section("provenance", "Provenance", lead, tuple(blocks))


def _table(artefacts: Sequence[Artefact]) -> Table:
    columns = (
        Column("artefact", "artefact", kind="text"),
        Column("digest", "digest", kind="digest"),
        Column("spec_digest", "spec", kind="digest"),
    )
    rows = [(artefact.folder, artefact.manifest.digest, artefact.manifest.spec_digest) for artefact in artefacts]
    return table("provenance", "The chain of digests", columns, rows)


def _machines(artefacts: Sequence[Artefact]) -> Table:
    columns = (
        Column("jobs", "jobs", kind="text"),
        Column("machine", "machine", kind="text"),
        Column("software", "software", kind="text"),
    )
    jobs: dict[tuple[str, str], dict[str, None]] = {}
    for artefact in artefacts:
        where = (_machine(artefact.manifest), _software(artefact.manifest))
        jobs.setdefault(where, {})[artefact.manifest.job] = None
    rows = [(", ".join(names), *where) for where, names in jobs.items()]
    return table("machines", "Machines and software", columns, rows)


def _specs(artefacts: Sequence[Artefact], own: Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
    """Return every spec by its path beside the page, in the store where the artefacts are now."""
    specs: dict[str, Mapping[str, Any]] = {}
    for artefact in artefacts:
        manifest = artefact.manifest
        name = manifest.name.partition("/")[0]  # all shards of a grid are made by one command
        specs[f"specs/{manifest.job}-{name}.yaml"] = manifest.spec
    if own is not None:
        specs[f"specs/report-{own['name']}.yaml"] = own
    return {path: {**spec, "store": artefacts[0].store.absolute_url} for path, spec in specs.items()}


def _relative_paths(specs: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the local paths in specs that depend on the working directory, in words, or nothing."""
    paths = {}
    for path, spec in specs.items():
        source = spec.get("source") or {}
        values = [source.get("url"), source.get("table"), spec.get("rejected"), spec.get("pseudonym_key")]
        values += [backbone.get("weights") for backbone in spec.get("backbones", ())]
        local = [value.removeprefix("file://") for value in values if value and "/" in value.removeprefix("file://")]
        relative = [value for value in local if "://" not in value and not value.startswith("/")]
        if relative:
            paths[path] = ", ".join(dict.fromkeys(relative))
    return prose_list([f"{names} ({path})" for path, names in paths.items()]) if paths else ""


def _machine(manifest: Manifest) -> str:
    facts = manifest.machine
    cores = plural(facts["logical_cores"], "core") if facts.get("logical_cores") else None
    threads = plural(facts["threads"], "thread") if facts.get("threads") else None
    memory = f"{facts['ram_gib']:g} GiB" if facts.get("ram_gib") else None
    python = f"Python {facts['python']}" if facts.get("python") else None
    parts = (facts.get("cpu_model"), cores, threads, memory, facts.get("gpu_model"), facts.get("os"), python)
    words = [str(word) for word in parts if word]
    return ", ".join(words) or NOTHING


def _software(manifest: Manifest) -> str:
    return ", ".join(f"{package} {version}" for package, version in sorted(manifest.software.items())) or NOTHING
