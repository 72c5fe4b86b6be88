import pytest

from keyfob_firmware.seven_segment import draw_code, group_digits

SEGMENTS_LIT = {"0": 6, "1": 2, "2": 5, "3": 5, "4": 4, "5": 5, "6": 6, "7": 3, "8": 7, "9": 6}
"""How many of the seven segments each digit lights."""


def test_digits_look_like_digits():
    assert draw_code("1234567890").split("\n") == [
        "     _   _       _     _   _   _   _   _ ",
        "  |  _|  _| |_| |_    |_    | |_| |_| | |",
        "  | |_   _|   |  _|   |_|   | |_|  _| |_|",
    ]


@pytest.mark.parametrize(("digit", "lit"), SEGMENTS_LIT.items())
def test_each_digit_lights_its_segments(digit, lit):
    assert sum(draw_code(digit).count(stroke) for stroke in "_|") == lit


@pytest.mark.parametrize("length", range(6, 11))
def test_lines_are_of_one_width(length):
    assert len({len(line) for line in draw_code("1" * length).split("\n")}) == 1


def test_halves_are_grouped_with_the_longer_one_first():
    assert [group_digits(code) for code in ("123456", "1234567")] == [["123", "456"], ["1234", "567"]]
