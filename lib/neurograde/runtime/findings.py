"""What `verify` found, as JSON, as lines and as a table, with the commands that mend it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from neurograde.runtime import invocation
from neurograde.specs.catalogue import JOBS, KINDS, maker_of
from neurograde.storage.survey import Finding, Remedy, Survey
from neurograde.storage.verify import unnamed

COLOURS = {"broken": "red", "unfinished": "yellow", "unreferenced": "yellow", "unknown": "yellow", "outdated": "yellow"}
Specs = Mapping[tuple[str, str], Path]
"""Path of the spec of each job and name."""


def as_json(found: Survey, specs: Specs) -> dict[str, Any]:
    """The findings as one JSON value; `mend` has each command once, in the order of the chain."""
    rest = unnamed(found)
    remedies = {each.remedy for each in (*found.broken, *found.unfinished) if each.remedy is not None}

    def in_order(remedy: Remedy) -> tuple[int, str]:
        return JOBS.index(maker_of(remedy.kind)) if remedy.kind in KINDS else len(JOBS), str(remedy)

    def listed(findings: list[Finding]) -> list[dict[str, str]]:
        return [
            {"where": each.where, "what": each.what, "mend": mend(each.remedy, found.store.url, specs)}
            for each in findings
        ]

    return {
        "store": found.store.url,
        "artefacts": len(found.manifests),
        "files": len(found.files),
        "bytes": sum(found.listing[key] for key in found.files),
        "broken": listed(found.broken),
        "unfinished": listed(found.unfinished),
        "unreferenced": rest.unreferenced,
        "unknown": rest.unknown,
        "outdated": listed(found.outdated),
        "mend": [mend(each, found.store.url, specs) for each in sorted(remedies, key=in_order)],
    }


def mend(remedy: Remedy | None, url: str, specs: Specs) -> str:
    """What to do, with a command that can be copied where the spec is known."""
    if remedy is None:
        return "cannot be made again"
    job = remedy.job or maker_of(remedy.kind).name
    reads = remedy.spec or job
    path = specs.get((reads, remedy.name))
    command = invocation.shown(job, f"{path or 'SPEC'} --store {url}{' --replace' if remedy.replace else ''}")
    command += "" if path else f"   (a {reads} spec with name: {remedy.name})"
    return f"delete {url}/{remedy.delete}, then: {command}" if remedy.delete else command


def lines(result: Mapping[str, Any]) -> list[str]:
    """The findings as lines: state, where and what, between tabs; then the commands, and a summary."""
    commands = [f"mend\t{each}" for each in result["mend"]]
    return ["\t".join(row) for row in _rows(result)] + commands + [_summary(result)]


def show(result: Mapping[str, Any]) -> None:
    """The findings on a terminal; the commands stand below the table, so that they can be copied."""
    console = Console()
    table = Table(Column("state", no_wrap=True), Column("where", overflow="fold"), Column("what", overflow="fold"))
    for state, where, what in _rows(result):
        table.add_row(Text(state, COLOURS[state]), Text(where), Text(what))
    if table.rows:
        console.print(table)
    for each in result["mend"]:
        console.print(f"mend: {each}", soft_wrap=True, markup=False, highlight=False)
    console.print(_summary(result), style="red" if result["broken"] else "green", highlight=False)


def _rows(result: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """State, where and what of every finding; what nothing names is counted by artefact."""
    found = [
        (state, each["where"], each["what"]) for state in ("broken", "unfinished", "outdated") for each in result[state]
    ]
    for state in ("unreferenced", "unknown"):
        folders: dict[str, list[str]] = {}
        for key in result[state]:
            folders.setdefault("/".join(key.split("/")[:-1][:2]), []).append(key)
        for folder, keys in folders.items():
            size = sum(result[state][key] for key in keys)
            found.append((state, folder, f"objects: {len(keys):,}, bytes: {size:,}, the first {keys[0]}"))
    return found


def _summary(result: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{len(result[state]):,} {state}" for state in COLOURS)
    return f"{result['artefacts']:,} artefacts, {result['files']:,} files of {result['bytes']:,} bytes: {counts}"
