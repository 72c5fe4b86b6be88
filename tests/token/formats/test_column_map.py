import pytest

from keyfob.formats.column_map import ColumnMap, InvalidColumnMapError, Settings
from keyfob.formats.csv_files import read_mapped
from keyfob.formats.fields import Field
from keyfob.formats.rows import SeedFileError
from keyfob.formats.secrets_text import Encoding
from seed_files import RFC_SECRET, as_file, outcome

HEX = RFC_SECRET.hex()


def test_text_says_columns_constants_and_the_rest():
    found = ColumnMap.parse(
        "serial=2, secret = Seed key,encoding=hex,delimiter=semicolon,header=yes,digits:8"
    )
    assert found.columns == {Field.SERIAL: 2, Field.SECRET: "Seed key"}
    assert found.settings == Settings(Encoding.HEX, {Field.DIGITS: "8"}, ";", has_header=True)
    assert Settings.parse("") == Settings()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "serial=2"),
        ("serial=1", "secret=2"),
        ("serial", "items look like"),
        ("serial=1,secret=", "items look like"),
        ("serial=1,secret=2,colour=3", "colour is none of"),
        ("serial=1,serial=3,secret=2", "serial stands twice"),
        ("serial=1,secret=1", "one column cannot hold two"),
        ("serial=No,secret=n_o", "one column cannot hold two"),
        ("serial=0,secret=1", "a number from 1"),
        ("serial=1,secret=257", "a number from 1"),
        ("serial=1,secret=--", "a number from 1"),
        ("serial=1,secret=2,encoding=base64", "encoding is one of hex, base32"),
        ("serial=1,secret=2,delimiter=,", "items look like"),
        ("serial=1,secret:ABC", "of its own"),
        ("serial=1,secret=Seed,header=no", "without a header"),
    ],
)
def test_text_that_is_none_is_refused(text, said):
    with pytest.raises(InvalidColumnMapError, match=said):
        ColumnMap.parse(text)


def test_settings_name_no_columns():
    with pytest.raises(InvalidColumnMapError, match="digits has its column already"):
        Settings.parse("digits=8")


@pytest.mark.parametrize(
    ("header", "text", "lines"),
    [
        ("Serial No,Secret Key", "", [2]),
        ("Nummer,Wort", "", [1, 2]),
        ("Nummer,Wort", ",header=yes", [2]),
        ("serial,secret", ",header=no", [1, 2]),
    ],
)
def test_header_above_numbered_columns_is_known_by_usual_names_or_said(header, text, lines):
    column_map = ColumnMap.parse(f"serial=1,secret=2{text}")
    rows = list(read_mapped(as_file(f"{header}\nN1,{HEX}\n"), column_map))
    assert [row.line for row in rows] == lines
    assert outcome(rows[-1]) == (2, "N1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("serial=Number,secret=Seed", "no column number"),
        ("serial=Nummer,secret=seed", "two columns for secret"),
        ("serial=Nummer,secret=9", "fewer than"),
        ("serial=Nummer,secret=1", "two fields"),
    ],
)
def test_column_that_a_file_lacks_is_named(text, said):
    with pytest.raises(SeedFileError, match=said):
        list(read_mapped(as_file(f"Nummer,Seed,SEED\nN1,{HEX},x\n"), ColumnMap.parse(text)))


def test_row_without_a_mapped_column_is_a_flaw():
    (row,) = read_mapped(as_file(f"N1,{HEX}\n"), ColumnMap.parse("serial=1,secret=2,user=3"))
    assert outcome(row) == (1, "InvalidParameter", "")


def test_columns_with_blanks_between_them_are_read():
    (row,) = read_mapped(as_file(f"x   N1 {HEX}\n"), ColumnMap.parse("serial=2,secret=3,delimiter=blanks"))
    assert outcome(row) == (1, "N1")
