import base64
import datetime as dt
import hashlib
import hmac
import json
import math
import time
from fractions import Fraction
from pathlib import Path

import pyotp
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from hypothesis import given
from hypothesis import strategies as st

from keyfob import Algorithm, Parameters, hotp, parse_code, time_step, totp
from keyfob.codes import truncate
from keyfob.errors import CounterRangeError, InvalidSeedError, MalformedCodeError

VECTORS = Path(__file__).parents[1] / "vectors"
RFC4226 = json.loads((VECTORS / "rfc4226_appendix_d.json").read_text(encoding="utf-8"))
RFC6238 = json.loads((VECTORS / "rfc6238_appendix_b.json").read_text(encoding="utf-8"))
SECRET = bytes.fromhex(RFC4226["secret_hex"])
LAST_COUNTER = 2**64 - 1

PYCA_HASHES = {Algorithm.SHA1: hashes.SHA1, Algorithm.SHA256: hashes.SHA256, Algorithm.SHA512: hashes.SHA512}

keys = st.binary(min_size=14, max_size=200)  # pyotp takes no shorter ones
counters = st.integers(0, LAST_COUNTER)
algorithms = st.sampled_from(Algorithm)
all_digits = st.integers(6, 10)
steps_s = st.integers(1, 2**31 - 1) | st.sampled_from([30, 60])
times_s = st.integers(0, 253_402_300_799)  # up to the year 9999, where pyotp stops


@pytest.mark.parametrize("row", RFC4226["rows"], ids=lambda row: f"count {row['count']}")
def test_rfc_4226_appendix_d(row):
    assert row.keys() == {"count", "hmac_sha1", "truncated_hex", "truncated_decimal", "hotp"}
    mac = hmac.digest(SECRET, row["count"].to_bytes(8, "big"), "sha1")
    assert mac.hex() == row["hmac_sha1"]
    assert truncate(mac) == int(row["truncated_hex"], 16) == row["truncated_decimal"]
    assert hotp(SECRET, row["count"]) == row["hotp"]
    assert hotp(SECRET, row["count"], Parameters(digits=10)) == f"{row['truncated_decimal']:010}"


@pytest.mark.parametrize("row", RFC6238["rows"], ids=lambda row: f"{row['mode']} at {row['time_s']}")
def test_rfc_6238_appendix_b(row):
    assert row.keys() == {"time_s", "utc", "t_hex", "totp", "mode"}
    parameters = Parameters(
        Algorithm[row["mode"]], RFC6238["digits"], RFC6238["time_step_s"], RFC6238["t0_s"]
    )
    key = bytes.fromhex(RFC6238["secrets_hex"][row["mode"]])
    assert str(dt.datetime.fromtimestamp(row["time_s"], dt.UTC)) == row["utc"] + "+00:00"
    assert f"{time_step(row['time_s'], parameters):016X}" == row["t_hex"]
    assert totp(key, row["time_s"], parameters) == row["totp"]


