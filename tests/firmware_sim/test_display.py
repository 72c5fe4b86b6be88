import copy
import pickle
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from display_samples import SHOWABLE, dead_segments, displays, screens
from keyfob_firmware.display import (
    BAR_PARTS,
    SEGMENTS,
    Icon,
    Lit,
    Screen,
    bar_for,
    describe,
    group_digits,
    lit,
    seen,
)
from keyfob_firmware.errors import FirmwareError, InvalidDisplayError, UnshowableCharacterError

SEGMENTS_OF = {
    "0": "abcdef",
    "1": "bc",
    "2": "abged",
    "3": "abgcd",
    "4": "fgbc",
    "5": "afgcd",
    "6": "afgedc",
    "7": "abc",
    "8": "abcdefg",
    "9": "gfabcd",
}


def dead_in_first(segment):
    return frozenset({(0, segment)})


def first_seen(character, dead=frozenset()):
    return seen(lit(Screen(f"{character}00000"), dead))[0]


@pytest.mark.parametrize(("digit", "segments"), SEGMENTS_OF.items())
def test_each_digit_lights_its_segments(digit, segments):
    assert lit(Screen(digit * 6)).cells == (frozenset(segments),) * 6


@given(st.text("0123456789", min_size=6, max_size=10))
def test_code_reads_as_itself(code):
    assert seen(lit(Screen(code))) == code


@pytest.mark.parametrize(
    ("digit", "readings"),
    [
        ("0", "UG????0"),
        ("1", "1??1111"),
        ("2", "??2??2?"),
        ("3", "????33?"),
        ("4", "4??44??"),
        ("5", "?5??5??"),
        ("6", "b6EK5?G"),
        ("7", "1??7777"),
        ("8", "?6?A9?0"),
        ("9", "Y5?q93?"),
    ],
)
def test_digit_with_one_dead_segment_reads_as_its_pattern(digit, readings):
    """The readings are those without segment a, without b, and so on."""
    assert "".join(first_seen(digit, dead_in_first(segment)) for segment in SEGMENTS) == readings


@given(screens(), dead_segments())
def test_dead_segments_go_out_and_nothing_else_does(screen, dead):
    sound, failed = lit(screen), lit(screen, dead)
    assert failed.parts == sound.parts - dead


def test_eight_with_all_its_segments_dead_is_blank():
    assert first_seen("8", frozenset((0, segment) for segment in SEGMENTS)) == " "


@pytest.mark.parametrize(
    ("cells", "read"),
    [
        ("PIN 12", "PIn 12"),
        ("FAIL  ", "FAIL  "),
        ("PASS  ", "PA55  "),
        ("dEAd  ", "dEAd  "),
        ("no SEEd", "no 5EEd"),
        ("E 13  ", "E 13  "),
        ("KF_1-2", "KF_1-2"),
    ],
)
def test_word_reads_as_its_segments_look(cells, read):
    assert seen(lit(Screen(cells))) == read


@given(st.sampled_from(SHOWABLE))
def test_case_of_a_letter_changes_nothing(character):
    assert lit(Screen(character.lower() * 6)) == lit(Screen(character.upper() * 6))


def test_letters_that_look_like_none_other_read_as_themselves():
    alike = {"S": "5", "Z": "2", "X": "H"}
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        assert first_seen(letter).upper() == alike.get(letter, letter)


@given(st.characters().filter(lambda character: character not in SHOWABLE))
def test_other_characters_are_refused(character):
    with pytest.raises(UnshowableCharacterError) as refusal:
        Screen(f"12345{character}")
    assert refusal.value.character == character


@pytest.mark.parametrize(
    ("cells", "bar", "field"),
    [
        ("", 0, "cells"),
        ("12345", 0, "cells"),
        ("12345678901", 0, "cells"),
        ("123456", -1, "bar"),
        ("123456", 7, "bar"),
    ],
)
def test_screen_that_no_display_has_is_refused(cells, bar, field):
    with pytest.raises(InvalidDisplayError) as refusal:
        Screen(cells, bar)
    assert refusal.value.field == field
    assert isinstance(refusal.value, FirmwareError)
    assert isinstance(refusal.value, ValueError)


def test_refusal_survives_a_copy_and_a_pickle():
    error = UnshowableCharacterError("%")
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (type(twin), str(twin), twin.character) == (UnshowableCharacterError, str(error), "%")


@given(displays())
def test_display_is_made_of_its_parts(display):
    assert Lit.of_parts(len(display.cells), display.parts) == display


@pytest.mark.parametrize(
    ("screen", "words"),
    [
        (Screen("      "), "The display is dark."),
        (Screen("1234567", 4), "The display shows 1234 567, 4 of 6 parts of the bar."),
        (Screen("E 13  ", icons=frozenset({Icon.ERROR})), "The display shows E 13, the error icon."),
        (
            Screen("      ", icons=frozenset({Icon.LOCK, Icon.BATTERY})),
            "The display shows the battery icon, the lock icon.",
        ),
    ],
)
def test_display_is_described_in_words(screen, words):
    assert describe(lit(screen)) == words


@pytest.mark.parametrize(
    ("left_s", "parts"),
    [(30.0, 6), (25.1, 6), (25.0, 5), (15.0, 3), (5.0, 1), (0.001, 1), (0.0, 0), (31.0, 6)],
)
def test_bar_shrinks_with_the_time_left(left_s, parts):
    assert bar_for(left_s, 30) == parts


@given(st.floats(0.0, 1.0, exclude_min=True), st.sampled_from([30, 60]))
def test_bar_is_never_empty_while_a_code_holds(share, time_step_s):
    assert 1 <= bar_for(share * time_step_s, time_step_s) <= BAR_PARTS


def test_digits_are_grouped_with_the_longer_group_first():
    assert [group_digits(code) for code in ("123456", "1234567")] == [["123", "456"], ["1234", "567"]]


def test_display_is_shown_as_text_and_svg_without_pillow():
    script = (
        "import sys, keyfob_firmware.display, keyfob_firmware.display_text, keyfob_firmware.display_svg;"
        "sys.exit('PIL' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
