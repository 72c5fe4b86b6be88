import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.formats.fleet_rows import read
from keyfob.formats.fleet_seeds import SeedRecord, format_seed_file, read_seed_file
from keyfob.formats.rows import Kind, SeedFileError
from keyfob.parameters import Algorithm, Parameters
from keyfob.seed import Seed
from keyfob.uri import Provisioning
from seed_files import RFC_SECRET, as_file, outcome, sample, tells_of

names = (
    st.text(st.sampled_from("ab =+-@'\té"), min_size=1, max_size=12)
    .map(lambda name: unicodedata.normalize("NFC", name.replace("\t", "")))
    .filter(lambda name: name and name == name.strip())
)


@st.composite
def records(draw):
    counter = draw(st.none() | st.integers(0, 2**64 - 1))
    seed = Seed(draw(st.binary(min_size=10, max_size=64)))
    carried = Provisioning(seed, draw(names), draw(st.none() | names), Parameters(), counter)
    serial = draw(st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True))
    return SeedRecord(serial, carried, 20.0, 1_767_268_800.0, draw(st.none() | st.just("1234")))


def test_bad_lines_are_named_and_the_others_read():
    assert [outcome(row) for row in read(sample("fleet.csv"))] == [
        (2, "KF1"),
        (3, "KF2"),
        (4, "InvalidSerial", "serial"),
        (5, "InvalidSecret", "secret_base32"),
        (6, "InvalidUser", "account"),
        (7, "InvalidParameter", "pin"),
        (8, "InvalidParameter", ""),
    ]


def test_what_a_fleet_knows_is_kept():
    timed, counted = [row.content for row in list(read(sample("fleet.csv")))[:2]]
    assert (timed.user, timed.issuer, timed.kind, timed.grade_ppm) == ("alice", "ACME", Kind.TOTP, 20.0)
    assert (timed.made_at, timed.pin, timed.pin_policy) == (
        1_767_268_800.0,
        "1234",
        {"PINUsageMode": "Local"},
    )
    assert (timed.seed.reveal(), timed.parameters) == (RFC_SECRET, Parameters())
    assert (counted.kind, counted.counter, counted.parameters) == (
        Kind.HOTP,
        5,
        Parameters(Algorithm.SHA256, 8),
    )
    assert (counted.pin, counted.pin_policy, counted.issuer) == (None, {}, None)


@given(st.lists(records(), min_size=1, max_size=4, unique_by=lambda record: record.serial))
def test_what_a_fleet_writes_is_read_back_both_ways(made):
    text = format_seed_file(made)
    assert list(read_seed_file(text)) == made
    found = [row.content for row in read(as_file(text))]
    assert [(c.serial, c.seed, c.user, c.issuer, c.pin) for c in found] == [
        (m.serial, m.carried.seed, m.carried.account, m.carried.issuer, m.pin) for m in made
    ]


def test_formula_in_a_name_is_escaped_in_what_a_fleet_writes():
    carried = Provisioning(Seed(RFC_SECRET), '=HYPERLINK("x")')
    text = format_seed_file([SeedRecord("KF1", carried, 20.0, 0.0)])
    assert ",\"'=HYPERLINK(" in text


@pytest.mark.parametrize("text", ["serial,kind\n", "\n\n", "KF1,totp\n"])
def test_other_header_is_refused(text):
    with pytest.raises(SeedFileError):
        list(read(as_file(f"{text}x")))


def test_neither_seed_nor_pin_is_shown():
    for row in read(sample("fleet.csv")):
        assert not tells_of(row, Seed(RFC_SECRET).to_base32())
        assert "'12'" not in repr(row)
        assert "'1234'" not in repr(row)
