"""start: the rules that a folder or an office's table proposes, the study that is written, and the page itself."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from neurograde.errors import DataError
from neurograde.pages.start.app import written
from neurograde.pages.start.folder import ImageFolder
from neurograde.pages.start.rules import by_columns, proposed_columns, proposed_patterns
from neurograde.pages.start.study import HEADER, Choices, study
from neurograde.runtime.invocation import arguments_of_process
from neurograde.runtime.spec_folder import specs_in_order, specs_of
from neurograde.runtime.specfile import validate
from neurograde.specs.catalogue import BY_NAME
from neurograde.storage.tables import read_table
from tests.support.accessibility import check

OFFICE = (
    "\ufeffDatei;Diagnose;Patient;Bemerkung\r\n"
    "001;Viable;7;\r\n"
    "1;Viable;7;\r\n"
    ";;;\r\n"
    "002;Viable;8;\r\n"
    "003;Viable;9;klein\r\n"
    "004;Necrosis;10;\r\n"
    "005;Necrosis;11;\r\n"
    "006;Necrosis;12;\r\n"
)
"""A table as Excel saves it: semicolons, a mark, CRLF, numbers as names, a blank row and a row that is there twice."""
NUMBERED = [f"{number:03d}.png" for number in range(1, 7)]


def image(path: Path, seed: int, side: int = 96) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    small = random.normal((190, 120, 180), 30, (12, 12, 3)).clip(0, 255).astype(np.uint8)
    Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC).save(path)


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    """Two classes of four families, two images each, as a laboratory names them."""
    folder = tmp_path / "tiles"
    for label, first in (("Tumour", 0), ("Stroma", 4)):
        for family in range(4):
            for number in (1, 2):
                image(folder / label / f"case-{first + family}-A_{number}.png", 10 * (first + family) + number)
    return folder


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        (["V/Case 3-A-1-2.jpg", "V/Case 3-A-1-3.jpg", "V/Case 4-B-9-9.jpg", "N/P9-C-1-1.jpg", "N/P8-C-1-1.jpg"],
         "folder = class; name up to its last two numbers = family"),
        (["x/D/p1/a.png", "x/D/p1/b.png", "x/D/p2/a.png", "x/PD/p3/a.png", "x/PD/p4/a.png"],
         "folder = class; folder in it = family"),
        (["p1/D/a.png", "p1/PD/a.png", "p2/D/a.png", "p2/PD/b.png", "p3/D/a.png"],
         "folder = family; folder in it = class"),
        (["D_p1_1.png", "D_p2_1.png", "PD_p3_1.png", "PD_p3_2.png", "PD_p4_2.png"], "name = class_family_..."),
        (["D/one.png", "D/two.png", "PD/three.png", "PD/four.png"], "folder = class; every image its own family"),
    ],
)  # fmt: skip
def test_the_first_rule_proposed_for_a_folder_is_the_one_a_person_would_take(paths: list[str], words: str):
    assert proposed_patterns(paths)[0][0] == words


def test_no_rule_is_proposed_where_none_gives_two_classes():
    assert proposed_patterns(["a.png", "b.png"]) == []
    assert proposed_patterns([f"{n}/{n}.png" for n in range(40)]) == []


def test_an_offices_table_is_read_as_it_is_and_its_repeated_row_counts_once():
    table = read_table(OFFICE.encode(), "labels.csv", ())
    columns = proposed_columns(table, NUMBERED)
    assert columns == {"image": "datei", "class": "diagnose", "family": "patient"}
    labels = by_columns(table, columns, NUMBERED)
    assert labels.by_class() == {"Necrosis": {"10": 1, "11": 1, "12": 1}, "Viable": {"7": 1, "8": 1, "9": 1}}
    assert (labels.problems, labels.notes) == ((), ("1 rows repeat another to the letter; they count once",))


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("file,class,patient\n1,D,a\n1,PD,a\n2,D,b\n", "lines 2 and 3 disagree on '1'"),
        ("file,class,patient\n1,D,a\n2,,b\n", "line 3: '2' has no class"),
        ("file,class,patient\n1,D,a\n9,D,b\n", "line 3: there is no image '9' in the folder"),
        ("file,class,patient\n1,D,a\n", "1 images have no row, the first is 2.png"),
    ],
)
def test_a_table_that_leaves_something_open_is_said_with_its_line(table: str, problem: str):
    read = read_table(table.encode(), "t.csv", ())
    labels = by_columns(read, {"image": "file", "class": "class", "family": "patient"}, ["1.png", "2.png"])
    assert problem in labels.problems


def choices(**changes: object) -> Choices:
    fields = {"name": "first-look", "rule": 0, "family_is": "case", "classes": ["Stroma", "Tumour"]}
    fields |= {"positive": "Tumour", "region": "FRA", "patch_size_px": 48, "weights": "none"}
    return Choices.parse(json.dumps(fields | changes))


def test_the_study_that_is_written_is_a_valid_chain_of_every_job(tiles: Path, tmp_path: Path):
    folder = ImageFolder(str(tiles))
    source = folder.source(choices(), tmp_path)
    made = study(choices(), "memory://start", source, str(tmp_path / "new"), reviewed=False)
    path = tmp_path / "study.yaml"
    path.write_text(HEADER + written(made))
    specs = specs_of(path)
    for source, data in specs.items():
        validate(BY_NAME[data["job"]].spec, data, source)
    jobs = [job for job, _source in specs_in_order(path)]
    assert "&" not in path.read_text()
    assert jobs == ["patch", "partition", "augment", "features", "train", "evaluate", "report", "predict"]


def test_a_threshold_is_asked_for_where_there_are_two_classes_to_tell_apart():
    def threshold(*classes: str) -> object:
        made = study(
            choices(classes=list(classes)), "memory://start", {"url": "x", "pattern": "x"}, "new", reviewed=False
        )
        return made["evaluate"].get("threshold")

    assert (threshold("Stroma", "Tumour"), threshold("Necrosis", "Stroma", "Tumour")) == ("valid", None)


def test_a_tables_labels_are_written_in_the_form_that_specs_read(tmp_path: Path):
    for number, name in enumerate(NUMBERED):
        image(tmp_path / "scans" / name, number)
    (tmp_path / "scans" / "Tabelle.csv").write_bytes(OFFICE.encode())
    folder = ImageFolder(str(tmp_path / "scans"))
    assert folder.rules[0].words == "the table Tabelle.csv"
    assert folder.describe(0)["problems"] == []
    source = folder.source(choices(rule=0), tmp_path)
    assert source["table"] == str(tmp_path / "labels.csv")
    assert (tmp_path / "labels.csv").read_text().splitlines()[:2] == ["image,class,family", "001.png,Viable,7"]


def test_a_class_of_too_few_families_is_a_problem_before_anything_runs(tiles: Path):
    for path in tiles.glob("Stroma/case-[67]*"):
        path.unlink()
    described = ImageFolder(str(tiles)).describe(0)
    assert described["problems"] == ["class 'Stroma' has 2 families: train, valid and test need one each"]


def test_whole_slides_are_a_problem_before_anything_runs(tiles: Path):
    (tiles / "Tumour" / "case-9-A_1.svs").write_bytes(b"")
    assert any("1 images are whole slides" in problem for problem in ImageFolder(str(tiles)).describe(0)["problems"])


def test_a_file_of_weights_is_found_from_the_folder_that_the_page_was_started_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    source = {"url": "x", "pattern": "x"}

    def weights(chosen: str) -> str:
        made = study(choices(weights=chosen), "memory://start", source, "new", reviewed=False)
        return made["train"]["backbones"][0]["weights"]

    assert weights("mine.pth") == str(tmp_path / "mine.pth")
    assert [weights(name) for name in ("none", "IMAGENET1K_V1", "gs://b/w.pth")] == [
        "none",
        "IMAGENET1K_V1",
        "gs://b/w.pth",
    ]


def test_a_rule_that_the_folder_does_not_have_is_refused(tiles: Path):
    folder = ImageFolder(str(tiles))
    with pytest.raises(DataError, match=r"rule 99; accepted: 0 to \d+"):
        folder.describe(99)


def test_a_folder_without_images_is_refused(tmp_path: Path):
    (tmp_path / "notes.doc").write_bytes(b"x")
    with pytest.raises(DataError, match=r"there is no image here\. 1 file"):
        ImageFolder(str(tmp_path))


@pytest.fixture
def served(tiles: Path, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """The page of the tiles in a process of its own; the call returns its address."""
    command = arguments_of_process("start", str(tiles), "--into", str(tmp_path / "out"))
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def address() -> str:
        line = process.stdout.readline().strip()
        assert line.startswith("http://127.0.0.1:"), process.communicate()[1]
        return line

    yield address
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=90)


def test_from_the_folder_to_the_report_without_a_file_edited_by_hand(served, tmp_path: Path, page: Page):
    page.goto(served())
    expect(page.locator("#classes tbody tr")).to_have_count(2)
    expect(page.locator("#classes")).to_contain_text("case-0-A")
    expect(page.locator("#outlook")).to_contain_text("g CO₂e on this machine", timeout=90_000)
    check(page)
    page.get_by_label("A family is a").select_option("case")
    page.get_by_label("Side of a patch").fill("48")
    page.get_by_label("Network").select_option("none")
    page.get_by_label("Where its electricity").select_option("FRA")
    page.get_by_role("button", name="Look at the squares first").click()
    expect(page.get_by_role("link", name="Open the review")).to_be_visible(timeout=90_000)
    page.get_by_role("button", name="Train and test").click()
    expect(page.locator("#step")).to_contain_text(re.compile("ready|Ended"), timeout=240_000)
    assert page.locator("#step").text_content() == "Done: the report is ready.", page.locator("#lines").text_content()
    check(page)
    [link] = page.locator("#report").all()
    page.goto(link.evaluate("a => a.href"))
    expect(page.locator("h1")).to_contain_text("A first look at our own images")
    assert page.locator("svg, img").count() > 3
    assert page.evaluate("getComputedStyle(document.body).maxWidth") != "none"  # the report's own style is applied
    assert json.dumps("first-look")[1:-1] in (tmp_path / "out" / "study.yaml").read_text()
