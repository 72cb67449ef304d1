"""What tests of pages use: a real browser, and a page that is really served."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.browser import Cable, Served

QUIET = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The distribution's Chromium, without a window."""
    path = os.environ.get("NEUROGRADE_BROWSER") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("needs a browser: apt-get install chromium, or set NEUROGRADE_BROWSER to the path of one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*QUIET, "--disable-component-update"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page of 1280 x 800; a script error on it fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(15_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def cable(page: Page) -> Cable:
    """Laid before the page is opened: a page that is open already may still send past one laid then."""
    return Cable(page)


@pytest.fixture
def served() -> Iterator[Callable[..., Served]]:
    """Starts jobs that serve a page, and ends them with the test."""
    running: list[Served] = []

    def start(job: str, spec: Path, *options: str) -> Served:
        running.append(Served(job, spec, *options))
        return running[-1]

    yield start
    for each in running:
        each.stop(signal.SIGKILL)
