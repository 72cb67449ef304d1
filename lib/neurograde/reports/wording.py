"""The word for a family on a page: the `family_is` of the patches, in every sentence.

Sections write "family"; one pass over the finished page puts the word of the study. Names that a laboratory gave are
left alone: of the fields of a table and of the words in a figure, only counts are changed ("12 families").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from neurograde.reports.blocks import (
    Block,
    Cell,
    Figure,
    Figures,
    Heading,
    Notes,
    Paragraph,
    Pictures,
    Section,
    Statistics,
    Table,
    Tables,
)
from neurograde.reports.chain import Chain
from neurograde.reports.document import Page
from neurograde.reports.numbers import plural

Words = Callable[[str], str]


def family_of(chains: Sequence[Chain]) -> str | None:
    """Return the `family_is` of the patches; None where it is not given, or differs."""
    said = {chain.patches.manifest.spec.get("family_is") for chain in chains}
    return said.pop() if len(said) == 1 else None


def worded(text: str, family_is: str | None) -> str:
    """Return a text of ours with the study's word for a family.

    >>> worded("A family is in one subset; 3 families, one family.", "image")
    'An image is in one subset; 3 images, one image.'
    """
    if family_is is None:
        return text
    text = re.sub(r"\b([Aa])(?= family\b)", rf"\1{'n' if family_is[0] in 'aeiou' else ''}", text)
    return re.sub(r"\b[Ff]amil(?:y|ies)\b", lambda family: _noun(family[0], family_is), text)


def without_references(text: str) -> str:
    """Return a text of ours without references to the report's figures, tables and sections.

    >>> without_references("Which transforms (figure 2.6)? Totals (table 2.3), §4.1.2 (figure 4.2: VGG)")
    'Which transforms? Totals, §4.1.2 (VGG)'
    """
    numbers = r"(?:[A-C1-5](?:\.\d)*(?:, | to | and )?)+"
    text = re.sub(rf" \((?:(?:the report's )?(?:figures?|tables?|appendix|§) ?{numbers})\)", "", text)
    text = re.sub(r",? as the (?:study|report) (?:plots it|has it|counts them|did|do)\b", "", text)
    return re.sub(r"\b(?:figure|table) [A-C1-5]\.\d: ", "", text)


def page_in_words(page: Page, family_is: str | None, *, study: bool) -> Page:
    """Return the page with the study's word for a family in every sentence.

    Args:
        page: The page.
        family_is: The word, or None for "family".
        study: Leave references to the report's figures and tables in.
    """
    if family_is is None and study:
        return page

    def words(text: str) -> str:
        text = worded(text, family_is)
        return text if study else without_references(text)

    banners = tuple(replace(banner, text=words(banner.text)) for banner in page.banners)
    return replace(page, banners=banners, sections=tuple(_section(section, words) for section in page.sections))


def _noun(family: str, family_is: str) -> str:
    noun = plural(2, family_is).removeprefix("2 ") if family.endswith("ies") else family_is
    return noun.capitalize() if family[0] == "F" else noun


def _section(section: Section, words: Words) -> Section:
    blocks = tuple(_block(block, words) for block in section.blocks)
    return replace(section, title=words(section.title), lead=words(section.lead), blocks=blocks)


def _block(block: Block, words: Words) -> Block:
    spoken: Block = block
    match block:
        case Figures():
            figures = tuple(_figure(figure, words) for figure in block.figures)
            spoken = replace(block, figures=figures, caption=words(block.caption))
        case Pictures():
            spoken = replace(block, caption=words(block.caption))
        case Table():
            spoken = _table(block, words)
        case Tables():
            spoken = replace(block, tables=tuple(_table(table, words) for table in block.tables))
        case Statistics():
            lines = [replace(line, label=words(line.label), note=words(line.note)) for line in block.statistics]
            spoken = Statistics(tuple(lines))
        case Paragraph() | Heading():
            spoken = replace(block, text=words(block.text))
        case Notes():
            spoken = Notes(tuple(map(words, block.lines)))
    return spoken


def _table(table: Table, words: Words) -> Table:
    def fields(row: Sequence[Cell]) -> tuple[Cell, ...]:
        return tuple(replace(cell, text=_counts(cell.text, words), note=_counts(cell.note, words)) for cell in row)

    titles = tuple(replace(title, text=words(title.text), note=words(title.note)) for title in table.titles)
    rows, total = tuple(map(fields, table.rows)), fields(table.total)
    return replace(table, caption=words(table.caption), titles=titles, rows=rows, total=total)


def _figure(figure: Figure, words: Words) -> Figure:
    svg, inline = (
        re.sub(
            r"(?<=aria-label=\")[^\"]*",
            lambda label: words(label[0]),
            re.sub(r">[^<>]+<", lambda text: _counts(text[0], words), drawing),
        )
        for drawing in (figure.svg, figure.inline)
    )
    return replace(figure, svg=svg, inline=inline, alt=words(figure.alt))


def _counts(text: str, words: Words) -> str:
    """Return the text with its counts of families in words: a family may itself have the name "family 3"."""
    return re.sub(r"\b(?:\d[\d,]*|each|no|one) family\b|\bfamilies\b", lambda match: words(match[0]), text)
