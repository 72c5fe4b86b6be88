import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from display_samples import displays
from keyfob_firmware.display import Icon, Screen, lit
from keyfob_firmware.display_text import ASCII, UNICODE, draw_text


def test_digits_look_like_digits_in_ascii():
    assert draw_text(lit(Screen("1234567890", 3, frozenset({Icon.LOCK}))), ASCII).split("\n") == [
        "     _   _       _     _   _   _   _   _ ",
        "  |  _|  _| |_| |_    |_    | |_| |_| | |",
        "  | |_   _|   |  _|   |_|   | |_|  _| |_|",
        "###...                           LOCK    ",
    ]


def test_digits_look_like_digits_in_unicode():
    assert draw_text(lit(Screen("123456", 6, frozenset(Icon)))).split("\n") == [
        "      ━━   ━━          ━━   ━━ ",
        "   ┃    ┃    ┃   ┃  ┃ ┃    ┃   ",
        "      ━━   ━━     ━━   ━━   ━━ ",
        "   ┃ ┃       ┃      ┃    ┃ ┃  ┃",
        "      ━━   ━━          ━━   ━━ ",
        "▰▰▰▰▰▰             BAT LOCK ERR",
    ]


def test_dead_segment_leaves_a_gap():
    lines = draw_text(lit(Screen("888888"), frozenset({(5, "b")})), ASCII).split("\n")
    assert [line[-3:] for line in lines[:3]] == [" _ ", "|_ ", "|_|"]


@pytest.mark.parametrize("strokes", [ASCII, UNICODE], ids=["ascii", "unicode"])
@given(data=st.data())
def test_lines_are_of_one_width(strokes, data):
    lines = draw_text(data.draw(displays()), strokes).split("\n")
    assert len({cell_len(line) for line in lines}) == 1


@given(displays())
def test_ascii_is_ascii_with_a_stroke_for_each_segment(display):
    *cells, below = draw_text(display, ASCII).split("\n")
    strokes = "".join(cells)
    assert (strokes + below).isascii()
    assert strokes.count("_") + strokes.count("|") == sum(map(len, display.cells))
    assert below.count("#") == len(display.bar)
    assert {
        icon for icon, word in (("battery", "BAT"), ("lock", "LOCK"), ("error", "ERR")) if word in below
    } == display.icons
