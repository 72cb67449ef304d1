"""Pages and their tables as tests read them."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser

from neurograde.reports.chain import Chain, follow
from neurograde.reports.document import Page
from neurograde.runtime.job import Job
from neurograde.specs.report import ReportSpec
from neurograde.storage.store import Store


class Elements(HTMLParser):
    """Every element of a page with its attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def chains(url: str, *names: str) -> list[Chain]:
    spec = {"job": "report", "name": "page", "store": url, "region": "FRA", "evaluations": names, "title": "A study"}
    job = Job(ReportSpec.parse(spec), Store(url))
    return [follow(job, job.upstream("evaluations", name)) for name in names]


def statistics_of(html: str) -> dict[str, tuple[str, str]]:
    """Return value and note of each number at the top of a page, by its label."""
    found = re.findall(r"<div><dt>(.*?)</dt><dd><strong>(.*?)</strong> <small>(.*?)</small></dd></div>", html)
    return {label: (value, note) for label, value, note in found}


def rows(page: Page, table: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(dict(page.files())[f"tables/{table}.csv"].decode())))
