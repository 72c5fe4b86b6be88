"""`keyfob fob …`: what hands do."""

import json
import os
import pty
import subprocess
import termios
import time

import pytest

from fob_command_samples import AT_NOON, COUNTING_PEER, KEYFOB, PEER, STEADY
from fob_samples import NOON, URI
from keyfob.ocra import OcraSuite, hash_pin, ocra, parse_question


def test_press_tells_all_of_the_reading_as_json(ok):
    ok("new", "desk", *STEADY, "--uri", URI)
    assert json.loads(ok("press", "desk", "--at", NOON + 5, "--json")) == {
        "code": PEER.at(int(NOON)),
        "step": int(NOON) // 30,
        "changes_in_s": 25.0,
        "dark_in_s": 25.0,
        "seen": PEER.at(int(NOON)),
    }


def test_terminal_shows_the_code_large(ok):
    """On a real terminal, a pseudo-terminal's end, the console script draws the fob's glass."""
    ok("new", "desk", *STEADY, "--uri", URI, "--serial", "KF42")
    ours, its = pty.openpty()
    process = subprocess.run(
        [KEYFOB, "fob", "press", "desk", "--at", AT_NOON],
        stdout=its,
        stderr=subprocess.PIPE,
        env=os.environ | {"TERM": "dumb", "COLUMNS": "80"},
        check=True,
    )
    os.close(its)
    drawn = os.read(ours, 10_000).decode()
    os.close(ours)
    code = PEER.at(int(NOON))
    assert process.stderr == b""
    assert "ACME: alice@example.com" in drawn
    assert "KF42" in drawn
    assert f"{code[:3]} {code[3:]}  changes in 30 s, dark in 25 s" in drawn
    assert "|_|" in drawn


def test_presses_from_many_shells_at_once_are_all_kept(ok):
    ok("new", "desk", *STEADY, "--uri", URI)
    command = [KEYFOB, "fob", "press", "desk", "--at", AT_NOON]
    shells = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert {shell.communicate()[0] for shell in shells} == {f"{PEER.at(int(NOON))}\n"}
    assert json.loads(ok("show", "desk", "--json"))["presses"] == 4


def test_time_may_be_given_in_several_ways(ok):
    ok("new", "desk", *STEADY, "--uri", URI)
    for at in (str(NOON), "2026-01-01T12:00", "2026-01-01 12:00:00", "2026-01-01T13:00+01:00"):
        assert ok("press", "desk", "--at", at) == f"{PEER.at(int(NOON))}\n"


SUITE = OcraSuite.parse("OCRA-1:HOTP-SHA1-6:C-QN08-PSHA1")
SEED_LINE = URI.partition("secret=")[2].partition("&")[0].encode()


def test_counting_fob_shows_each_code_once(ok):
    ok("new", "desk", *STEADY, "--uri", URI.replace("totp", "hotp") + "&counter=7")
    shown = json.loads(ok("press", "desk", "--at", AT_NOON, "--json"))
    assert (shown["code"], shown["step"], shown["changes_in_s"]) == (COUNTING_PEER.at(7), 7, None)
    assert ok("press", "desk", "--at", NOON + 30) == f"{COUNTING_PEER.at(8)}\n"
    assert json.loads(ok("show", "desk", "--at", NOON + 60, "--json"))["kind"] == "hotp"


def test_pin_is_typed_where_the_fob_asks_for_it(ok, refused, stdin):
    stdin(f"2468\n{URI}\n".encode())
    ok("new", "desk", *STEADY, "--pin", "-", "--uri", "-")
    assert "--pin" in refused("press", "desk", "--at", AT_NOON)
    assert ok("press", "desk", "--pin", "2468", "--at", NOON + 1) == f"{PEER.at(int(NOON))}\n"
    stdin(b"2468\n")
    assert ok("press", "desk", "--pin", "-", "--at", NOON + 60) == f"{PEER.at(int(NOON) + 60)}\n"


