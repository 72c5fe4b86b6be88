import base64
import dataclasses
import hashlib
import json
import pickle
import unicodedata
from pathlib import Path

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob import Algorithm, Parameters, Seed
from keyfob.errors import CounterBasedUriError, InvalidSeedError, InvalidUriError
from keyfob.uri import MAX_NAME_BYTES, MAX_URI_CHARACTERS, Provisioning, format_uri, parse_uri

VECTORS = Path(__file__).parents[1] / "vectors"
ACCEPTED = json.loads((VECTORS / "otpauth_accepted.json").read_text(encoding="utf-8"))["rows"]
REFUSED = json.loads((VECTORS / "otpauth_refused.json").read_text(encoding="utf-8"))["rows"]
SECRET = bytes(range(100, 120))
BASE32 = base64.b32encode(SECRET).decode()

names = (
    st.text(
        st.characters(
            exclude_categories=["Cc", "Cs", "Zl", "Zp"],
            exclude_characters=":\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
        ),
        min_size=1,
        max_size=MAX_NAME_BYTES // 4,
    )
    .map(str.strip)
    .filter(bool)
)
parameters = st.builds(Parameters, st.sampled_from(Algorithm), st.integers(6, 10), st.integers(1, 2**31 - 1))
counters = st.integers(0, 2**64 - 1)
seeds = st.builds(Seed, st.binary(min_size=10, max_size=512))
time_based = st.builds(Provisioning, seeds, names, st.none() | names, parameters)
counter_based = st.builds(
    Provisioning,
    seeds,
    names,
    st.none() | names,
    st.builds(Parameters, st.sampled_from(Algorithm), st.integers(6, 10)),
    counters,
)
provisionings = time_based | counter_based


@pytest.mark.parametrize("row", ACCEPTED, ids=lambda row: row["why"])
def test_an_unambiguous_uri_is_read(row):
    found = parse_uri(row["uri"])
    timing = (
        {"period_s": found.parameters.time_step_s} if found.counter is None else {"counter": found.counter}
    )
    assert row == timing | {
        "why": row["why"],
        "uri": row["uri"],
        "issuer": found.issuer,
        "account": found.account,
        "secret_hex": found.seed.reveal().hex(),
        "algorithm": found.parameters.algorithm.value,
        "digits": found.parameters.digits,
    }
    assert found.parameters.t0_s == 0


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row["why"])
def test_a_wrong_or_ambiguous_uri_is_refused_with_its_reason(row):
    with pytest.raises(InvalidUriError) as refusal:
        parse_uri(row["uri"])
    assert row == {
        "why": row["why"],
        "uri": row["uri"],
        "code": refusal.value.code,
        "reason": refusal.value.reason,
    }


@pytest.mark.parametrize(
    "uri",
    [
        f"otpauth://totp/alice?secret={BASE32}1",
        f"otpauth://totp/alice?secret={BASE32}%FF",
        f"otpauth://totp/alice?secret={BASE32}%",
        f"otpauth://totp/alice?secret={BASE32}&secret={BASE32}",
        f"otpauth://totp/{BASE32}:{BASE32}?secret=&issuer={BASE32}1",
        f"otpauth://{BASE32}/alice",
        f"otpauth://hotp/alice?secret={BASE32}",
        f"otpauth://hotp/alice?secret={BASE32}&counter={BASE32}",
        f"otpauth://totp/alice?secret={BASE32}&digits={BASE32}",
        f"otpauth://totp/alice?secret={BASE32}&algorithm={BASE32}",
        f"otpauth://totp/alice?secret={BASE32}&period={BASE32}",
        f"otpauth://totp/alice?{BASE32}={BASE32}&{BASE32}={BASE32}",
        f"otpauth://totp/alice?secret={BASE32}&issuer=a:b",
        f"otpauth://totp/{BASE32 * 10}?secret={BASE32}",
        BASE32,
        BASE32 * 1000,
    ],
)
def test_no_refusal_repeats_the_secret(uri, assert_silent):
    with pytest.raises(InvalidUriError) as refusal:
        parse_uri(uri)
    assert_silent(refusal.value, SECRET)


@given(provisionings)
def test_what_is_written_is_read_back_as_it_was(provisioning):
    assert parse_uri(format_uri(provisioning)) == provisioning


