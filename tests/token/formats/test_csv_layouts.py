import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.formats.column_map import Settings
from keyfob.formats.csv_files import read
from keyfob.formats.csv_layouts import LAYOUTS
from keyfob.formats.csv_writer import csv_lines
from keyfob.formats.rows import Credential, Kind, SeedFileError
from keyfob.parameters import Algorithm, Parameters
from keyfob.seed import Seed
from seed_files import LONG_SECRET, OTHER_SECRET, RFC_SECRET, as_file, outcome, sample, tells_of

ENTRA, FEITIAN, TOKEN2 = LAYOUTS["entra"], LAYOUTS["feitian"], LAYOUTS["token2"]
YUBICO, PRIVACYIDEA = LAYOUTS["yubico"], LAYOUTS["privacyidea"]
HEX, BASE32 = RFC_SECRET.hex(), base64.b32encode(RFC_SECRET).decode()
HEADER = "upn,serial number,secret key,time interval,manufacturer,model"

users = st.from_regex(r"[a-z.'+-]{1,20}@[a-z]{1,9}\.example", fullmatch=True)
words = st.text(st.sampled_from("abc =+-@',;\"é1"), max_size=12).map(str.strip)


def credentials(rows):
    return [row.content for row in rows if isinstance(row.content, Credential)]


@pytest.mark.parametrize("name", ["entra.csv", "entra-bom.csv", "entra-utf16.csv"])
def test_entra_rows_are_read_and_bad_ones_named(name):
    assert [outcome(row) for row in read(sample(name), ENTRA)] == [
        (2, "1234567"),
        (3, "1234568"),
        (4, "InvalidUser", "upn"),
        (5, "InvalidSerial", "serial number"),
        (6, "InvalidSecret", "secret key"),
        (7, "InvalidParameter", "time interval"),
        (8, "InvalidParameter", ""),
    ]


def test_entra_row_says_whose_and_what_a_token_is():
    helga, nobody = credentials(read(sample("entra.csv"), ENTRA))
    assert (helga.user, helga.manufacturer, helga.model) == ("helga@example.com", "Contoso", "HardwareKey")
    assert (helga.kind, helga.parameters, helga.seed.reveal()) == (
        Kind.TOTP,
        Parameters(time_step_s=60),
        RFC_SECRET,
    )
    assert (nobody.user, nobody.model, nobody.seed.reveal()) == (None, "HardwareKey, small", OTHER_SECRET)


def test_entra_row_can_be_corrected_from_what_is_left_of_it():
    row = list(read(sample("entra.csv"), ENTRA))[2]
    assert row.original == {
        "upn": "not a upn",
        "serial number": "1234569",
        "time interval": "30",
        "manufacturer": "Contoso",
        "model": "HardwareKey",
    }
    assert (row.content.found, row.content.advice.split(",")[0]) == (
        "not a upn",
        "write a user principal name",
    )


def test_entra_header_is_known_however_it_is_written():
    header = "Model;UPN;Serial_Number;note;SecretKey;timeinterval;manufacturer"
    (row,) = read(as_file(f"{header}\nM;a@b.example;1;ours;{BASE32};30;\n"), ENTRA)
    assert (row.content.model, row.content.user, row.content.manufacturer) == ("M", "a@b.example", None)


@pytest.mark.parametrize(
    "header",
    [HEADER.replace("secret key", "x"), HEADER.replace("model", "upn"), f"a@b.example,1,{BASE32},30"],
)
def test_entra_file_without_its_header_is_refused(header):
    with pytest.raises(SeedFileError, match="line 1: its header"):
        list(read(as_file(f"{header}\n"), ENTRA))


@pytest.mark.parametrize(
    "upn", ["alice", "a b@example.com", "@example.com", "a@", "a@b@c.example", "alice@example"]
)
def test_entra_user_that_is_no_upn_is_refused(upn):
    (row,) = read(as_file(f"{HEADER}\n{upn},1,{BASE32},30,,\n"), ENTRA)
    assert outcome(row) == (2, "InvalidUser", "upn")


