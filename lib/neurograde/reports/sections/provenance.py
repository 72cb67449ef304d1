"""Where it all comes from: the digest of every artefact, its machine, and the commands that make it again."""

from __future__ import annotations

from collections.abc import Sequence

from neurograde.reports.blocks import Column, Commands, Section, Table, Tables, simple_table
from neurograde.reports.chain import Chain, unique
from neurograde.reports.numbers import NOTHING
from neurograde.specs.records import Manifest
from neurograde.storage.artefact import Artefact


def provenance(chains: Sequence[Chain]) -> Section:
    """Every artefact behind the page, in the order in which it was made."""
    artefacts = unique(each for chain in chains for each in chain.artefacts())
    lead = (
        "A digest covers an artefact's spec, its files and the digests of what it was made from, so these lines hold "
        "together from image to figure. Click one to select the whole of it."
    )
    return Section(
        "provenance", "Provenance", lead, (Tables((_table(artefacts), _machines(artefacts))), _commands(artefacts))
    )


def _table(artefacts: Sequence[Artefact]) -> Table:
    columns = (
        Column("artefact", "artefact", kind="text"),
        Column("digest", "digest", kind="digest"),
        Column("spec_digest", "spec", kind="digest"),
    )
    rows = [(each.folder, each.manifest.digest, each.manifest.spec_digest) for each in artefacts]
    return simple_table("provenance", "The chain of digests", columns, rows)


def _machines(artefacts: Sequence[Artefact]) -> Table:
    columns = (
        Column("jobs", "jobs", kind="text"),
        Column("machine", "machine", kind="text"),
        Column("software", "software", kind="text"),
    )
    jobs: dict[tuple[str, str], dict[str, None]] = {}
    for each in artefacts:
        where = (_machine(each.manifest), _software(each.manifest))
        jobs.setdefault(where, {})[each.manifest.job] = None
    rows = [(", ".join(names), *where) for where, names in jobs.items()]
    return simple_table("machines", "Machines and software", columns, rows)


def _commands(artefacts: Sequence[Artefact]) -> Commands:
    # All shards of a grid are made by one command.
    made = dict.fromkeys((each.manifest.job, str(each.manifest.spec["name"])) for each in artefacts)
    width = max(len(job) for job, _ in made)
    return Commands(tuple(f"python -m jobs.{job:{width}} SPEC   # the spec of name: {name}" for job, name in made))


def _machine(manifest: Manifest) -> str:
    facts = manifest.machine
    cores = f"{facts['logical_cores']} cores" if facts.get("logical_cores") else None
    memory = f"{facts['ram_gib']:g} GiB" if facts.get("ram_gib") else None
    python = f"Python {facts['python']}" if facts.get("python") else None
    parts = (facts.get("cpu_model"), cores, memory, facts.get("gpu_model"), facts.get("os"), python)
    words = [str(word) for word in parts if word]
    return ", ".join(words) or NOTHING


def _software(manifest: Manifest) -> str:
    return ", ".join(f"{package} {version}" for package, version in sorted(manifest.software.items())) or NOTHING