@given(provisionings)
def test_what_is_written_is_plain_ascii_within_the_limit(provisioning):
    uri = format_uri(provisioning)
    assert uri.isascii()
    assert len(uri) <= MAX_URI_CHARACTERS
    assert not set(uri) & set(" +#\"'<>\\^`{|}")


def test_everything_is_written_out():
    provisioning = Provisioning(Seed(SECRET), "alice smith@example.com", "ACME & Söhne")
    assert format_uri(provisioning) == (
        "otpauth://totp/ACME%20%26%20S%C3%B6hne:alice%20smith@example.com"
        f"?secret={BASE32}&issuer=ACME%20%26%20S%C3%B6hne&algorithm=SHA1&digits=6&period=30"
    )


def test_without_an_issuer_none_is_written():
    provisioning = Provisioning(Seed(SECRET), "alice", parameters=Parameters(Algorithm.SHA512, 8, 60))
    assert (
        format_uri(provisioning)
        == f"otpauth://totp/alice?secret={BASE32}&algorithm=SHA512&digits=8&period=60"
    )


def test_a_counter_is_written_in_place_of_the_period():
    provisioning = Provisioning(Seed(SECRET), "alice", counter=7)
    assert format_uri(provisioning) == (
        f"otpauth://hotp/alice?secret={BASE32}&algorithm=SHA1&digits=6&counter=7"
    )


def test_a_counter_of_zero_is_a_counter():
    counter_based = Provisioning(Seed(SECRET), "alice", counter=0)
    assert format_uri(counter_based).endswith("&counter=0")
    with pytest.raises(CounterBasedUriError):
        counter_based.require_time_based()


def test_what_has_no_counter_is_time_based():
    assert Provisioning(Seed(SECRET), "alice").require_time_based() is None


@pytest.mark.parametrize("counter", [-1, 2**64, 1.0, "1", True])
def test_a_counter_that_does_not_fit_eight_bytes_is_refused(counter):
    with pytest.raises(InvalidUriError, match="counter"):
        Provisioning(Seed(SECRET), "alice", counter=counter)


def test_counter_and_time_step_cannot_be_carried_together():
    with pytest.raises(InvalidUriError, match="not both"):
        Provisioning(Seed(SECRET), "alice", parameters=Parameters(time_step_s=60), counter=0)


def test_no_uri_is_written_of_a_wiped_seed():
    provisioning = Provisioning(Seed(SECRET), "alice")
    provisioning.seed.wipe()
    with pytest.raises(InvalidSeedError):
        format_uri(provisioning)


def test_base32_is_normalized():
    spaced = " ".join(BASE32[i : i + 4].lower() for i in range(0, len(BASE32), 4)).replace(" ", "%20")
    assert f"secret={BASE32}&" in format_uri(parse_uri(f"otpauth://totp/alice?secret={spaced}"))


