"""The links, anchors and commands of a Markdown text."""

from __future__ import annotations

import re
import shlex

FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMANDS = ("make ", "python -m ", ".venv/bin/python -m ", "neurograde ")
"""How a command in the middle of a sentence begins."""


def links(text: str) -> list[str]:
    """Return the targets of links and pictures, those of the web left out."""
    prose = FENCE.sub("", text)
    targets = re.findall(r"\]\(([^)\s]+)\)", prose) + re.findall(r'src="([^"]+)"', prose)
    return [target for target in targets if not target.startswith(("http://", "https://"))]


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives the text's headings.

    >>> sorted(anchors("# The split, proved\\n## `make data`: files\\n"))
    ['make-data-files', 'the-split-proved']
    """
    headings = re.findall(r"^#+ (.+?)\s*$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def code_spans(text: str) -> list[str]:
    """Return what is set as code inside sentences and tables."""
    return [span.replace("\\|", "|") for span in re.findall(r"`([^`\n]+)`", FENCE.sub("", text))]


def commands(text: str) -> list[list[str]]:
    """Return every command as its words: those of sh blocks, and those inside sentences that call make or Python."""
    blocks = [body for language, body in FENCE.findall(text) if language == "sh"]
    lines = [line for body in blocks for line in body.replace("\\\n", " ").splitlines()]
    lines += [span for span in code_spans(text) if span.startswith(COMMANDS)]
    # As a shell: a comment begins a word, so that the # of study.yaml#train is none.
    return [words for line in lines if (words := shlex.split(re.sub(r"(^|\s)#\s.*", "", line)))]
