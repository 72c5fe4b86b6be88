"""The commands for tokens that a counter or a question moves on, as typed."""

import pytest

from keyfob import Seed, hotp
from keyfob.cli import main
from keyfob.ocra import OcraSuite, hash_pin, ocra
from keyfob.qr import read_qr
from keyfob.uri import parse_uri

COUNTED, ASKED = "OCRA-1:HOTP-SHA256-8:C-QN08-PSHA1", "OCRA-1:HOTP-SHA1-6:QN08"
PIN = "731982"
DRIFT = {"offset_s", "offset_sd_s", "rate_ppm", "rate_sd_ppm"}


@pytest.fixture
def installed(places, keyfob):
    return keyfob("init")


@pytest.fixture
def counting(installed, keyfob):
    """Enrols a counter token with serial H-1, whose next counter is 5; its seed."""
    enrolled = keyfob("token", "enrol", "bob", "--serial", "H-1", "--kind", "hotp", "--counter", 5)
    return parse_uri(enrolled["uri"]).seed.reveal()


@pytest.fixture
def enrol_asked(installed, keyfob, places):
    """Enrols an ocra token with serial O-1; what its fob answers."""

    def enrol_asked(suite, pin=None):
        given = ()
        if pin is not None:
            (places / "pin").write_text(f"{pin}\n")
            given = ("--pin-file", places / "pin")
        told = keyfob(
            "token", "enrol", "carol", "--serial", "O-1", "--kind", "ocra", "--suite", suite, *given
        )
        parsed = OcraSuite.parse(suite)
        inputs = {} if pin is None else {"pin_hash": hash_pin(pin, parsed)}

        def answer(question, **moved_by):
            key = Seed.from_base32(told["seed"]).reveal()
            return ocra(key, parsed, question=question, **inputs, **moved_by)

        return answer

    return enrol_asked


def printed(capsys, *arguments):
    """What people see."""
    assert main([*arguments]) == 0
    return capsys.readouterr().out


def test_counter_token_from_enrolment_to_resync(counting, keyfob):
    assert keyfob("token", "show", "H-1")["next_counter"] == 5
    assert keyfob("token", "activate", "H-1", hotp(counting, 5))["answer"] == "accepted"
    assert keyfob("validate", "H-1", hotp(counting, 7))["answer"] == "accepted"
    assert keyfob("validate", "H-1", hotp(counting, 7), status=1)["reason"] == "replayed"
    assert keyfob("token", "show", "H-1")["next_counter"] == 8


def test_counter_token_that_was_pressed_in_vain_is_found_again(counting, keyfob):
    keyfob("token", "activate", "H-1", hotp(counting, 5))
    keyfob("token", "resync", "H-1", hotp(counting, 90), hotp(counting, 91))
    assert keyfob("token", "show", "H-1")["next_counter"] == 92


def test_qr_code_of_a_counter_token_carries_its_counter(installed, keyfob, places):
    keyfob("token", "enrol", "bob", "--kind", "hotp", "--counter", 7, "--qr", places / "h.png")
    assert parse_uri(read_qr(places / "h.png")).counter == 7


def test_question_is_asked_and_answered_once(enrol_asked, keyfob):
    answer = enrol_asked(ASKED)
    question = keyfob("token", "ask", "O-1")["question"]
    assert (
        keyfob("token", "activate", "O-1", answer(question), "--question", question)["answer"] == "accepted"
    )
    next_one = keyfob("token", "ask", "O-1")["question"]
    told = ("validate", "O-1", answer(next_one), "--question", next_one)
    assert keyfob(*told)["answer"] == "accepted"
    assert keyfob(*told, status=1)["reason"] == "question-not-open"


def test_own_questions_are_answered_with_pin_and_counter(enrol_asked, keyfob):
    answer = enrol_asked(COUNTED, PIN)
    activate = ("token", "activate", "O-1", answer("4711", counter=0), "--question", "4711")
    assert keyfob(*activate)["answer"] == "accepted"
    codes = [answer("42", counter=counter) for counter in (60, 61)]
    assert keyfob("token", "resync", "O-1", *codes, "--question", "42")["answer"] == "accepted"
    assert keyfob("token", "show", "O-1")["next_counter"] == 62


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (("token", "activate", "O-1", "123456"), "say which one its code answers"),
        (("token", "activate", "O-1", "123456", "--question", "abc"), "numeric characters"),
        (("token", "activate", "O-1", "123456", "--question", "12345678"), "ask a new one"),
        (("token", "activate", "H-1", "123456", "--question", "12345678"), "only an ocra token"),
        (("token", "ask", "H-1"), "only an ocra token"),
        (("token", "ask", "NOBODY"), "there is no token"),
    ],
)
def test_what_is_wrong_with_a_question_is_told(counting, enrol_asked, mistake, command, complaint):
    enrol_asked(ASKED)
    assert complaint in mistake(*command)