def test_the_longest_names_and_seed_fit_together():
    longest = "é" * (MAX_NAME_BYTES // 2)
    time_based = Provisioning(Seed(bytes(512)), longest, longest, Parameters(Algorithm.SHA512, 10, 2**31 - 1))
    counter_based = Provisioning(
        Seed(bytes(512)), longest, longest, Parameters(Algorithm.SHA512, 10), 2**64 - 1
    )
    for provisioning in (time_based, counter_based):
        assert parse_uri(format_uri(provisioning)) == provisioning


@pytest.mark.parametrize("field", ["account", "issuer"])
@pytest.mark.parametrize(
    "name",
    [
        "",
        ":",
        "a:b",
        " a",
        "a ",
        "\u00a0a",
        "a\nb",
        "a\0",
        "a\x85",
        "a\u2028b",
        "a\u202eb",
        "\ud800",
        "é" * 101,
    ],
    ids=ascii,
)
def test_a_name_that_cannot_be_written_unmistakably_is_refused(field, name):
    with pytest.raises(InvalidUriError) as refusal:
        Provisioning(Seed(SECRET), **{"account": "alice", field: name})
    assert field in refusal.value.reason


@pytest.mark.parametrize("t0_s", [1, -1, 10**9])
def test_another_t0_cannot_be_carried(t0_s):
    with pytest.raises(InvalidUriError, match="T0"):
        Provisioning(Seed(SECRET), "alice", parameters=Parameters(t0_s=t0_s))


def test_its_seed_is_not_shown_nor_copied(assert_silent):
    provisioning = Provisioning(Seed(SECRET), "alice", "ACME")
    assert_silent(repr(provisioning) + str(provisioning), SECRET)
    for leak in (pickle.dumps, dataclasses.asdict, hash):
        with pytest.raises(TypeError) as refusal:
            leak(provisioning)
        assert_silent(refusal.value, SECRET)


def assert_read_or_refused(text):
    try:
        provisioning = parse_uri(text)
    except InvalidUriError:
        return
    assert parse_uri(format_uri(provisioning)) == provisioning


@given(st.text(max_size=100) | st.text(max_size=60).map("otpauth://totp/".__add__))
def test_any_text_is_read_or_refused(text):
    assert_read_or_refused(text)


@given(provisionings, st.data())
def test_an_altered_uri_is_read_or_refused(provisioning, data):
    uri = format_uri(provisioning)
    at = data.draw(st.integers(0, len(uri)))
    cut = data.draw(st.integers(0, 3))
    put = data.draw(st.text(st.sampled_from("%:+&=?#/ 2AaÄ\n\0") | st.characters(), max_size=3))
    assert_read_or_refused(uri[:at] + put + uri[at + cut :])


parameters_of_pyotp = st.builds(
    Parameters, st.sampled_from(Algorithm), st.integers(6, 8), st.integers(1, 120)
)


@given(st.binary(min_size=14, max_size=64), names, st.none() | names, parameters_of_pyotp)
def test_pyotp_reads_what_is_written(secret, account, issuer, parameters):
    theirs = pyotp.parse_uri(format_uri(Provisioning(Seed(secret), account, issuer, parameters)))
    assert isinstance(theirs, pyotp.TOTP)
    assert (theirs.name, theirs.issuer) == (account, issuer)
    assert (theirs.digits, theirs.interval) == (parameters.digits, parameters.time_step_s)
    assert theirs.digest == getattr(hashlib, parameters.algorithm.hash_name)
    assert theirs.byte_secret() == secret


@given(st.binary(min_size=14, max_size=64), names, st.none() | names, parameters_of_pyotp)
def test_what_pyotp_writes_is_read(secret, account, issuer, parameters):
    theirs = pyotp.TOTP(
        base64.b32encode(secret).decode(),
        name=account,
        issuer=issuer,
        digits=parameters.digits,
        digest=getattr(hashlib, parameters.algorithm.hash_name),
        interval=parameters.time_step_s,
    )
    assert parse_uri(theirs.provisioning_uri()) == Provisioning(Seed(secret), account, issuer, parameters)


digits_of_pyotp = st.integers(6, 8)


@given(st.binary(min_size=14, max_size=64), names, st.none() | names, counters, digits_of_pyotp)
def test_pyotp_reads_a_counter_that_is_written(secret, account, issuer, counter, digits):
    written = Provisioning(Seed(secret), account, issuer, Parameters(digits=digits), counter)
    theirs = pyotp.parse_uri(format_uri(written))
    assert isinstance(theirs, pyotp.HOTP)
    assert (theirs.name, theirs.issuer) == (account, issuer)
    assert (theirs.initial_count, theirs.digits) == (counter, digits)
    assert theirs.byte_secret() == secret


@given(st.binary(min_size=14, max_size=64), names, st.none() | names, counters, digits_of_pyotp)
def test_a_counter_that_pyotp_writes_is_read(secret, account, issuer, counter, digits):
    theirs = pyotp.HOTP(
        base64.b32encode(secret).decode(), digits=digits, name=account, issuer=issuer, initial_count=counter
    )
    assert parse_uri(theirs.provisioning_uri()) == Provisioning(
        Seed(secret), account, issuer, Parameters(digits=digits), counter
    )


def test_names_are_compared_as_they_are_written():
    composed, decomposed = (unicodedata.normalize(form, "Zoë") for form in ("NFC", "NFD"))
    with pytest.raises(InvalidUriError, match="disagree"):
        parse_uri(f"otpauth://totp/{composed}:alice?secret={BASE32}&issuer={decomposed}")
