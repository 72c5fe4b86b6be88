import datetime as dt
import hashlib
import itertools
import json
import random
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from keyfob import Algorithm, Parameters, time_step
from keyfob.errors import (
    CounterRangeError,
    InvalidOcraSuiteError,
    InvalidParametersError,
    InvalidSeedError,
    MalformedQuestionError,
    OcraInputError,
)
from keyfob.ocra import OcraSuite, QuestionFormat, hash_pin, new_question, ocra, parse_question
from ocra_samples import ALPHABETS, by_the_rfc, suites

RFC6287 = json.loads(
    (Path(__file__).parents[1] / "vectors" / "rfc6287_appendix_c.json").read_text(encoding="utf-8")
)
KEY = bytes.fromhex(RFC6287["keys_hex"]["20"])
PIN = "314159265"
PLAIN = OcraSuite()
EVERY_INPUT = OcraSuite.parse("OCRA-1:HOTP-SHA512-8:C-QN08-PSHA1-S064-T1M")
EVERYTHING = {"counter": 1, "pin_hash": bytes(20), "session": b"a", "step": 2}

counters = st.integers(0, 2**64 - 1)


@st.composite
def inputs(draw, suite):
    """Inputs of a suite in a form of which no two are written alike: see `new_question` for why numbers begin with 1 to 9."""
    length = suite.question_length
    question = draw(st.text(ALPHABETS[suite.question], min_size=length, max_size=length))
    if suite.question is QuestionFormat.NUMERIC:
        question = draw(st.sampled_from("123456789")) + question[1:]
    given_inputs = {"question": question}
    if suite.counter:
        given_inputs["counter"] = draw(counters)
    if suite.pin_hash:
        size = suite.pin_hash.digest_bytes
        given_inputs["pin_hash"] = draw(st.binary(min_size=size, max_size=size))
    if suite.session_bytes:
        given_inputs["session"] = draw(
            st.binary(max_size=suite.session_bytes).filter(lambda session: not session.startswith(b"\0"))
        )
    if suite.time_step_s:
        given_inputs["step"] = draw(counters)
    return given_inputs


@pytest.mark.parametrize(
    "row", RFC6287["rows"], ids=lambda row: f"{row['section']} {row['suite']} {row['question']}"
)
def test_rfc_6287_appendix_c(row):
    assert row.keys() - {"counter", "pin", "step_hex"} == {
        "section",
        "suite",
        "key_bytes",
        "question",
        "response",
    }
    suite = OcraSuite.parse(row["suite"])
    key = bytes.fromhex(RFC6287["keys_hex"][str(row["key_bytes"])])
    entered = {"question": row["question"]}
    if "counter" in row:
        entered["counter"] = row["counter"]
    if "pin" in row:
        entered["pin_hash"] = hash_pin(row["pin"], suite)
    if "step_hex" in row:
        entered["step"] = int(row["step_hex"], 16)
    assert ocra(key, suite, **entered) == row["response"]
    assert by_the_rfc(key, row["suite"], **entered) == row["response"]


def test_the_vectors_are_complete():
    assert [
        (section, suite, len(list(rows)))
        for (section, suite), rows in itertools.groupby(
            RFC6287["rows"], lambda row: (row["section"], row["suite"])
        )
    ] == [
        ("C.1", "OCRA-1:HOTP-SHA1-6:QN08", 10),
        ("C.1", "OCRA-1:HOTP-SHA256-8:C-QN08-PSHA1", 10),
        ("C.1", "OCRA-1:HOTP-SHA256-8:QN08-PSHA1", 5),
        ("C.1", "OCRA-1:HOTP-SHA512-8:C-QN08", 10),
        ("C.1", "OCRA-1:HOTP-SHA512-8:QN08-T1M", 5),
        ("C.2, server", "OCRA-1:HOTP-SHA256-8:QA08", 5),
        ("C.2, client", "OCRA-1:HOTP-SHA256-8:QA08", 5),
        ("C.2, server", "OCRA-1:HOTP-SHA512-8:QA08", 5),
        ("C.2, client", "OCRA-1:HOTP-SHA512-8:QA08-PSHA1", 5),
        ("C.3", "OCRA-1:HOTP-SHA256-8:QA08", 5),
        ("C.3", "OCRA-1:HOTP-SHA512-8:QA10-T1M", 5),
    ]


