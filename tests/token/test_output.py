import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.output import complain, printable, printer

RECORD = {
    "name": "Zoë [red]",
    "clock_offset_s": 1.23456,
    "rate_ppm": -20.0,
    "temperature_c": 25.0,
    "lit": True,
}
HOSTILE = "a\x1b[2Jb\r\n\u202ec\x9bd\ud800"


def test_record_as_json_is_what_it_was(capsys):
    printer(True).record(RECORD | {"issuer": None})
    assert json.loads(capsys.readouterr().out) == RECORD | {"issuer": None}


def test_rows_as_json_are_an_array_even_when_there_are_none(capsys):
    printer(True).rows([RECORD, RECORD], if_none="nobody")
    assert json.loads(capsys.readouterr().out) == [RECORD, RECORD]
    printer(True).rows([], if_none="nobody")
    assert json.loads(capsys.readouterr().out) == []


def test_json_has_no_figures_that_json_lacks():
    with pytest.raises(ValueError, match="JSON"):
        printer(True).record({"offset_s": float("nan")})


def test_record_as_table_has_a_line_for_each_field_with_its_unit(capsys):
    printer(False).record(RECORD | {"issuer": None})
    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert [" ".join(line).split() for line in lines] == [
        ["name", "Zoë", "[red]"],
        ["clock", "offset", "(s)", "1.235"],
        ["rate", "(ppm)", "-20.000"],
        ["temperature", "(°C)", "25.000"],
        ["lit", "yes"],
        ["issuer", "–"],
    ]


def test_rows_as_table_stand_under_their_headings(capsys):
    printer(False).rows([{"name": "a", "presses": 5}, {"name": "b", "presses": 12}], if_none="nobody")
    heading, _, *rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert heading == ["name", "presses"]
    assert rows == [["a", "5"], ["b", "12"]]


def test_no_rows_are_said_to_be_none(capsys):
    printer(False).rows([], if_none="nobody here")
    assert capsys.readouterr().out == "nobody here\n"


def test_long_values_are_never_cut(capsys, monkeypatch):
    printer(False).rows([{"name": "x" * 500, "other": "y" * 500}], if_none="nobody")
    assert "x" * 500 in capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    printer(False).rows([{"name": "x" * 500, "other": "y" * 500}], if_none="nobody")
    on_terminal = capsys.readouterr().out
    assert "x" * 500 not in on_terminal
    assert (on_terminal.count("x"), on_terminal.count("y")) == (500, 500)


def test_complaint_is_one_line_on_standard_error(capsys):
    complain("it broke\nbadly")
    complain("")
    assert capsys.readouterr() == ("", "keyfob: it broke\\nbadly\n")


def test_values_cannot_steer_the_terminal(capsys):
    printer(False).record({"name": HOSTILE})
    printer(False).rows([{"name": HOSTILE}], if_none=HOSTILE)
    printer(False).rows([], if_none=HOSTILE)
    complain(HOSTILE)
    said = "".join(capsys.readouterr())
    assert not set(said) & set("\x1b\r\x9b\u202e\ud800")
    assert said.count(r"\x1b[2J") == 4


@given(st.text(st.characters()))
def test_printable_text_prints_on_one_line(text):
    assert printable(text).isprintable()


@given(st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_what_prints_already_is_left_as_it_is(text):
    assert printable(text) == text


def test_column_of_numbers_is_ranged_right_wherever_the_first_one_stands(capsys):
    printer(False).rows([{"name": "a", "presses": None}, {"name": "b", "presses": 5}], if_none="nobody")
    heading, *_, last = (line.rstrip() for line in capsys.readouterr().out.splitlines() if line.strip())
    assert heading.endswith("presses")
    assert len(last) == len(heading)