def test_entra_secret_in_hex_is_read_only_when_that_is_said():
    text = f"{HEADER}\n,1,{HEX},30,,\n"
    assert outcome(*read(as_file(text), ENTRA)) == (2, "InvalidSecret", "secret key")
    (row,) = read(as_file(text), ENTRA, Settings.parse("encoding=hex"))
    assert row.content.seed.reveal() == RFC_SECRET


@given(
    st.lists(
        st.tuples(users, st.integers(0, 10**12), st.binary(min_size=10, max_size=64), words, words),
        max_size=4,
    )
)
def test_entra_file_that_is_written_is_read_back(made):
    rows = [(u, str(n), Seed(s).to_base32(), "30", maker, model) for u, n, s, maker, model in made]
    found = credentials(read(as_file(b"".join(csv_lines([HEADER.split(","), *rows]))), ENTRA))
    assert [
        (c.user, int(c.serial), c.seed.reveal(), c.manufacturer or "", c.model or "") for c in found
    ] == made


def test_feitian_pairs_are_read_in_either_encoding():
    assert [outcome(row) for row in read(sample("feitian.txt"), FEITIAN)] == [
        (1, "2600124000001"),
        (2, "2600124000002"),
        (3, "InvalidParameter", ""),
    ]
    for name in ("feitian.txt", "feitian-hex.csv"):
        one, two = credentials(read(sample(name), FEITIAN))
        assert (one.seed.reveal(), two.seed.reveal()) == (RFC_SECRET, OTHER_SECRET)
        assert (one.kind, one.manufacturer, one.parameters) == (Kind.TOTP, "Feitian", Parameters())


def test_what_a_file_does_not_say_can_be_said():
    settings = Settings.parse("kind:hotp, digits:8, counter:3, manufacturer:ACME")
    one, _ = credentials(read(sample("feitian.txt"), FEITIAN, settings))
    assert (one.kind, one.counter, one.parameters) == (Kind.HOTP, 3, Parameters(digits=8))
    assert one.manufacturer == "ACME"


def test_feitian_file_of_one_column_is_refused():
    with pytest.raises(SeedFileError, match="line 1: it has one column"):
        list(read(as_file(f"{BASE32}\n"), FEITIAN))


def test_token2_file_is_read_by_its_header():
    assert [outcome(row)[1:] for row in read(sample("token2.csv"), TOKEN2)] == [
        ("60000001",),
        ("60000002",),
        ("InvalidSecret", "secret key"),
    ]
    _, second = credentials(read(sample("token2.csv"), TOKEN2))
    assert (second.parameters.time_step_s, second.model, second.user) == (60, "C202", None)
    with pytest.raises(SeedFileError, match="header"):
        list(read(as_file(f"60000001,{BASE32},30\n"), TOKEN2))


def test_yubico_traditional_log_gives_its_oath_entries():
    assert [outcome(row) for row in read(sample("yubico-traditional.csv"), YUBICO)] == [
        (2, "ubhe00508326"),
        (3, "InvalidSerial", "public id"),
        (4, "InvalidParameter", "event type"),
    ]
    (token,) = credentials(read(sample("yubico-traditional.csv"), YUBICO))
    assert (token.kind, token.counter, token.parameters) == (Kind.HOTP, 16, Parameters(digits=8))
    assert (token.manufacturer, token.seed.reveal()) == ("Yubico", RFC_SECRET)


def test_yubicos_own_log_gives_its_oath_entries():
    assert [outcome(row) for row in read(sample("yubico.csv"), YUBICO)] == [
        (1, "508326"),
        (2, "1382042"),
        (3, "InvalidParameter", "moving factor"),
    ]
    _, token = credentials(read(sample("yubico.csv"), YUBICO))
    assert (token.kind, token.counter, token.seed.reveal()) == (Kind.HOTP, 32, OTHER_SECRET)