def test_the_vectors_pin_and_time_are_what_they_say():
    suite = OcraSuite.parse("OCRA-1:HOTP-SHA512-8:QN08-PSHA1-T1M")
    assert hash_pin("1234", suite).hex() == RFC6287["pin_hash_sha1_hex"]["1234"]
    at = dt.datetime.fromisoformat(RFC6287["time_utc"] + "+00:00").timestamp()
    step = time_step(at, Parameters(time_step_s=suite.time_step_s))
    assert {row["step_hex"] for row in RFC6287["rows"] if "step_hex" in row} == {f"{step:x}"}


@given(st.binary(min_size=1, max_size=200), suites, st.data())
def test_responses_agree_with_cryptography(key, suite, data):
    entered = data.draw(inputs(suite))
    assert ocra(key, suite, **entered) == by_the_rfc(key, str(suite), **entered)


@given(suites, st.data())
def test_different_inputs_give_different_responses(suite, data):
    whole = OcraSuite.parse(str(suite).replace(f"-{suite.digits}:", "-0:"))
    one, other = data.draw(inputs(whole)), data.draw(inputs(whole))
    assume(one != other)
    assert ocra(KEY, whole, **one) != ocra(KEY, whole, **other)


@given(suites, suites)
def test_no_two_suites_are_written_alike(one, other):
    assume(one != other)
    assert str(one) != str(other)


def test_the_suite_itself_is_hashed():
    alike = [OcraSuite(digits=0, question_length=length) for length in (8, 9)]
    assert len({ocra(KEY, suite, question="12345678") for suite in alike}) == 2


def test_a_number_fills_up_on_the_right_as_the_rfc_has_it():
    whole = OcraSuite(digits=0)
    assert ocra(KEY, whole, question="1") == ocra(KEY, whole, question="00000016")
    assert ocra(KEY, whole, question="1") != ocra(KEY, whole, question="2")


@given(suites)
def test_a_suite_is_read_back_as_it_was_written(suite):
    assert OcraSuite.parse(str(suite)) == suite


