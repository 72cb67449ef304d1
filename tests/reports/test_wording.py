"""The study's word for a family, its data and its limits on the page."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from neurograde.reports.chain import Chain
from neurograde.reports.document import Page
from neurograde.reports.page import compose
from neurograde.reports.wording import worded
from neurograde.storage.artefact import Artefact
from tests.support.page import Elements, chains, rows
from tests.support.study import write_study

DATA = {"source": "Tiles of Kong & Co", "doi": "10.7937/tcia.2019.bvhjhdas", "licence": "CC BY 3.0"}


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    url = f"file://{tmp_path_factory.mktemp('study')}"
    write_study(url, leaking=False)
    return chains(url, "independent")[0]


def described(chain: Chain, **fields: object) -> Chain:
    manifest = chain.patches.manifest
    described = manifest.model_copy(update={"spec": manifest.spec | fields})
    return replace(chain, patches=Artefact(chain.patches.store, chain.patches.folder, described))


def words_of(page: Page) -> str:
    """Return the text of the page, without its styles."""
    html = re.sub(r"<style.*?</style>", "", page.html().decode(), flags=re.DOTALL)
    return " ".join(Elements(html).text.split())


def test_where_the_spec_says_what_a_family_is_no_sentence_of_the_page_speaks_of_families(chain: Chain):
    page = compose("A study", [described(chain, family_is="slide", data=DATA)], worst=2)
    text = words_of(page)
    labels = [attributes.get("aria-label") or "" for attributes in Elements(page.html().decode()).all("svg")]
    assert re.findall(r".{30}famil.{20}", text, re.IGNORECASE) == []
    assert not any("famil" in label.lower() for label in labels)
    assert "No slide is in two subsets" in text
    assert "95 % over" in text
    assert {row["families"] for row in rows(page, "results-independent-test")} != set()  # a CSV file keeps its columns


def test_the_page_says_which_data_what_a_family_is_and_the_limits(chain: Chain):
    page = compose("A study", [described(chain, family_is="slide", data=DATA, source={"url": "out/tiles"})])
    text = words_of(page)
    assert "Tiles of Kong & Co, doi 10.7937/tcia.2019.bvhjhdas; licence CC BY 3.0." in text
    assert "Slides are kept apart, and every interval counts them. Two slides of one patient may be in two" in text
    [limits] = [section for section in page.sections if section.slug == "limits"]
    assert "its valid figures flatter it. Openings of the test set: " in str(limits)


def test_a_page_whose_spec_does_not_say_so_speaks_of_families_and_says_what_is_missing(chain: Chain):
    text = words_of(compose("A study", [chain]))
    assert "whether a family is a patient, a case, a slide or an image, the spec of the patches does not say" in text
    assert "No family is in two subsets" in text


def test_articles_and_capitals_follow_the_word():
    assert worded("A family. Families, one family, a family's", "image") == "An image. Images, one image, an image's"
    assert worded("a family", None) == "a family"