def test_token_without_clock_and_counter_needs_no_resync(enrol_asked, keyfob, mistake):
    answer = enrol_asked(ASKED)
    question = keyfob("token", "ask", "O-1")["question"]
    keyfob("token", "activate", "O-1", answer(question), "--question", question)
    assert "ask it a question" in mistake(
        "token", "resync", "O-1", "123456", "123457", "--question", question
    )


@pytest.mark.parametrize(
    ("content", "complaint", "status"),
    [
        (b"", "1 to 64 characters", 1),
        (b"\n7319\n", "1 to 64 characters", 1),
        (b"7319" * 17, "1 to 64 characters", 1),
        (b"7319\xff", "not text in UTF-8", 2),
    ],
)
def test_bad_pin_enrols_nothing_and_is_not_repeated(
    installed, places, keyfob, mistake, content, complaint, status
):
    (places / "pin").write_bytes(content)
    command = ("token", "enrol", "carol", "--kind", "ocra", "--suite", COUNTED)
    told = mistake(*command, "--pin-file", places / "pin", status=status)
    assert complaint in told
    assert "7319" not in told
    assert keyfob("token", "list") == []


@pytest.mark.parametrize(
    ("options", "complaint", "status"),
    [
        (("--kind", "ocra"), "an ocra token needs a suite", 1),
        (("--kind", "ocra", "--suite", "OCRA-1:HOTP-SHA1-6"), "is no OCRA suite", 1),
        (("--kind", "ocra", "--suite", "OCRA-1:HOTP-SHA1-4:C-QN08"), "6 to 10 digits", 1),
        (("--kind", "ocra", "--suite", COUNTED), "needs a PIN", 1),
        (("--kind", "ocra", "--suite", ASKED, "--counter", "1"), "a counter belongs to", 1),
        (("--kind", "ocra", "--suite", ASKED, "--qr", "a.png"), "no QR code", 2),
        (("--kind", "hotp", "--suite", ASKED), "no other token has one", 1),
        (("--kind", "hotp", "--counter", str(2**63)), "2**63 - 1", 1),
        (("--counter", "1"), "a counter belongs to", 1),
    ],
)
def test_what_no_token_can_be_enrols_nothing(installed, keyfob, mistake, options, complaint, status):
    assert complaint in mistake("token", "enrol", "bob", *options, status=status)
    assert keyfob("token", "list") == []


def test_people_see_the_seed_of_an_ocra_token_and_what_to_do_next(installed, capsys):
    capsys.readouterr()
    seen = printed(capsys, "token", "enrol", "carol", "--serial", "O-1", "--kind", "ocra", "--suite", ASKED)
    assert ASKED in seen
    assert "keyfob token ask O-1" in seen
    assert "█" not in seen


def test_people_see_of_a_token_what_it_has(counting, enrol_asked, capsys):
    enrol_asked(ASKED)
    counter, question = (printed(capsys, "token", "show", serial) for serial in ("H-1", "O-1"))
    assert "next counter" in counter
    assert "suite" in question
    for seen in (counter, question):
        assert "drift" not in seen
        assert "–" not in seen


def test_people_see_columns_that_something_stands_in(counting, keyfob, capsys):
    assert "offset" not in printed(capsys, "token", "list")
    keyfob("token", "enrol", "alice", "--serial", "T-1")
    both = printed(capsys, "token", "list")
    assert "offset" in both
    assert "next counter" in both
    keyfob("token", "revoke", "H-1", "--yes")
    assert "hotp" in printed(capsys, "token", "list")


def test_programs_get_the_same_keys_for_every_kind(counting, enrol_asked, keyfob):
    enrol_asked(ASKED)
    keyfob("token", "enrol", "alice", "--serial", "T-1")
    shown = [keyfob("token", "show", serial) for serial in ("H-1", "O-1", "T-1")]
    assert shown[0].keys() == shown[1].keys() == shown[2].keys() >= {f"drift_{name}" for name in DRIFT}
    rows = keyfob("token", "list")
    assert rows[0].keys() == rows[1].keys() == rows[2].keys() >= DRIFT | {"kind", "next_counter"}
    assert [row["kind"] for row in rows] == ["hotp", "ocra", "totp"]