@pytest.mark.parametrize(
    "text",
    [
        "OCRA-1:HOTP-SHA1-6:QN08",
        "OCRA-1:HOTP-SHA512-8:C-QN08-PSHA1",
        "OCRA-1:HOTP-SHA256-6:QA10-T1M",
        "OCRA-1:HOTP-SHA1-4:QH08-S512",
        "OCRA-1:HOTP-SHA512-0:C-QH16-PSHA512-S064-T48H",
        "OCRA-1:HOTP-SHA256-10:QA64-S001-T59S",
    ],
)
def test_a_suite_is_written_as_it_was_read(text):
    assert str(OcraSuite.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "look like"),
        ("OCRA-1", "look like"),
        ("OCRA-2:HOTP-SHA1-6:QN08", "look like"),
        ("OCRA-1:TOTP-SHA1-6:QN08", "look like"),
        ("OCRA-1:HOTP-SHA224-6:QN08", "look like"),
        ("OCRA-1:HOTP-SHA1-06:QN08", "look like"),
        ("OCRA-1:HOTP-SHA1-:QN08", "look like"),
        ("OCRA-1:HOTP-SHA1-6:", "look like"),
        ("OCRA-1:HOTP-SHA1-6:C", "look like"),
        ("OCRA-1:HOTP-SHA1-6:C-PSHA1", "look like"),
        ("OCRA-1:HOTP-SHA1-6:Q", "look like"),
        ("OCRA-1:HOTP-SHA1-6:QX08", "look like"),
        ("OCRA-1:HOTP-SHA1-6:QN8", "look like"),
        ("OCRA-1:HOTP-SHA1-6:QN008", "look like"),
        ("OCRA-1:HOTP-SHA1-6:QN٠٨", "look like"),
        ("OCRA-1:HOTP-SHA1-6:QN08-C", "look like"),
        ("OCRA-1:HOTP-SHA1-6:QN08-P", "look like"),
        ("OCRA-1:HOTP-SHA1-6:QN08-PSHA3", "look like"),
        ("OCRA-1:HOTP-SHA1-6:QN08-S64", "look like"),
        ("OCRA-1:HOTP-SHA1-6:QN08-T1M-S064", "look like"),
        ("OCRA-1:HOTP-SHA1-6:QN08-S064-PSHA1", "look like"),
        ("OCRA-1:HOTP-SHA1-6:QN08-T", "look like"),
        ("OCRA-1:HOTP-SHA1-6:QN08-T0H", "look like"),
        ("OCRA-1:HOTP-SHA1-6:QN08-T01M", "look like"),
        ("OCRA-1:HOTP-SHA1-6:QN08-T1D", "look like"),
        ("OCRA-1:HOTP-SHA1-6:QN08-", "look like"),
        ("OCRA-1:HOTP-SHA1-6:QN08\n", "look like"),
        (" OCRA-1:HOTP-SHA1-6:QN08", "look like"),
        ("ocra-1:hotp-sha1-6:qn08", "look like"),
        ("OCRA-1:HOTP-SHA1-3:QN08", "digits"),
        ("OCRA-1:HOTP-SHA1-11:QN08", "digits"),
        ("OCRA-1:HOTP-SHA1-6:QN03", "question_length"),
        ("OCRA-1:HOTP-SHA1-6:QN65", "question_length"),
        ("OCRA-1:HOTP-SHA1-6:QN08-S000", "session_bytes"),
        ("OCRA-1:HOTP-SHA1-6:QN08-S513", "session_bytes"),
        ("OCRA-1:HOTP-SHA1-6:QN08-T60S", "time step"),
        ("OCRA-1:HOTP-SHA1-6:QN08-T60M", "time step"),
        ("OCRA-1:HOTP-SHA1-6:QN08-T49H", "time step"),
        ("OCRA-1:" * 1000, "look like"),
    ],
    ids=lambda text: ascii(text)[:60],
)
def test_another_text_is_no_suite(text, told):
    with pytest.raises(InvalidOcraSuiteError, match=told) as refusal:
        OcraSuite.parse(text)
    assert refusal.value.text == text
    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("algorithm", "SHA1"),
        ("digits", 3),
        ("digits", False),
        ("counter", 1),
        ("question", "N"),
        ("question_length", 3),
        ("question_length", 8.0),
        ("pin_hash", "SHA1"),
        ("session_bytes", 0),
        ("session_bytes", 513),
        ("time_step_s", 0),
        ("time_step_s", 61),
        ("time_step_s", 49 * 3600),
        ("time_step_s", 60.0),
    ],
)
def test_a_suite_that_cannot_be_written_is_refused(field, found):
    with pytest.raises(InvalidParametersError) as refusal:
        OcraSuite(**{field: found})
    assert refusal.value.field == field


@pytest.mark.parametrize("field", EVERYTHING)
def test_an_input_that_the_suite_names_must_be_there(field):
    with pytest.raises(OcraInputError, match="missing") as refusal:
        ocra(KEY, EVERY_INPUT, question="1", **EVERYTHING | {field: None})
    assert refusal.value.field == field


