import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.formats.csv_rows import BLANKS, MAX_COLUMNS, MAX_RECORD_CHARACTERS, read_records
from keyfob.formats.csv_writer import csv_lines
from keyfob.formats.rows import SeedFileError
from keyfob.formats.text import read_lines
from seed_files import Endless, as_file

cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


def records(text, **options):
    return [tuple(record) for record in read_records(read_lines(as_file(text)), **options)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiter_is_told_by_the_first_line(delimiter, end):
    lines = ["# a, comment; with\teverything", "", '"one, two; three"|b|c', "d||f"]
    text = end.join(lines).replace("|", delimiter)
    found = records(text)[-2:]
    assert found == [(3, ["one, two; three", "b", "c"]), (4, ["d", "", "f"])]


def test_delimiter_that_is_said_is_taken():
    assert records("a,b;c\n", delimiter=";") == [(1, ["a,b", "c"])]
    assert records("a  b\tc \n\nd\n", delimiter=BLANKS) == [(1, ["a", "b", "c"]), (3, ["d"])]


def test_delimiter_that_cannot_be_told_is_refused():
    with pytest.raises(SeedFileError, match="line 1: comma, semicolon and tab"):
        records("a,b;c\n")


def test_line_that_spreadsheets_write_names_the_delimiter():
    assert records("sep=;\r\na,b;c\r\n") == [(2, ["a,b", "c"])]


def test_blanks_are_columns_only_where_the_layout_has_them():
    assert records("one two\n") == [(1, ["one two"])]
    assert records("one two\n", may_be_blanks=True) == [(1, ["one", "two"])]
    assert records("one two,three\n", may_be_blanks=True) == [(1, ["one two", "three"])]


def test_record_is_numbered_by_the_line_where_it_begins():
    assert records('a,b\n"c\n\nd",e\nf,"g ""h"""\n') == [
        (1, ["a", "b"]),
        (2, ["c\n\nd", "e"]),
        (5, ["f", 'g "h"']),
    ]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('a,b\nc,"d\ne,f\n', 2, "quotes"),
        ('a,b\n"c"d,e\n', 2, "quotes"),
        ("a,b\rc,d\r", 1, "carriage return"),
        ("a,b\n" + "," * MAX_COLUMNS + "\n", 2, f"{MAX_COLUMNS} are allowed"),
        ('a,b\n"' + ("c" * 1000 + "\n") * 70, 2, "not closed within"),
    ],
)
def test_broken_csv_is_refused_with_the_line_where_it_begins(text, line, said):
    with pytest.raises(SeedFileError, match=said) as caught:
        records(text)
    assert caught.value.line == line


def test_quotes_that_never_close_are_given_up_soon():
    file = Endless(b'"' + b"A" * 999 + b"\n" + b"B" * 64_000 + b"\n")
    with pytest.raises(SeedFileError, match="line 1"):
        list(read_records(read_lines(file)))
    assert file.given_bytes < 4 * MAX_RECORD_CHARACTERS


@given(st.lists(st.lists(cells, min_size=2, max_size=5), min_size=1, max_size=5))
def test_what_is_written_is_read_back_exactly(rows):
    text = b"".join(csv_lines([["a", "b"], *rows]))
    assert [found for _, found in records(text)] == [["a", "b"], *rows]
