import pytest

from keyfob.formats.oath_users import read
from keyfob.formats.rows import Credential, Kind
from keyfob.parameters import Parameters
from seed_files import OTHER_SECRET, RFC_SECRET, as_file, outcome, sample, tells_of

HEX = RFC_SECRET.hex()


def test_good_lines_are_read_and_others_named():
    assert [outcome(row)[1:] for row in read(sample("users.oath"))] == [
        ("alice",),
        ("bob",),
        ("bob2",),
        ("carol",),
        ("dave-example.com-7b34211350ff",),
        ("InvalidParameter", "type"),
        ("InvalidSecret", "secret"),
        ("InvalidParameter", ""),
        ("InvalidParameter", "moving factor"),
    ]


def test_what_a_line_says_is_kept():
    alice, bob, bob2, carol, dave = [
        row.content for row in read(sample("users.oath")) if isinstance(row.content, Credential)
    ]
    assert (alice.kind, alice.counter, alice.seed.reveal(), alice.user) == (Kind.HOTP, 0, RFC_SECRET, "alice")
    assert (bob.parameters.digits, bob.counter, bob.pin) == (8, 5, None)
    assert bob2.counter == 6, "the toolkit writes the counter of the code that it accepted last"
    assert (carol.kind, carol.parameters, carol.counter) == (Kind.TOTP, Parameters(), 0)
    assert (dave.parameters.digits, dave.parameters.time_step_s) == (7, 60)
    assert (dave.user, dave.seed.reveal()) == ("dave@example.com", OTHER_SECRET)
    assert (dave.pin, dave.pin_policy) == ("1234", {"PINUsageMode": "Prepend"})


@pytest.mark.parametrize(
    ("written", "kind", "digits", "step_s"),
    [
        ("HOTP", Kind.HOTP, 6, 30),
        ("HOTP/E", Kind.HOTP, 6, 30),
        ("HOTP/E/7", Kind.HOTP, 7, 30),
        ("HOTP/T30", Kind.TOTP, 6, 30),
        ("HOTP/T30/8", Kind.TOTP, 8, 30),
        ("HOTP/T60", Kind.TOTP, 6, 60),
        ("HOTP/T60/6", Kind.TOTP, 6, 60),
    ],
)
def test_every_documented_type_is_read(written, kind, digits, step_s):
    (row,) = read(as_file(f"{written} u - {HEX}"))
    assert (row.content.kind, row.content.parameters) == (kind, Parameters(digits=digits, time_step_s=step_s))


@pytest.mark.parametrize("written", ["hotp", "TOTP", "HOTP/6", "HOTP/E/9", "HOTP/T30/", "HOTP/T15", "X"])
def test_other_types_are_flaws(written):
    (row,) = read(as_file(f"{written} u - {HEX}"))
    assert outcome(row) == (1, "InvalidParameter", "type")


def test_neither_secret_nor_password_is_shown():
    for row in read(sample("users.oath")):
        assert not tells_of(row, HEX)
        assert not tells_of(row, OTHER_SECRET.hex())
        assert "'1234'" not in repr(row)