@pytest.mark.parametrize("field", EVERYTHING)
def test_an_input_that_the_suite_does_not_name_is_refused(field):
    with pytest.raises(OcraInputError, match="not wanted") as refusal:
        ocra(KEY, PLAIN, question="1", **{field: EVERYTHING[field]})
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("field", "found"), [("pin_hash", bytes(32)), ("pin_hash", b""), ("session", bytes(65))]
)
def test_an_input_of_a_wrong_length_is_refused(field, found):
    with pytest.raises(OcraInputError, match="bytes") as refusal:
        ocra(KEY, EVERY_INPUT, question="1", **EVERYTHING | {field: found})
    assert refusal.value.field == field


@pytest.mark.parametrize("field", ["counter", "step"])
@pytest.mark.parametrize("found", [-1, 2**64])
def test_a_counter_or_step_that_needs_other_than_eight_bytes_is_refused(field, found):
    with pytest.raises(CounterRangeError):
        ocra(KEY, EVERY_INPUT, question="1", **EVERYTHING | {field: found})


def test_an_empty_key_is_refused():
    with pytest.raises(InvalidSeedError):
        ocra(b"", PLAIN, question="1")


def test_a_key_may_be_a_buffer_that_can_be_wiped():
    assert ocra(bytearray(KEY), PLAIN, question="00000000") == "237653"


def test_no_pin_is_hashed_for_a_suite_without_one(assert_silent):
    with pytest.raises(OcraInputError) as refusal:
        hash_pin(PIN, PLAIN)
    assert_silent(refusal.value, PIN.encode())


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_pin_is_hashed_as_utf_8(algorithm):
    expected = hashlib.new(algorithm.hash_name, b"gr\xc3\xbc\xc3\x9f").digest()
    assert hash_pin("grüß", OcraSuite(pin_hash=algorithm)) == expected


@pytest.mark.parametrize(
    ("kind", "typed", "question"),
    [
        ("N", "1", "1"),
        ("N", "00000000", "00000000"),
        ("A", "SIG10000", "SIG10000"),
        ("A", "aB9", "aB9"),
        ("H", "deadBEEF", "DEADBEEF"),
    ],
)
def test_what_the_keypad_has_makes_a_question(kind, typed, question):
    suite = OcraSuite(question=QuestionFormat(kind))
    assert parse_question(typed, suite) == question
    assert ocra(KEY, suite, question=typed) == ocra(KEY, suite, question=question)


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("N", ""),
        ("N", "123456789"),
        ("N", "1234567a"),
        ("N", "-1"),
        ("N", "1_0"),
        ("N", " 1"),
        ("N", "１２"),
        ("N", "²"),
        ("A", "a b"),
        ("A", "é"),
        ("A", "a\0"),
        ("A", "a-b"),
        ("H", "0x12"),
        ("H", "abcg"),
        ("H", "ﬀ"),
    ],
    ids=ascii,
)
def test_what_the_keypad_lacks_makes_no_question(kind, typed):
    suite = OcraSuite(question=QuestionFormat(kind))
    with pytest.raises(MalformedQuestionError) as refusal:
        parse_question(typed, suite)
    assert refusal.value.longest == 8


@pytest.mark.parametrize("question", ["", "1" * 17, "x", "1 1"])
def test_a_response_wants_at_most_two_questions_in_a_row(question):
    with pytest.raises(MalformedQuestionError) as refusal:
        ocra(KEY, PLAIN, question=question)
    assert refusal.value.longest == 16


@given(suites, st.randoms(use_true_random=False))
def test_a_new_question_can_be_typed_and_is_as_long_as_allowed(suite, source):
    question = new_question(suite, source.randrange)
    assert parse_question(question, suite) == question
    assert len(question) == suite.question_length


@pytest.mark.parametrize("kind", QuestionFormat)
def test_new_questions_use_the_whole_keypad(kind):
    suite, source = OcraSuite(question=kind, question_length=64), random.Random(1)
    questions = [new_question(suite, source.randrange) for _ in range(100)]
    assert set("".join(questions)) == set(ALPHABETS[kind])
    first = {question[0] for question in questions}
    assert first == set("123456789") if kind is QuestionFormat.NUMERIC else len(first) > 10
