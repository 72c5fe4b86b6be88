"""Tokens of every kind over HTTP: what is told of them at enrolment, and what goes with their codes."""

import pytest

from keyfob import Seed
from keyfob.ocra import OcraSuite, hash_pin, ocra
from keyfob.uri import parse_uri

SUITE = "OCRA-1:HOTP-SHA1-6:QN08"
WITH_PIN = "OCRA-1:HOTP-SHA256-8:C-QN08-PSHA1-S008"
PIN = "731982"


@pytest.fixture
def ask(running, new_key):
    """Asks as an administrator, or with the key of another role."""
    admin = new_key().api_key

    def ask(method, path, body=None, role=None):
        key = admin if role is None else new_key(role).api_key
        return running.ask(method, path, api_key=key, json=body)

    return ask


@pytest.fixture
def enrol(ask):
    def enrol(**wanted):
        answered = ask("POST", "/v1/tokens", {"account": "alice"} | wanted)
        assert answered.status_code == 201, answered.text
        return answered.json()

    return enrol


@pytest.fixture
def active(ask, enrol):
    """An active token that nothing but its questions moves on: its serial, and what answers."""
    told = enrol(kind="ocra", suite=SUITE)
    serial, key = told["token"]["serial"], Seed.from_base32(told["seed"]).reveal()

    def answer(question):
        return ocra(key, OcraSuite.parse(SUITE), question=question)

    question = ask("POST", f"/v1/tokens/{serial}/questions").json()["question"]
    activated = ask("POST", f"/v1/tokens/{serial}/activate", {"code": answer(question), "question": question})
    assert activated.json()["answer"] == "accepted"
    return serial, answer


def test_counter_token_is_enrolled_with_its_counter(enrol):
    told = enrol(kind="hotp", counter=5)
    assert parse_uri(told["uri"]).counter == 5
    token = told["token"]
    assert (token["kind"], token["next_counter"], token["drift"], token["time_step_s"]) == (
        "hotp",
        5,
        None,
        None,
    )


def test_ocra_token_is_told_its_seed_and_never_its_pin(enrol, ask):
    told = enrol(kind="ocra", suite=WITH_PIN, pin=PIN)
    assert (told["uri"], told["qr"]) == (None, None)
    assert Seed.from_base32(told["seed"])
    assert PIN not in str(told)
    shown = ask("GET", f"/v1/tokens/{told['token']['serial']}").json()
    assert (shown["suite"], shown["digits"], shown["algorithm"]) == (WITH_PIN, 8, "SHA256")
    assert told["seed"] not in str(shown)


def test_question_that_was_asked_is_answered_once(ask, active):
    serial, answer = active
    asked = ask("POST", f"/v1/tokens/{serial}/questions", role="validator")
    assert asked.status_code == 201
    question = asked.json()["question"]
    body = {"serial": serial, "code": answer(question), "question": question}
    assert [ask("POST", "/v1/validate", body, "validator").json()["answer"] for _ in range(2)] == [
        "accepted",
        "refused",
    ]


def test_pin_and_session_go_into_the_answer(ask, enrol):
    told = enrol(kind="ocra", suite=WITH_PIN, pin=PIN, counter=3)
    suite, key = OcraSuite.parse(WITH_PIN), Seed.from_base32(told["seed"]).reveal()
    code = ocra(
        key, suite, question="42", counter=3, pin_hash=hash_pin(PIN, suite), session=bytes.fromhex("c0ffee")
    )
    path = f"/v1/tokens/{told['token']['serial']}/activate"
    wrong = ask("POST", path, {"code": code, "question": "42", "session": "c0ffef"})
    assert wrong.json()["answer"] == "refused"
    running = {"code": code, "question": "42", "session": "c0ffee"}
    assert ask("POST", path, running).status_code == 429, "it has to wait"


@pytest.mark.parametrize("serial", ["KF-NOBODY", "totp"])
def test_only_who_may_diagnose_is_told_that_nothing_will_answer(ask, enrol, serial):
    if serial == "totp":
        serial = enrol()["token"]["serial"]
    hidden = ask("POST", f"/v1/tokens/{serial}/questions", role="validator")
    assert (hidden.status_code, len(hidden.json()["question"])) == (201, 8)
    told = ask("POST", f"/v1/tokens/{serial}/questions")
    assert told.json()["type"].rpartition(":")[2] in {"token-not-found", "no-questions"}


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"kind": "ocra"}, "invalid-application"),
        ({"kind": "ocra", "suite": WITH_PIN}, "invalid-application"),
        ({"kind": "ocra", "suite": SUITE, "pin": PIN}, "invalid-application"),
        ({"kind": "ocra", "suite": SUITE, "digits": 8}, "invalid-application"),
        ({"kind": "hotp", "time_step_s": 60}, "invalid-application"),
        ({"counter": 1}, "invalid-application"),
        ({"kind": "hotp", "counter": 2**63}, "invalid-request"),
        ({"kind": "ocra", "suite": "OCRA-1:nothing"}, "invalid-ocra-suite"),
        ({"kind": "ocra", "suite": WITH_PIN, "pin": PIN * 20}, "invalid-request"),
    ],
)
def test_what_no_token_can_be_is_refused_without_its_secrets(ask, wanted, code):
    refused = ask("POST", "/v1/tokens", {"account": "alice"} | wanted)
    assert (refused.status_code, refused.json()["type"]) == (422, f"urn:keyfob:problem:{code}")
    assert PIN not in refused.text


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({}, 422, "question-missing"),
        ({"question": "abc"}, 422, "malformed-question"),
        ({"question": "1", "session": "00"}, 422, "ocra-input"),
        ({"question": "1", "session": "0"}, 422, "invalid-request"),
        ({"session": "00"}, 422, "invalid-request"),
        ({"question": "12345678"}, 409, "question-not-open"),
    ],
)
def test_activation_says_what_is_wrong_with_its_question(ask, enrol, more, status, code):
    serial = enrol(kind="ocra", suite=SUITE)["token"]["serial"]
    refused = ask("POST", f"/v1/tokens/{serial}/activate", {"code": "123456"} | more)
    assert (refused.status_code, refused.json()["type"]) == (status, f"urn:keyfob:problem:{code}")


def test_there_is_nothing_to_resynchronize_without_clock_or_counter(ask, active):
    body = {"first_code": "123456", "second_code": "123457"}
    refused = ask("POST", f"/v1/tokens/{active[0]}/resync", body)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:keyfob:problem:nothing-to-resync")
