"""Simulated fobs of every kind and a served verifier: enrolled, programmed, activated, used, and used once."""

import subprocess
import time

import pytest

from served import KEYFOB, Served

PIN = "2468"
LIT_S = 1
STEADY = ("--drift-ppm", "0", "--wander-ppm", "0", "--lit-s", str(LIT_S))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    directory = tmp_path_factory.mktemp("served")
    with Served(directory) as running:
        running.environment |= {
            "KEYFOB_FOB_DIR": str(directory / "fobs"),
            "KEYFOB_FOB_KEY": str(directory / "fobs.key"),
        }
        yield running


def typed(served, lines, *arguments):
    """What a command prints that is handed secrets on its standard input."""
    ran = subprocess.run(
        [*KEYFOB, *arguments],
        env=served.environment,
        input=lines,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def press(served, name, *typed_in):
    return served.keyfob("fob", "press", name, *typed_in)["code"]


def validated(served, serial, code, **more):
    answered = served.http.post("/v1/validate", json={"serial": serial, "code": code, **more})
    assert answered.status_code in {200, 429}, answered.text
    return answered.json().get("answer", "refused")


def test_counter_fob(served):
    told = served.keyfob("token", "enrol", "alice", "--kind", "hotp", "--counter", "7")
    served.keyfob("fob", "new", "counter", *STEADY, "--uri", told["uri"])
    first = press(served, "counter")
    assert served.keyfob("token", "activate", told["serial"], first)["answer"] == "accepted"
    assert served.keyfob("token", "show", told["serial"])["next_counter"] == 8
    assert validated(served, told["serial"], first) == "refused"


@pytest.mark.parametrize(
    ("name", "suite"),
    [
        ("counted", "OCRA-1:HOTP-SHA256-8:C-QN08-PSHA1"),
        ("timed", "OCRA-1:HOTP-SHA1-6:QN08-T1M"),
        ("asked", "OCRA-1:HOTP-SHA1-6:QN08"),
    ],
)
def test_fob_that_answers_questions(served, name, suite):
    has_pin = suite.endswith("PSHA1")
    pin_file = served.directory / "pin"
    pin_file.write_text(f"{PIN}\n")
    wanted = ("--pin-file", str(pin_file)) if has_pin else ()
    told = served.keyfob("token", "enrol", name, "--kind", "ocra", "--suite", suite, *wanted)
    own = ("--pin", PIN) if has_pin else ()
    made = (*STEADY, *own, "--ocra-suite", suite, "--seed", "-")
    typed(served, f"{told['seed']}\n", "fob", "new", name, *made)
    serial = told["serial"]

    question = served.keyfob("token", "ask", serial)["question"]
    code = press(served, name, *own, "--question", question)
    activated = served.keyfob("token", "activate", serial, code, "--question", question)
    assert activated["answer"] == "accepted"

    asked = served.http.post(f"/v1/tokens/{serial}/questions").json()["question"]
    time.sleep(LIT_S)
    answer = press(served, name, *own, "--question", asked)
    assert validated(served, serial, answer, question=asked) == "accepted"
    assert validated(served, serial, answer, question=asked) == "refused"
    assert validated(served, serial, answer) == "refused"