def test_yubico_row_of_another_length_is_refused():
    logged = "OATH-HOTP,12/11/13, 6:55 PM,1,ubhe00508326,," + HEX + ",,,0,0,0,6,0,0,0,0,0,0\n"
    assert outcome(*read(as_file(logged), YUBICO)) == (1, "InvalidParameter", "")
    listed = f"508326,,0,{HEX[:32]},,2013-12-12T08:41:07,\n"
    assert outcome(*read(as_file(listed), YUBICO)) == (1, "InvalidSecret", "secret key")


def test_privacyidea_rows_are_read_by_their_type():
    assert [outcome(row) for row in read(sample("privacyidea.csv"), PRIVACYIDEA)] == [
        *[(line, f"OATH000{line - 1}") for line in range(2, 8)],
        (8, "InvalidParameter", "counter"),
        (9, "InvalidParameter", "ocra suite"),
        (10, "InvalidParameter", "type"),
        (11, "InvalidSecret", "seed"),
    ]


def test_privacyidea_row_says_all_parameters():
    found = credentials(read(sample("privacyidea.csv"), PRIVACYIDEA))
    assert [(c.kind, c.counter, c.parameters) for c in found] == [
        (Kind.TOTP, 0, Parameters(time_step_s=60)),
        (Kind.HOTP, 5, Parameters(digits=8)),
        (Kind.HOTP, 0, Parameters()),
        (Kind.TOTP, 0, Parameters(Algorithm.SHA256, 8)),
        (Kind.TOTP, 0, Parameters(Algorithm.SHA1, 8)),
        (Kind.OCRA, 0, Parameters()),
    ]
    assert (found[-1].suite, found[3].seed.reveal()) == ("OCRA-1:HOTP-SHA1-6:QN08", LONG_SECRET)


def test_privacyidea_file_with_users_names_them():
    hans, nobody = credentials(read(sample("privacyidea-users.csv"), PRIVACYIDEA))
    assert (hans.user, hans.serial, hans.kind) == ("hans", "OATH0001", Kind.TOTP)
    assert (nobody.user, nobody.serial, nobody.kind) == (None, "OATH0002", Kind.HOTP)


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (f"A,{HEX},totp,5,30", "otp length"),
        (f"A,{HEX},totp,6,0", "time step"),
        (f"A,{HEX},totp,6,30,md5", "hash"),
        (f"A,{HEX},hotp,6,18446744073709551616", "counter"),
        (f"A,{HEX},hotp,6,-1", "counter"),
        (f"A,{HEX},ocra,OCRA-1:HOTP-SHA1-0:QN08", "ocra suite"),
        (f"A,{HEX},totp,6,30,sha1,,,x", ""),
        ("A", ""),
        (f"A,{HEX},totp,{'6' * 5000}", ""),
    ],
)
def test_parameter_that_cannot_be_is_named_by_its_column(row, column):
    (found,) = read(as_file(f"{row}\n"), PRIVACYIDEA, Settings.parse("delimiter=comma"))
    assert outcome(found) == (1, "InvalidParameter", column)


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("entra.csv", ENTRA),
        ("feitian.txt", FEITIAN),
        ("token2.csv", TOKEN2),
        ("yubico-traditional.csv", YUBICO),
        ("yubico.csv", YUBICO),
        ("privacyidea.csv", PRIVACYIDEA),
        ("privacyidea-users.csv", PRIVACYIDEA),
    ],
)
def test_no_row_shows_its_secret(name, layout):
    secrets = [RFC_SECRET, OTHER_SECRET, LONG_SECRET]
    spelled = [text for s in secrets for text in (s.hex(), Seed(s).to_base32())]
    for row in read(sample(name), layout):
        assert not any(tells_of(row, text) for text in [*spelled, "000102030405"])


def test_secret_in_the_wrong_column_is_told_only_by_its_length():
    swapped = f"upn,serial number,time interval,secret key\n,1,{BASE32},30\n{HEX},2,30,{BASE32}\n"
    for row in read(as_file(swapped), ENTRA):
        assert row.content.found == f"{len(BASE32 if row.line == 2 else HEX)} characters"
        assert not tells_of(row, BASE32)
        assert not tells_of(row, HEX)
