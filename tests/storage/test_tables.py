"""Tables of people and spreadsheets: separators, encodings and headers as they come, mistakes by the editor's line."""

from __future__ import annotations

import pytest

from neurograde.errors import DataError
from neurograde.storage.tables import read_table

COLUMNS = ("image", "class", "family")
ROWS = ({"image": "i1.png", "class": "PD", "family": "1"}, {"image": "i, 2.png", "class": "D", "family": "2"})
TEXT = 'image,class,family\ni1.png,PD,1\n"i, 2.png",D,2\n'


def table(text: str | bytes) -> tuple[tuple[dict[str, str], ...], tuple[int, ...]]:
    read = read_table(text if isinstance(text, bytes) else text.encode(), "t.csv", COLUMNS)
    return tuple(map(dict, read.rows)), read.lines


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("\n", "\r"),
        "image;class;family\ni1.png;PD;1\ni, 2.png;D;2\n",
        "image\tclass\tfamily\ni1.png\tPD\t1\ni, 2.png\tD\t2\n",
        "sep=;\nimage;class;family\ni1.png;PD;1\ni, 2.png;D;2\n",
        '"Image" , Class,FAMILY\n' + TEXT.partition("\n")[2],
        "image,class,family,,\n" + 'i1.png,PD,1,,\n"i, 2.png",D,2,,\n,,,,\n,,,,\n',
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
    ],
)
def test_a_table_is_read_as_spreadsheets_write_it(text: str | bytes):
    assert table(text)[0] == ROWS


def test_lines_are_counted_as_an_editor_does_over_blank_rows_and_cells_of_several_lines():
    text = 'image,class,family\ni1.png,PD,1\n\n,,\n\n"two\nlines.png",D,2\nlast.png,D,3'
    rows, lines = table(text)
    assert lines == (2, 6, 8)
    assert rows[1]["image"] == "two\nlines.png"
    assert table("\n\nsep=;\n"[2:] + text.replace(",", ";"))[1] == (3, 7, 9)


def test_short_rows_are_filled_and_further_columns_kept():
    rows, _ = table("family,note,image,class\n1,,i1.png\n")
    assert rows == ({"family": "1", "note": "", "image": "i1.png", "class": ""},)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the table is empty; needs a header with image, class, family"),
        ("\n ,\n\n", "the table is empty"),
        ("image,class,family\n", "lacks rows below its header"),
        ("\nimage;klass;family\na;b;c\n",
         r"lacks the column 'class'; needs image, class, family; the header, line 2, was read as 'image', 'klass', "
         "'family', separated by semicolons"),
        ("i1.png,PD,1\n", "was read as 'i1.png', 'PD', '1', separated by commas"),
        ("image,class,family,Class\na,b,c,d\n", "the column 'class' is there 2 times"),
        ("image,class,family\n\na,b,c,d\n", "line 3: 4 cells under 3 columns"),
        ('image,class,family\na,b,c\n"' + "x" * 140_000 + '",b,c\n', "line 3: not a CSV table"),
        (b"image,class,family\n\ncaf\xe9.png,b,c\n", "line 3: not UTF-8 text"),
        (b"image,class,family\na,b\0,c\n", "line 2: contains NUL characters"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_with_its_line_or_header(text: str | bytes, message: str):
    with pytest.raises(DataError, match=r"^t\.csv: ") as caught:
        table(text)
    assert message in str(caught.value)
