"""The findings of `verify` as JSON, as lines and as a table, with the commands that mend them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from neurograde.maths.text import printable
from neurograde.runtime import invocation
from neurograde.specs.catalogue import JOBS, KINDS, maker_of
from neurograde.storage.survey import Finding, Remedy, Survey
from neurograde.storage.verify import unnamed

COLOURS = {"broken": "red", "unfinished": "yellow", "unreferenced": "yellow", "unknown": "yellow", "outdated": "yellow"}
Specs = Mapping[tuple[str, str], str]
"""Source of the spec of each job and name."""


def as_json(survey: Survey, specs: Specs) -> dict[str, Any]:
    """Return the findings as one JSON value; `mend` has each command once, in the order of the chain."""
    rest = unnamed(survey)
    remedies = {finding.remedy for finding in (*survey.broken, *survey.unfinished) if finding.remedy is not None}

    def in_order(remedy: Remedy) -> tuple[int, str]:
        return JOBS.index(maker_of(remedy.kind)) if remedy.kind in KINDS else len(JOBS), str(remedy)

    def listed(findings: list[Finding]) -> list[dict[str, str]]:
        return [
            {"where": finding.where, "what": finding.what, "mend": mend(finding.remedy, survey.store.url, specs)}
            for finding in findings
        ]

    return {
        "store": survey.store.url,
        "artefacts": len(survey.manifests),
        "files": len(survey.files),
        "bytes": sum(survey.listing[key] for key in survey.files),
        "broken": listed(survey.broken),
        "unfinished": listed(survey.unfinished),
        "unreferenced": rest.unreferenced,
        "unknown": rest.unknown,
        "outdated": listed(survey.outdated),
        "mend": [mend(remedy, survey.store.url, specs) for remedy in sorted(remedies, key=in_order)],
    }


def mend(remedy: Remedy | None, url: str, specs: Specs) -> str:
    """Return what to do, with a command that can be copied if the spec is known."""
    if remedy is None:
        return "cannot be made again"
    job = remedy.job or maker_of(remedy.kind).name
    reads = remedy.spec or job
    path = specs.get((reads, remedy.name))
    url = printable(url)
    command = invocation.shown(job, f"{path or 'SPEC'} --store {url}{' --replace' if remedy.replace else ''}")
    command += "" if path else f"   (a {reads} spec with name: {printable(remedy.name)})"
    return f"delete {url}/{printable(remedy.delete)}, then: {command}" if remedy.delete else command


def lines(result: Mapping[str, Any]) -> list[str]:
    """Return the findings as lines: state, where and what, between tabs; then the commands, and a summary."""
    commands = [f"mend\t{command}" for command in result["mend"]]
    rows = ["\t".join(map(printable, row)) for row in _rows(result)]
    return rows + commands + [_summary(result)]


def show(result: Mapping[str, Any]) -> None:
    """Print the findings as a table on the terminal; the commands follow below it, so that they can be copied."""
    console = Console()
    table = Table(Column("state", no_wrap=True), Column("where", overflow="fold"), Column("what", overflow="fold"))
    for state, where, what in _rows(result):
        table.add_row(Text(state, COLOURS[state]), Text(printable(where)), Text(printable(what)))
    if table.rows:
        console.print(table)
    for command in result["mend"]:
        console.print(f"mend: {command}", soft_wrap=True, markup=False, highlight=False)
    console.print(_summary(result), style="red" if result["broken"] else "green", highlight=False)


def _rows(result: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return state, where and what of every finding; objects that nothing names are counted per artefact."""
    rows = [
        (state, finding["where"], finding["what"])
        for state in ("broken", "unfinished", "outdated")
        for finding in result[state]
    ]
    for state in ("unreferenced", "unknown"):
        folders: dict[str, list[str]] = {}
        for key in result[state]:
            folders.setdefault("/".join(key.split("/")[:-1][:2]), []).append(key)
        for folder, keys in folders.items():
            size = sum(result[state][key] for key in keys)
            rows.append((state, folder, f"objects: {len(keys):,}, bytes: {size:,}, the first {keys[0]}"))
    return rows


def _summary(result: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{len(result[state]):,} {state}" for state in COLOURS)
    return f"{result['artefacts']:,} artefacts, {result['files']:,} files of {result['bytes']:,} bytes: {counts}"
