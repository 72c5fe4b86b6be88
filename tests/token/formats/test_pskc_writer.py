"""What keyfob writes, read back by itself, by python-pskc, and by the OATH Toolkit's pskctool."""

import io
import os
import re
import subprocess
from dataclasses import replace
from shutil import which

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pskc import PSKC

from keyfob.errors import InvalidParametersError, InvalidSeedError
from keyfob.formats.pskc import read
from keyfob.formats.pskc_keys import Passphrase, PreSharedKey, PskcKeyWrongError, PskcMacWrongError
from keyfob.formats.pskc_writer import PBKDF2_ITERATIONS, write
from keyfob.formats.rows import Credential, Kind
from keyfob.formats.text import tidy
from keyfob.ocra import OcraSuite
from keyfob.parameters import Algorithm, Parameters
from keyfob.seed import Seed
from pskc_samples import SECRET
from seed_files import LONG_SECRET, OTHER_SECRET, RFC_SECRET, as_file

KEY = PreSharedKey(bytes(range(32)), name="stock 2026")
PASSPHRASE = Passphrase("two words")
TOTP = Credential(
    "1000001", Seed(RFC_SECRET), issuer="Example & <Sons>", user="alice@example.com", manufacturer="oath.UB"
)
LATE = Credential(
    "1000002",
    Seed(LONG_SECRET),
    parameters=Parameters(Algorithm.SHA256, 8, 60),
    clock_offset_s=-180.0,
    model="C202",
)
HOTP = Credential("1000003", Seed(OTHER_SECRET), Kind.HOTP, Parameters(digits=7), counter=2**63 - 1)
WITH_PIN = Credential(
    "1000004", Seed(RFC_SECRET), pin="2468", pin_policy={"PINUsageMode": "Local", "MaxFailedAttempts": "8"}
)
SUITE = OcraSuite(Algorithm.SHA512, 8, counter=True, time_step_s=60)
OCRA = Credential(
    "1000005",
    Seed(RFC_SECRET),
    Kind.OCRA,
    Parameters(Algorithm.SHA512, 8, 60),
    7,
    str(SUITE),
    clock_offset_s=120.0,
)
EVERY_KIND = (TOTP, LATE, HOTP, WITH_PIN, OCRA)


def read_back(content, key):
    return [row.content for row in read(as_file(content), key)]


def written(credentials, key):
    return write(credentials, key, iterations=1000)


@pytest.fixture(scope="session")
def pskctool():
    """Runs the OATH Toolkit's reader of PSKC."""
    path = which("pskctool")
    if path is None:
        missing = "pskctool is missing: `make ci-setup` installs it"
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(missing)
        pytest.skip(missing)

    def run(content, *options):
        done = subprocess.run([path, *options], input=content, capture_output=True, timeout=60, check=False)
        return done.returncode, done.stdout.decode()

    return run


@pytest.mark.parametrize("key", [None, KEY, PreSharedKey(bytes(16)), PreSharedKey(bytes(24)), PASSPHRASE])
def test_what_is_written_is_read_back_equal(key):
    assert read_back(written(EVERY_KIND, key), key) == list(EVERY_KIND)


names = st.none() | st.text(min_size=1, max_size=30).filter(
    lambda text: text.isprintable() and tidy(text) == text
)


@given(
    serial=st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True),
    secret=st.binary(min_size=10, max_size=512),
    names=st.tuples(names, names, names, names),
    parameters=st.builds(Parameters, st.sampled_from(Algorithm), st.integers(6, 10), st.integers(1, 3600)),
    drift_steps=st.integers(-100_000, 100_000),
    key=st.sampled_from([None, KEY]),
)
def test_any_time_based_token_is_read_back_equal(  # noqa: PLR0917  hypothesis hands in what is drawn
    serial, secret, names, parameters, drift_steps, key
):
    issuer, user, manufacturer, model = names
    token = Credential(
        serial,
        Seed(secret),
        parameters=parameters,
        issuer=issuer,
        user=user,
        manufacturer=manufacturer,
        model=model,
        clock_offset_s=float(drift_steps * parameters.time_step_s),
    )
    assert read_back(write([token], key), key) == [token]


def test_drift_is_written_in_whole_time_steps():
    token = replace(TOTP, clock_offset_s=44.0)
    assert [found.clock_offset_s for found in read_back(write([token], None), None)] == [30.0]


