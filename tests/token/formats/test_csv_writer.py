import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.formats.csv_writer import csv_lines, escape, read_escaped


@pytest.mark.parametrize("formula", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "="])
def test_formula_gets_an_apostrophe(formula):
    assert escape(formula) == f"'{formula}"
    assert read_escaped(f"'{formula}") == formula


@pytest.mark.parametrize("plain", ["", "a=b", "'tis", "O'Neil", "5", " =1"])
def test_other_cells_stand_as_they_are(plain):
    assert escape(plain) == plain == read_escaped(plain)


@given(st.text(st.sampled_from("'=+-@\t\ra")))
def test_escape_can_be_undone_and_never_leaves_a_formula(cell):
    assert read_escaped(escape(cell)) == cell
    assert not escape(cell).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_lines_are_utf8_with_crlf_and_quotes():
    lines = list(csv_lines([["a", "b"], ["=1,2", 'Stra"ße'], ["\ud800", ""]]))
    assert lines == [b"a,b\r\n", '"\'=1,2","Stra""ße"\r\n'.encode(), b"?,\r\n"]
