"""`keyfob fob …`: what eyes see, and what the fob tells."""

import json
import os
import pty
import subprocess

import pytest

from fob_command_samples import AT_NOON, KEYFOB, PEER, STEADY
from fob_samples import NOON, URI
from keyfob.diagnostics import parse_report
from keyfob_firmware.display_png import read_png


@pytest.fixture
def desk(ok):
    ok("new", "desk", *STEADY, "--uri", URI, "--serial", "KF00000042")


def test_display_shows_what_is_lit_until_it_is_dark(ok, desk):
    assert ok("display", "desk", "--at", AT_NOON) == "\n"
    code = ok("press", "desk", "--at", AT_NOON)
    assert ok("display", "desk", "--at", NOON + 24) == code
    shown = json.loads(ok("display", "desk", "--at", NOON + 10, "--json"))
    assert shown == {
        "state": "lit",
        "seen": code.strip(),
        "bar": 4,
        "icons": [],
        "dark_in_s": pytest.approx(15.0, abs=0.001),
        "description": f"The display shows {code[:3]} {code[3:6]}, 4 of 6 parts of the bar.",
    }
    dark = json.loads(ok("display", "desk", "--at", NOON + 26, "--json"))
    assert (dark["state"], dark["seen"].strip(), dark["dark_in_s"]) == ("idle", "", 0.0)


def test_display_is_drawn_into_files(ok, desk, home):
    code = ok("press", "desk", "--at", AT_NOON).strip()
    ok("display", "desk", "--svg", home / "lcd.svg", "--png", home / "lcd.png", "--at", NOON + 1)
    assert f"The display shows {code[:3]} {code[3:]}" in (home / "lcd.svg").read_text()
    assert read_png((home / "lcd.png").read_bytes()).parts
    assert ok("display", "desk", "--at", NOON + 2).strip() == code


def test_press_in_a_pipe_says_what_a_person_reads(ok, desk):
    ok("inject", "desk", "dead-segments", "segments=0a,0b,0c,0d,0e,0f,0g", "--at", AT_NOON)
    shown = json.loads(ok("press", "desk", "--at", AT_NOON, "--json"))
    assert (shown["code"], shown["seen"]) == (PEER.at(int(NOON)), " " + PEER.at(int(NOON))[1:])
    assert ok("press", "desk", "--at", AT_NOON) == shown["seen"] + "\n"


def test_diagnosis_is_a_report_that_can_be_read(ok, desk, home):
    said = ok("diagnose", "desk", "--output", home / "report.json", "--at", AT_NOON, "--json")
    report = parse_report((home / "report.json").read_bytes())
    assert parse_report(said.encode()) == report
    assert said == (home / "report.json").read_text() + "\n"
    assert (report.serial, report.trigger, report.failures) == ("KF00000042", "request", ())


def test_failed_check_is_explained_and_is_the_exit_status(run, ok, desk):
    ok("inject", "desk", "stuck-button", "--at", AT_NOON)
    status, out, err = run("diagnose", "desk", "--at", AT_NOON)
    assert (status, err) == (1, "")
    assert "E50" in out
    assert "Its button is stuck." in out
    status, out, _ = run("diagnose", "desk", "--at", AT_NOON, "--json")
    assert (status, parse_report(out.encode()).failures) == (1, ("E50",))


def test_events_tell_the_fobs_life(ok, desk):
    ok("press", "desk", "--at", AT_NOON)
    ok("inject", "desk", "rate-jump", "ppm=5", "--at", NOON + 60)
    told = json.loads(ok("events", "desk", "--json"))
    assert [(event["event"], event["before"], event["after"]) for event in told] == [
        ("program", "unprovisioned", "idle"),
        ("press", "idle", "lit"),
        ("dark", "lit", "idle"),
        ("rate-jump", "idle", "idle"),
    ]
    assert told[1]["at"] == told[1]["own_time"] == "2026-01-01T12:00:00.000+00:00"
    ok("new", "blank", *STEADY)
    assert "Nothing has happened" in ok("events", "blank")


def test_watching_needs_a_terminal(refused, desk, stdin):
    stdin(b"q")
    assert "needs a terminal" in refused("watch", "desk")


def test_watched_fob_is_pressed_by_a_key(ok):
    """In a pseudo-terminal, the console script draws the glass, takes a press and leaves."""
    ok("new", "desk", "--drift-ppm", "0", "--uri", URI)
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [KEYFOB, "fob", "watch", "desk"],
        stdin=its,
        stdout=its,
        stderr=subprocess.PIPE,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "80"},
    )
    os.close(its)
    drawn = _read_until(ours, "idle: The display is dark.")
    os.write(ours, b" ")
    drawn += _read_until(ours, "lit: The display shows")
    os.write(ours, b"q")
    drawn += _read_until(ours, None)
    _, err = process.communicate(timeout=20)
    os.close(ours)
    assert (process.returncode, err) == (0, b"")
    assert "ACME: alice@example.com" in drawn
    assert "Dark in 25 s." in drawn
    assert json.loads(ok("show", "desk", "--json"))["presses"] == 1


def _read_until(descriptor, words):
    """What a pseudo-terminal says until these words, or until nobody is at its other end."""
    said = ""
    while words is None or words not in said:
        try:
            said += os.read(descriptor, 10_000).decode()
        except OSError:
            assert words is None, said
            break
    return said
