"""The live view, with keys that are handed in."""

import io

import pytest
from rich.console import Console

from fob_samples import NOON, SECRET, URI, steady
from keyfob.codes import totp
from keyfob.ocra import OcraSuite
from keyfob.seed import Seed
from keyfob_firmware.display_text import ASCII
from keyfob_firmware.fob import Fob
from keyfob_firmware.fob_file import FobFolder
from keyfob_firmware.fob_watch import HELP, Watched, drawing, watch_until_left
from keyfob_firmware.state import FobState
from keyfob_firmware.terminal_keys import END

CODE = totp(SECRET, int(NOON))


class Typist:
    """Presses keys, one each frame; None lets a frame pass, and a function is called in between."""

    def __init__(self, *keys):
        self.keys = list(keys)

    def next(self, wait_s):
        assert wait_s > 0.0
        key = self.keys.pop(0)
        if callable(key):
            key()
            return None
        return key


def text(drawn):
    console = Console(file=io.StringIO(), width=100)
    console.print(drawn)
    return console.file.getvalue()


@pytest.fixture
def folder(tmp_path):
    return FobFolder(tmp_path / "fobs")


@pytest.fixture
def watch(folder, key, clock):
    """Watches a fob with these keys; gives all that was drawn."""

    def watch(fob, *keys):
        folder.add("desk", fob.state)
        frames = []
        typist = Typist(*keys)
        watch_until_left(Watched(folder, "desk", key, clock), typist, lambda d: frames.append(text(d)), ASCII)
        assert not typist.keys
        return frames

    return watch


def test_drawing_tells_glass_words_and_keys(fob):
    fob.press()
    drawn = text(drawing(fob, "", ASCII))
    assert "ACME: alice@example.com" in drawn
    assert "KF00000001" in drawn
    assert "######" in drawn
    assert f"lit: The display shows {CODE[:3]} {CODE[3:]}, 6 of 6 parts of the bar. Dark in 25 s." in drawn
    assert HELP in drawn


def test_drawing_is_dark_when_the_fob_is(fob, clock):
    fob.press()
    clock.advance(seconds=26)
    drawn = text(drawing(fob, "", ASCII))
    assert "idle: The display is dark." in drawn
    assert "|" not in drawn
    assert "......" in drawn


def test_bar_shrinks_and_the_code_changes_with_the_clock(fob, watch, clock):
    frames = watch(fob, " ", lambda: clock.advance(seconds=20), lambda: clock.advance(seconds=9), "q")
    assert ["idle:" in frame for frame in frames] == [True, False, False, True]
    assert "6 of 6 parts" in frames[1]
    assert "2 of 6 parts of the bar. Dark in 5 s." in frames[2]


def test_space_and_enter_press_and_h_holds(fob, watch, folder):
    frames = watch(fob, " ", "h", None, END)
    assert ["idle:" in frames[0], "lit:" in frames[1], "information:" in frames[2]] == [True] * 3
    assert folder.read("desk").presses == 2
    assert folder.read("desk").mode == "information"


def test_pin_is_typed_key_by_key_and_never_drawn(blank_fob, watch):
    blank_fob.set_pin("2468")
    blank_fob.provision(URI)
    frames = watch(blank_fob, "\r", "9", "c", "2", "4", "6", "8", "\r", "q")
    assert "pin-entry:" in frames[1]
    assert [frame.count("The display shows -") for frame in frames[2:4]] == [1, 0]
    assert "The display shows ----" in frames[-2]
    assert not any("2468" in frame for frame in frames)
    assert f"{CODE[:3]} {CODE[3:]}" in frames[-1]


def test_question_that_is_none_is_complained_of(blank_fob, watch):
    blank_fob.program_challenge(Seed(SECRET), OcraSuite.parse("OCRA-1:HOTP-SHA1-6:QN04"))
    frames = watch(blank_fob, " ", *"12345", "\n", None, "\x03")
    assert "challenge: The display shows" in frames[1]
    assert "question" in frames[7]
    assert HELP not in frames[7]


def test_presses_elsewhere_are_seen_and_kept(fob, watch, folder, key, clock):
    def elsewhere():
        with folder.in_hand("desk", key, clock) as same:
            same.press()

    frames = watch(fob, elsewhere, "h", "q")
    assert "lit:" in frames[1]
    assert "information:" in frames[2]
    assert folder.read("desk").presses == 2


def test_key_pressed_while_another_keeps_the_fob_is_not_lost(folder, key, clock, monkeypatch):
    folder.add("desk", FobState.new("KF1", steady()))
    watched = Watched(folder, "desk", key, clock)
    fresh = watched.fob

    def overtaken():
        fob = fresh()
        monkeypatch.setattr(watched, "fob", fresh)
        with folder.in_hand("desk", key, clock) as same:
            same.hold()
        return fob

    monkeypatch.setattr(watched, "fob", overtaken)
    assert watched.take("h") == ""
    assert folder.read("desk").presses == 2
    assert Fob(folder.read("desk"), key, clock).mode == "information"


def test_other_keys_do_nothing(fob, watch, folder):
    before = fob.state
    watch(fob, "x", "\x1b", "q")
    assert folder.read("desk") == before