def test_the_vectors_are_complete():
    assert [row["count"] for row in RFC4226["rows"]] == list(range(10))
    assert len(RFC6238["rows"]) == 18
    assert [len(secret) // 2 for secret in RFC6238["secrets_hex"].values()] == [20, 32, 64]


@given(keys, counters, algorithms, all_digits)
def test_hotp_agrees_with_pyotp(key, counter, algorithm, digits):
    theirs = pyotp.HOTP(
        base64.b32encode(key).decode(), digits=digits, digest=getattr(hashlib, algorithm.hash_name)
    )
    assert hotp(key, counter, Parameters(algorithm, digits)) == theirs.at(counter)


@given(keys, counters, algorithms, st.integers(6, 8))
def test_hotp_agrees_with_cryptography(key, counter, algorithm, digits):
    theirs = HOTP(key, digits, PYCA_HASHES[algorithm](), enforce_key_length=False)
    assert hotp(key, counter, Parameters(algorithm, digits)) == theirs.generate(counter).decode()


@given(keys, times_s, algorithms, all_digits, st.integers(1, 120))  # pyotp allows no longer step
def test_totp_agrees_with_pyotp(key, at, algorithm, digits, time_step_s):
    theirs = pyotp.TOTP(
        base64.b32encode(key).decode(),
        digits=digits,
        digest=getattr(hashlib, algorithm.hash_name),
        interval=time_step_s,
    )
    assert totp(key, at, Parameters(algorithm, digits, time_step_s)) == theirs.at(at)


@given(keys, times_s, algorithms, st.integers(6, 8), steps_s)
def test_totp_agrees_with_cryptography(key, at, algorithm, digits, time_step_s):
    theirs = TOTP(key, digits, PYCA_HASHES[algorithm](), time_step_s, enforce_key_length=False)
    assert totp(key, at, Parameters(algorithm, digits, time_step_s)) == theirs.generate(at).decode()


@given(st.binary(min_size=1), counters, algorithms, all_digits)
def test_a_code_has_its_digits_and_is_the_end_of_every_longer_one(key, counter, algorithm, digits):
    code = hotp(key, counter, Parameters(algorithm, digits))
    longest = hotp(key, counter, Parameters(algorithm, 10))
    assert len(code) == digits
    assert longest.endswith(code)
    assert int(longest) < 2**31


def test_leading_zeros_are_kept():
    assert totp(SECRET, 1111111109, Parameters(digits=8)) == "07081804"


@pytest.mark.parametrize("counter", [0, LAST_COUNTER])
def test_the_first_and_the_last_counter_have_codes(counter):
    assert hotp(SECRET, counter) == pyotp.HOTP(base64.b32encode(SECRET).decode()).at(counter)


@pytest.mark.parametrize("counter", [-1, LAST_COUNTER + 1, -(2**64), 10**5000], ids=int.bit_length)
def test_a_counter_that_needs_other_than_eight_bytes_is_refused(counter):
    with pytest.raises(CounterRangeError) as refusal:
        hotp(SECRET, counter)
    assert refusal.value.counter == counter


def test_an_empty_key_is_refused():
    with pytest.raises(InvalidSeedError):
        hotp(b"", 0)


def test_a_key_may_be_a_buffer_that_can_be_wiped():
    assert hotp(bytearray(SECRET), 0) == hotp(SECRET, 0)


@given(times_s, st.integers(-(2**40), 2**40), steps_s)
def test_t0_shifts_time(at, t0_s, time_step_s):
    shifted, plain = Parameters(time_step_s=time_step_s, t0_s=t0_s), Parameters(time_step_s=time_step_s)
    assert totp(SECRET, at + t0_s, shifted) == totp(SECRET, at, plain)


@given(st.floats(-(2.0**53), 2.0**53), st.integers(-(2**63), 2**63 - 1), steps_s)
def test_a_step_holds_exactly_its_time(at, t0_s, time_step_s):
    step = time_step(at, Parameters(time_step_s=time_step_s, t0_s=t0_s))
    start = t0_s + step * time_step_s
    assert start <= Fraction(at) < start + time_step_s


@pytest.mark.parametrize(
    ("at", "step"), [(-0.001, -1), (0, 0), (29.999, 0), (30, 1), (-30, -1), (-30.001, -2)]
)
def test_a_step_ends_where_the_next_begins(at, step):
    assert time_step(at) == step


@pytest.mark.parametrize(("at", "t0_s"), [(-0.001, 0), (-1, 0), (99.999, 100), (0, 2**63 - 1)])
def test_there_is_no_code_before_t0(at, t0_s):
    with pytest.raises(CounterRangeError):
        totp(SECRET, at, Parameters(t0_s=t0_s))


def test_the_last_step_of_all_has_a_code_and_the_next_has_none():
    each_second = Parameters(time_step_s=1)
    assert totp(SECRET, LAST_COUNTER, each_second) == hotp(SECRET, LAST_COUNTER)
    with pytest.raises(CounterRangeError):
        totp(SECRET, LAST_COUNTER + 1, each_second)


@pytest.mark.parametrize("at", [math.inf, -math.inf, math.nan])
def test_a_time_that_is_no_number_is_refused(at):
    with pytest.raises(CounterRangeError):
        time_step(at)


@pytest.mark.parametrize(
    "typed",
    ["123456", "123 456", "12 34 56", "1 2 3 4 5 6", " 123456 ", "\t123456\r\n", "   123 456\n"],
)
def test_a_code_may_be_typed_in_groups(typed):
    assert parse_code(typed) == "123456"


NO_CODES = {
    "empty": "",
    "blanks": " \t\n",
    "too short": "12345",
    "too long": "1234567",
    "too long in groups": "123 456 7",
    "full-width digits": "１２３４５６",
    "Arabic digits": "١٢٣٤٥٦",
    "superscript digits": "¹²³⁴⁵⁶",
    "letters": "12345a",
    "O for zero": "12345O",
    "negative": "-12345",
    "signed": "+123456",
    "decimal point": "1234.6",
    "underscores": "123_456",
    "hyphen": "123-456",
    "hyphen in place of a digit": "123-45",
    "two spaces": "123  456",
    "tab within": "123\t456",
    "line feed within": "123\n456",
    "no-break space within": "123\u00a0456",
    "no-break space before": "\u00a0123456",
    "zero-width space": "123\u200b456",
    "NUL after": "123456\0",
    "hexadecimal": "0x1234",
    "lone surrogate": "12345\ud800",
}


@pytest.mark.parametrize("typed", NO_CODES.values(), ids=NO_CODES.keys())
def test_what_cannot_be_a_code_is_refused_and_not_repeated(typed):
    with pytest.raises(MalformedCodeError) as refusal:
        parse_code(typed)
    assert refusal.value.digits == 6
    assert not typed.strip() or typed not in str(refusal.value)


@pytest.mark.parametrize(
    "typed", ["1" * 2**20, " " * 2**20, "1 " * 2**19, "１" * 2**20], ids=lambda t: repr(t[:2])
)
def test_a_mebibyte_is_refused_at_once(typed):
    begun = time.perf_counter()
    with pytest.raises(MalformedCodeError):
        parse_code(typed)
    assert time.perf_counter() - begun < 0.5


@given(st.text(alphabet="0123456789 -\t１", max_size=25), all_digits)
def test_whatever_is_typed_is_either_a_code_or_refused(typed, digits):
    try:
        code = parse_code(typed, Parameters(digits=digits))
    except MalformedCodeError:
        return
    assert len(code) == digits
    assert code.isascii()
    assert code.isdigit()
    assert typed.replace(" ", "").strip("\t") == code


@given(counters, all_digits)
def test_every_computed_code_can_be_typed(counter, digits):
    parameters = Parameters(digits=digits)
    code = hotp(SECRET, counter, parameters)
    middle = digits // 2
    assert parse_code(code, parameters) == code == parse_code(f"{code[:middle]} {code[middle:]}", parameters)
