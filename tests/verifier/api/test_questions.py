"""Tokens of every kind over HTTP: what is told of them at enrolment, and what goes with their codes."""

import base64

import pytest

from keyfob import Seed, hotp
from keyfob.ocra import OcraSuite, hash_pin, ocra
from keyfob.qr import read_qr
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


def test_counter_token_is_enrolled_with_its_counter(enrol, tmp_path):
    told = enrol(kind="hotp", counter=5)
    assert parse_uri(told["uri"]).counter == 5
    picture = tmp_path / "qr.png"
    picture.write_bytes(base64.b64decode(told["qr"]["data_uri"].partition(",")[2]))
    assert read_qr(picture) == told["uri"]
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


def test_counter_token_is_used_and_found_again(ask, enrol):
    told = enrol(kind="hotp", counter=5)
    serial, key = told["token"]["serial"], Seed.from_base32(told["seed"]).reveal()
    assert ask("POST", f"/v1/tokens/{serial}/activate", {"code": hotp(key, 5)}).json()["answer"] == "accepted"
    used = [ask("POST", "/v1/validate", {"serial": serial, "code": hotp(key, 8)}).json() for _ in range(2)]
    assert [told["answer"] for told in used] == ["accepted", "refused"]
    assert ask("GET", f"/v1/tokens/{serial}").json()["next_counter"] == 9


def test_both_codes_of_a_resync_answer_the_same_question(ask, enrol):
    told = enrol(kind="ocra", suite="OCRA-1:HOTP-SHA1-6:C-QN08")
    serial, suite = told["token"]["serial"], OcraSuite.parse(told["token"]["suite"])
    codes = [
        ocra(Seed.from_base32(told["seed"]).reveal(), suite, question="4711", counter=counter)
        for counter in (0, 50, 51)
    ]
    first = {"code": codes[0], "question": "4711"}
    assert ask("POST", f"/v1/tokens/{serial}/activate", first).json()["answer"] == "accepted"
    pair = {"first_code": codes[1], "second_code": codes[2], "question": "4711"}
    assert ask("POST", f"/v1/tokens/{serial}/resync", pair).json()["answer"] == "accepted"
    assert ask("GET", f"/v1/tokens/{serial}").json()["next_counter"] == 52


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({}, "question-unusable"),
        ({"question": "abc"}, "question-unusable"),
        ({"question": "12345678", "session": "00"}, "question-unusable"),
        ({"question": "12345678"}, "question-not-open"),
    ],
)
def test_validation_refuses_what_answers_no_question(ask, active, more, reason):
    """Without a hint to those who may not diagnose: a 422 would tell of what kind a token is."""
    body = {"serial": active[0], "code": "123456"} | more
    refused = ask("POST", "/v1/validate", body)
    assert (refused.status_code, refused.json()) == (200, {"answer": "refused", "reason": reason})
    hidden = ask("POST", "/v1/validate", body, "validator")
    assert (hidden.status_code, hidden.json()) == (200, {"answer": "refused"})


def test_question_with_the_code_of_another_kind_is_refused(ask, enrol):
    told = enrol(kind="hotp")
    serial, code = told["token"]["serial"], hotp(Seed.from_base32(told["seed"]).reveal(), 0)
    refused = ask("POST", f"/v1/tokens/{serial}/activate", {"code": code, "question": "4711"})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:keyfob:problem:no-questions")
    assert ask("POST", f"/v1/tokens/{serial}/activate", {"code": code}).json()["answer"] == "accepted"


def test_pin_and_session_go_into_the_answer(ask, enrol, clock):
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
    clock.advance(seconds=3600)
    assert ask("POST", path, running).json()["answer"] == "accepted"


@pytest.fixture
def silent(ask, enrol):
    """The serials of tokens that answer no questions, each with its problem."""
    clocked = enrol()["token"]["serial"]
    revoked = enrol(kind="ocra", suite=SUITE)["token"]["serial"]
    assert ask("POST", f"/v1/tokens/{revoked}/revoke").status_code == 200
    return {
        "KF-NOBODY": (404, "token-not-found"),
        clocked: (409, "no-questions"),
        revoked: (409, "token-status"),
    }


def test_only_who_may_diagnose_is_told_that_nothing_will_answer(ask, silent):
    for serial, (status, code) in silent.items():
        hidden = ask("POST", f"/v1/tokens/{serial}/questions", role="validator")
        assert hidden.status_code == 201
        assert hidden.json().keys() == {"question", "open_s"}
        assert len(hidden.json()["question"]) == 8
        told = ask("POST", f"/v1/tokens/{serial}/questions")
        assert (told.status_code, told.json()["type"]) == (status, f"urn:keyfob:problem:{code}")


@pytest.mark.parametrize(
    ("wanted", "fields"),
    [
        ({"kind": "hotp", "counter": 2**63}, {"counter"}),
        ({"kind": "hotp", "counter": -1}, {"counter"}),
        ({"kind": "motp"}, {"kind"}),
        ({"pin": PIN * 20}, {"pin"}),
        ({"pin": "", "suite": "x" * 65}, {"pin", "suite"}),
    ],
)
def test_fields_that_are_wrong_are_named(ask, wanted, fields):
    refused = ask("POST", "/v1/tokens", {"account": "alice"} | wanted)
    assert refused.status_code == 422
    assert {fault.partition(":")[0] for fault in refused.json()["detail"].split("; ")} == fields


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"kind": "ocra"}, "invalid-application"),
        ({"kind": "ocra", "suite": WITH_PIN}, "invalid-application"),
        ({"kind": "ocra", "suite": SUITE, "pin": PIN}, "invalid-application"),
        ({"kind": "hotp", "pin": PIN}, "invalid-application"),
        ({"kind": "hotp", "suite": WITH_PIN, "pin": PIN}, "invalid-application"),
        ({"kind": "ocra", "suite": SUITE, "counter": 1}, "invalid-application"),
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
