import pytest
from hypothesis import given
from hypothesis import strategies as st

from fob_samples import SECRET, tells
from keyfob.formats.fleet_seeds import (
    COLUMNS,
    InvalidSeedFileError,
    SeedRecord,
    format_seed_file,
    read_seed_file,
)
from keyfob.parameters import Algorithm, Parameters
from keyfob.seed import Seed
from keyfob.uri import Provisioning

SECRET_BASE32 = Seed(SECRET).to_base32()
HEADER = ",".join(COLUMNS)
TIMED = f"KF1,totp,SHA1,6,30,,ACME,alice,{SECRET_BASE32},1234,20,2026-01-01T12:00:00+00:00"
COUNTED = f"KF2,hotp,SHA256,8,,5,,bob,{SECRET_BASE32},,2.5,2026-01-01T12:00:00Z"

names = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1, max_size=20
).filter(lambda name: name == name.strip() and ":" not in name)


@st.composite
def records(draw):
    counter = draw(st.none() | st.integers(0, 2**64 - 1))
    time_step_s = draw(st.integers(1, 2**31 - 1)) if counter is None else 30
    parameters = Parameters(draw(st.sampled_from(Algorithm)), draw(st.integers(6, 10)), time_step_s)
    seed = Seed(draw(st.binary(min_size=10, max_size=64)))
    carried = Provisioning(seed, draw(names), draw(st.none() | names), parameters, counter)
    return SeedRecord(
        draw(st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True)),
        carried,
        draw(st.integers(0, 1000)) / 8,
        draw(st.integers(0, 2**32)) + draw(st.integers(0, 3)) / 4,
        draw(st.none() | st.from_regex(r"[0-9]{4,8}", fullmatch=True)),
    )


@given(st.lists(records(), max_size=4, unique_by=lambda record: record.serial))
def test_what_is_written_is_read_back(made):
    assert list(read_seed_file(format_seed_file(made))) == made


def test_lines_as_a_manufacturer_writes_them_are_read():
    timed, counted = read_seed_file(f"\ufeff{HEADER}\r\n{TIMED}\r\n\r\n{COUNTED}\r\n")
    assert (timed.serial, timed.pin, timed.crystal_grade_ppm) == ("KF1", "1234", 20.0)
    assert timed.made_at == counted.made_at == 1_767_268_800.0
    assert (timed.carried.seed.reveal(), timed.carried.counter) == (SECRET, None)
    assert (counted.carried.counter, counted.carried.issuer, counted.pin) == (5, None, None)
    assert counted.carried.parameters == Parameters(Algorithm.SHA256, 8)


@pytest.mark.parametrize(
    ("written", "altered", "column"),
    [
        ("KF1,", "K F,", "serial"),
        ("totp", "ocra", "kind"),
        ("SHA1", "MD5", "algorithm"),
        (",6,", ",5,", "digits"),
        (",6,", ",six,", "digits"),
        (",30,", ",0,", "time_step_s"),
        (",30,,", ",30,1,", "counter"),
        ("totp,SHA1,6,30,", "hotp,SHA1,6,30,1", "time_step_s"),
        ("totp,SHA1,6,30,,", "hotp,SHA1,6,,,", "counter"),
        ("totp,SHA1,6,30,,", "hotp,SHA1,6,,18446744073709551616,", "counter"),
        ("ACME", "AC:ME", "issuer"),
        ("alice", "", "account"),
        (SECRET_BASE32, f"{SECRET_BASE32}1", "secret_base32"),
        (SECRET_BASE32, "", "secret_base32"),
        ("1234", "123", "pin"),
        (",20,", ",-1,", "crystal_grade_ppm"),
        (",20,", ",nan,", "crystal_grade_ppm"),
        ("+00:00", "", "made_at"),
        ("2026-01-01", "yesterday ", "made_at"),
        (",20,", ",20,,", ""),
        ("alice", '"alice', ""),
        ("alice", "a" * 5000, "account"),
    ],
)
def test_mistake_is_named_by_line_and_column_and_tells_no_seed(written, altered, column):
    assert written in TIMED
    reading = read_seed_file(f"{HEADER}\n{COUNTED}\n{TIMED.replace(written, altered, 1)}\n")
    assert next(reading).serial == "KF2"
    with pytest.raises(InvalidSeedFileError) as caught:
        list(reading)
    assert (caught.value.line, caught.value.column) == (3, column)
    assert not tells(str(caught.value), SECRET)
    assert SECRET_BASE32 not in repr(caught.value)


@pytest.mark.parametrize("text", ["", TIMED, HEADER.replace("pin,", ""), "\0"])
def test_other_header_is_refused(text):
    with pytest.raises(InvalidSeedFileError) as caught:
        list(read_seed_file(text))
    assert (caught.value.line, caught.value.column) == (1, "")


def test_serial_that_stands_twice_is_refused():
    with pytest.raises(InvalidSeedFileError, match="line 3, serial"):
        list(read_seed_file(f"{HEADER}\n{TIMED}\n{TIMED}\n"))


def test_record_shows_neither_seed_nor_pin():
    (record,) = read_seed_file(f"{HEADER}\n{TIMED}\n")
    assert not tells(repr(record), SECRET)
    assert "1234" not in repr(record)
