"""The provenance: the digest of every artefact, its machine, and the commands that make it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neurograde.reports.blocks import Commands, Heading, Paragraph, Section, Table, Tables
from neurograde.reports.chain import Chain, unique
from neurograde.reports.numbers import NOTHING, plural
from neurograde.reports.tables import Column, table
from neurograde.runtime import specfile
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
        "The specs lie beside this page as they were run, every default written out. In the folder of the page, with "
        "the digests above to compare with:"
    )
    tables = Tables((_table(artefacts), _machines(artefacts)))
    commands = _commands([artefact.manifest for artefact in artefacts], spec)
    return Section("provenance", "Provenance", lead, (tables, Heading("To make it again"), Paragraph(again), commands))


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


def _commands(manifests: Sequence[Manifest], own: Mapping[str, Any] | None) -> Commands:
    """Return a command per spec, and the specs; all shards of a grid are made by one command."""
    every = [(manifest.job, manifest.name.partition("/")[0], manifest.spec) for manifest in manifests]
    if own is not None:
        every.append(("report", own["name"], dict(own)))
    files = {f"specs/{job}-{name}.yaml": (job, specfile.dump(spec)) for job, name, spec in every}
    return Commands(
        lines=tuple(f"python -m jobs.{job} {path}" for path, (job, _) in files.items()),
        files=tuple((path, text) for path, (_, text) in files.items()),
    )


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