def test_wrong_pins_count_whatever_the_command_says(ok, refused):
    ok("new", "desk", *STEADY, "--pin", "2468", "--uri", URI)
    for attempt in range(4):
        assert "asks for its PIN" in refused("press", "desk", "--pin", "1111", "--at", NOON + 60 * attempt)
    assert "too many wrong PINs" in refused("press", "desk", "--pin", "1111", "--at", NOON + 300)
    assert json.loads(ok("show", "desk", "--at", NOON + 301, "--json"))["state"] == "pin-blocked"
    assert "too many wrong PINs" in refused("press", "desk", "--pin", "2468", "--at", NOON + 400)


def test_question_fob_answers_with_pin_and_counter(ok, refused, stdin):
    stdin(SEED_LINE + b"\n")
    ok("new", "desk", *STEADY, "--pin", "2468", "--ocra-suite", str(SUITE), "--seed", "-")
    shown = json.loads(ok("show", "desk", "--at", AT_NOON, "--json"))
    assert (shown["kind"], shown["suite"], shown["time_step_s"]) == ("ocra", str(SUITE), None)
    assert "--question" in refused("press", "desk", "--pin", "2468", "--at", AT_NOON)
    answers = [
        ok("press", "desk", "--pin", "2468", "--question", "00001234", "--at", NOON + 60 * turn).strip()
        for turn in (1, 2)
    ]
    question, pin_hash = parse_question("00001234", SUITE), hash_pin("2468", SUITE)
    assert answers == [
        ocra(b"12345678901234567890", SUITE, question=question, counter=counter, pin_hash=pin_hash)
        for counter in (0, 1)
    ]
    malformed = refused("press", "desk", "--pin", "2468", "--question", "abcd", "--at", NOON + 300)
    assert "question" in malformed


def test_long_press_tells_about_the_fob(ok):
    ok("new", "desk", *STEADY, "--uri", URI, "--serial", "KF00000042")
    assert ok("hold", "desk", "--at", AT_NOON) == "000042\n"
    shown = json.loads(ok("display", "desk", "--at", NOON + 5, "--json"))
    assert (shown["state"], shown["dark_in_s"]) == ("information", pytest.approx(20.0, abs=0.001))


def test_finger_that_stays_is_a_long_press(ok, refused):
    ok("new", "desk", *STEADY, "--uri", URI)
    assert "it tells about itself" in refused("press", "desk", "--hold-s", "1.6", "--at", AT_NOON)
    assert ok("press", "desk", "--hold-s", "1.4", "--at", NOON + 30) == f"{PEER.at(int(NOON) + 30)}\n"


def test_battery_is_dead_after_many_years_and_can_be_replaced(ok, refused):
    ok("new", "desk", *STEADY, "--uri", URI)
    assert "keyfob fob replace-battery" in refused("press", "desk", "--at", "2040-01-01")
    assert ok("replace-battery", "desk", "--at", "2040-01-01") == "\n"
    revived = json.loads(ok("show", "desk", "--at", "2040-01-01", "--json"))
    assert revived["state"] == "idle"
    assert revived["clock_offset_s"] < -86_400.0 * 365


def test_button_held_as_the_battery_goes_in_starts_the_self_test(ok):
    ok("new", "desk", *STEADY, "--uri", URI)
    assert ok("replace-battery", "desk", "--button-held", "--at", AT_NOON) == "PA55\n"


def test_terminal_asks_for_the_pin_unseen(ok):
    """At a pseudo-terminal's end, the console script asks as the fob does."""
    ok("new", "desk", *STEADY, "--pin", "2468", "--uri", URI)
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [KEYFOB, "fob", "press", "desk", "--at", AT_NOON],
        stdin=its,
        stdout=subprocess.PIPE,
        stderr=its,
        text=True,
        start_new_session=True,
    )
    os.close(its)
    deadline = time.monotonic() + 20.0
    while termios.tcgetattr(ours)[3] & termios.ECHO and time.monotonic() < deadline:
        time.sleep(0.02)
    os.write(ours, b"2468\n")
    out, _ = process.communicate(timeout=20)
    said = os.read(ours, 1000).decode()
    os.close(ours)
    assert out == f"{PEER.at(int(NOON))}\n"
    assert said.startswith("PIN")
    assert "2468" not in said