def test_nothing_secret_stands_in_an_encrypted_file():
    content = written(EVERY_KIND, KEY)
    for token in EVERY_KIND:
        plain = as_file(write([token], None)).read()
        for secret in re.findall(rb"<pskc:Secret><pskc:PlainValue>([^<]*)", plain):
            assert secret not in content


def test_encrypting_twice_gives_two_texts():
    assert write([TOTP], KEY) != write([TOTP], KEY)


def test_another_key_does_not_open_it():
    with pytest.raises((PskcKeyWrongError, PskcMacWrongError)):
        read_back(write([TOTP], KEY), PreSharedKey(bytes(32)))


def test_passphrase_is_stretched_as_it_should_be():
    content = write([TOTP], PASSPHRASE).decode()
    assert PBKDF2_ITERATIONS >= 600_000
    assert f"<IterationCount>{PBKDF2_ITERATIONS}</IterationCount>" in content
    assert read_back(content, PASSPHRASE) == [TOTP]


@pytest.mark.parametrize(
    "changed",
    [
        {"parameters": Parameters(t0_s=30)},
        {"issuer": "Line\nbreak"},
        {"user": "NUL\0"},
        {"pin_policy": {"Colour": "red"}},
        {"kind": Kind.HOTP, "counter": 2**63},
    ],
)
def test_what_pskc_cannot_carry_is_refused(changed):
    with pytest.raises(InvalidParametersError):
        write([replace(TOTP, **changed)], None)


def test_wiped_seed_is_refused():
    seed = Seed(RFC_SECRET)
    seed.wipe()
    with pytest.raises(InvalidSeedError):
        write([replace(TOTP, seed=seed)], None)


def parsed_by_python_pskc(key):
    document = PSKC(io.BytesIO(written(EVERY_KIND, key)))
    if isinstance(key, Passphrase):
        document.encryption.derive_key(key.text)
    elif key is not None:
        document.encryption.key = key.key
    return {found.id: found for found in document.keys}


@pytest.mark.parametrize("key", [None, KEY, PASSPHRASE])
def test_python_pskc_reads_what_is_written(key):
    found = parsed_by_python_pskc(key)
    assert [found[f"key-{n}"].secret for n in range(1, 6)] == [token.seed.reveal() for token in EVERY_KIND]
    assert [found[f"key-{n}"].serial for n in range(1, 6)] == [token.serial for token in EVERY_KIND]
    assert all(key.check() for key in found.values())
    late, with_pin, ocra = found["key-2"], found["key-4"], found["key-5"]
    assert (late.algorithm_suite, late.response_length) == ("HMAC-SHA256", 8)
    assert (late.time_interval, late.time_drift) == (60, -3)
    assert (with_pin.policy.pin, with_pin.policy.pin_usage) == ("2468", "Local")
    assert (ocra.algorithm_suite, ocra.counter, ocra.challenge_max_length) == (str(SUITE), 7, 8)
    assert all(key.policy.may_use("OTP") for key in found.values())


@pytest.mark.parametrize("key", [None, KEY, PASSPHRASE])
def test_pskctool_finds_what_is_written_valid_against_the_schema_of_the_rfc(pskctool, key):
    assert pskctool(written(EVERY_KIND, key), "--validate") == (0, "OK\n")


def test_pskctool_finds_a_fault_where_there_is_one(pskctool):
    content = write([TOTP], None).replace(b"SerialNo", b"SerialNumber")
    assert pskctool(content, "--validate") != (0, "OK\n")


def test_pskctool_reads_what_is_written_plain(pskctool):
    status, shown = pskctool(write([TOTP], None), "--info", "--strict")
    assert status == 0
    for line in (
        "Manufacturer: oath.UB",
        "SerialNo: 1000001",
        "Issuer: Example & <Sons>",
        "Algorithm: urn:ietf:params:xml:ns:keyprov:pskc:totp",
        f"Key Secret (base64): {SECRET}",
        "Key TimeInterval: 30",
        "Response Format Length: 6",
    ):
        assert line in shown
    _, shown = pskctool(write(EVERY_KIND, None), "--info")
    assert re.findall(r"SerialNo: (\d+)", shown) == [
        "1000001", "1000002", "1000003", "1000004", "1000004", "1000005",
    ]  # fmt: skip


def test_pskctool_reads_all_of_an_encrypted_file_but_its_secrets(pskctool):
    _, shown = pskctool(write([TOTP, LATE], KEY), "--info")
    assert re.findall(r"SerialNo: (\d+)", shown) == ["1000001", "1000002"]
    assert "Key TimeInterval: 60" in shown
    assert "Secret" not in shown
