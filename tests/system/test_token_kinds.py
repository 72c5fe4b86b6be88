"""Simulated fobs of every kind and a served verifier: enrolled, programmed, activated, used, and used once."""

import io
import json
import sys
import time

import pytest

from keyfob.cli import main
from served import Served

PIN = "2468"
LIT_S = 1
STEADY = ("--drift-ppm", "0", "--wander-ppm", "0", "--lit-s", str(LIT_S))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with Served(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture
def keyfob(served, tmp_path, monkeypatch, capsys):
    """Runs a command beside the server, in this process, and gives its JSON."""
    own = {"KEYFOB_FOB_DIR": str(tmp_path / "fobs"), "KEYFOB_FOB_KEY": str(tmp_path / "fobs.key")}
    for name, value in (served.environment | own).items():
        monkeypatch.setenv(name, value)

    def keyfob(*arguments, typed="", status=0):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
        ended = main([*map(str, arguments), "--json"])
        told = capsys.readouterr()
        assert ended == status, told.err
        return json.loads(told.out)

    return keyfob


@pytest.fixture
def press(keyfob):
    """Presses the one fob once its display is dark again, and gives what it shows."""

    def press(*typed_in):
        time.sleep(LIT_S)
        return keyfob("fob", "press", "desk", *typed_in)["code"]

    return press


def validated(served, serial, code, **more):
    answered = served.http.post("/v1/validate", json={"serial": serial, "code": code, **more})
    assert answered.status_code == 200, answered.text
    return answered.json()["answer"]


def test_counter_fob(served, keyfob, press):
    told = keyfob("token", "enrol", "alice", "--kind", "hotp", "--counter", "7")
    serial = told["serial"]
    keyfob("fob", "new", "desk", *STEADY, "--uri", told["uri"])
    assert keyfob("token", "activate", serial, press())["answer"] == "accepted"
    assert keyfob("token", "show", serial)["next_counter"] == 8
    press()
    code = press()
    assert validated(served, serial, code) == "accepted"
    assert keyfob("token", "show", serial)["next_counter"] == 10
    assert validated(served, serial, code) == "refused"


@pytest.mark.parametrize(
    ("suite", "pin"),
    [
        pytest.param("OCRA-1:HOTP-SHA256-8:C-QN08-PSHA1", PIN, id="counter and PIN"),
        pytest.param("OCRA-1:HOTP-SHA1-6:QN08-T1M", None, id="time"),
        pytest.param("OCRA-1:HOTP-SHA1-6:QN08", None, id="question alone"),
    ],
)
def test_fob_that_answers_questions(served, keyfob, press, suite, pin):
    kept, own = ((), ()) if pin is None else (("--pin-file", "-"), ("--pin", pin))
    wanted = ("--kind", "ocra", "--suite", suite, *kept)
    told = keyfob("token", "enrol", "carol", *wanted, typed=f"{pin}\n")
    serial = told["serial"]
    made = (*STEADY, *own, "--ocra-suite", suite, "--seed", "-")
    keyfob("fob", "new", "desk", *made, typed=f"{told['seed']}\n")

    question = keyfob("token", "ask", serial)["question"]
    first = press(*own, "--question", question)
    assert keyfob("token", "activate", serial, first, "--question", question)["answer"] == "accepted"

    asked = served.http.post(f"/v1/tokens/{serial}/questions").json()["question"]
    answer = press(*own, "--question", asked)
    assert validated(served, serial, answer, question=asked) == "accepted"

    typed = keyfob("token", "ask", serial)["question"]
    last = press(*own, "--question", typed)
    assert keyfob("validate", serial, last, "--question", typed)["answer"] == "accepted"
    assert validated(served, serial, last, question=typed) == "refused"
