"""`keyfob fob …`: what befalls a fob."""

import json

import pytest

from fob_command_samples import AT_NOON, PEER, STEADY
from fob_samples import NOON, URI
from keyfob_firmware.fault_words import fault_fields
from keyfob_firmware.faults import FAULTS


@pytest.fixture
def desk(ok):
    ok("new", "desk", *STEADY, "--uri", URI)


def test_aged_fob_has_drifted_and_its_battery_sunk(ok):
    ok("new", "desk", "--drift-ppm", "10", "--wander-ppm", "0", "--at", AT_NOON, "--uri", URI)
    old = json.loads(ok("age", "desk", "365", "--at", AT_NOON, "--json"))
    # 10 ppm of a year are 315 s; a first year's ageing and the battery's voltage are within 20 s of it
    assert old["clock_offset_s"] == pytest.approx(315.0, abs=20.0)
    assert 75.0 < old["battery_percent"] < 85.0
    assert json.loads(ok("show", "desk", "--at", AT_NOON, "--json")) == old


def test_fob_aged_beyond_its_battery_is_dead(ok, refused, desk):
    assert json.loads(ok("age", "desk", "3000", "--at", AT_NOON, "--json"))["state"] == "dead"
    assert "about five years" in refused("press", "desk", "--at", AT_NOON)


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        (("clock-step", "seconds=-90"), "clock_offset_s", pytest.approx(-90.0, abs=0.01)),
        (("rate-jump", "ppm=40"), "clock_rate_ppm", pytest.approx(40.0, abs=0.5)),
        (("temperature-shock", "temperature_c=60", "seconds=600"), "temperature_c", 60.0),
        (("stuck-button",), "button", "stuck"),
        (("bouncing-button",), "button", "bouncing"),
        (("flat-battery",), "state", "dead"),
        (("tamper",), "state", "tampered"),
        (("brown-out", "times=2"), "state", "idle"),
        (("bit-flip", "area=seed", "byte=9", "bit=0"), "state", "idle"),
        (("dead-segments", "segments=0g,1a"), "state", "idle"),
        (("stopped-oscillator", "seconds=60"), "clock_rate_ppm", pytest.approx(-1e6)),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_every_fault_can_be_injected(ok, desk, words, field, value):
    assert json.loads(ok("inject", "desk", *words, "--at", AT_NOON, "--json"))[field] == value
    assert json.loads(ok("events", "desk", "--json"))[1]["event"] == words[0]


def test_stuck_button_shows_no_code(ok, refused, desk):
    ok("inject", "desk", "stuck-button", "--at", AT_NOON)
    assert "its display is dark" in refused("press", "desk", "--at", AT_NOON)


def test_shifted_clock_shows_the_code_of_its_own_time(ok, desk):
    ok("inject", "desk", "clock-step", "seconds=-90", "--at", AT_NOON)
    assert ok("press", "desk", "--at", AT_NOON) == f"{PEER.at(int(NOON) - 90)}\n"


def test_help_names_every_fault_and_its_fields(ok, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    said = ok("inject", "--help")
    for name in FAULTS:
        assert name in said
        assert all(field.name in said for field in fault_fields(name)), name


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("meteorite",), "take one of clock-step, stopped-oscillator"),
        (("clock-step",), "seconds is missing: write clock-step seconds=SECONDS"),
        (("clock-step", "90"), "write clock-step seconds=SECONDS"),
        (("clock-step", "seconds=soon"), "seconds is not what it takes"),
        (("clock-step", "seconds=nan"), "seconds must be"),
        (("clock-step", "seconds=1", "seconds=2"), "'seconds=2' says nothing"),
        (("tamper", "kind=tamper"), "write tamper"),
        (("brown-out", "times=many"), "[after_writes=AFTER_WRITES] [times=TIMES]"),
        (("dead-segments", "segments=x"), "segments is not what it takes"),
        (("dead-segments", "segments=0z"), "segments must be"),
        (("bit-flip", "area=rom", "byte=0", "bit=0"), "area must be seed, counter"),
    ],
)
def test_impossible_fault_is_one_line_and_changes_nothing(ok, refused, desk, home, words, complaint):
    before = (home / "fobs" / "desk.fob").read_bytes()
    assert complaint in refused("inject", "desk", *words, "--at", AT_NOON)
    assert (home / "fobs" / "desk.fob").read_bytes() == before
