"""PSKC that is not encrypted: the RFC's examples, and each thing that a key may say."""

import base64

import pytest

from keyfob.formats.detection import FORMATS, detect
from keyfob.formats.pskc import read
from keyfob.formats.pskc_pins import MAX_APART
from keyfob.formats.rows import Credential, Kind, Reason, SeedFileError
from keyfob.parameters import Algorithm, Parameters
from pskc_samples import SECRET, container, key_package, key_text
from seed_files import LONG_SECRET, RFC_SECRET, as_file, outcome, sample, tells_of


def rows_of(*packages, **attributes):
    return list(read(as_file(container(*packages, **attributes))))


def only(*packages):
    (row,) = rows_of(*packages)
    return row


def credential_of(**parts):
    row = only(key_package(**parts))
    assert isinstance(row.content, Credential), row.content
    return row.content


def flaw_of(**parts):
    row = only(key_package(**parts))
    assert not isinstance(row.content, Credential)
    return row.content


@pytest.mark.parametrize(
    ("figure", "serial", "issuer", "digits"),
    [(3, "987654321", "Issuer", 8), (5, "987654321", "Issuer", 8), (9, "0755225266", "Example-Issuer", 6)],
)
def test_plain_example_of_the_rfc_is_read(figure, serial, issuer, digits):
    (row,) = read(sample(f"rfc6030-figure{figure}.pskcxml"))
    found = row.content
    assert (found.serial, found.issuer, found.kind, found.counter) == (serial, issuer, Kind.HOTP, 0)
    assert (found.seed.reveal(), found.parameters) == (RFC_SECRET, Parameters(digits=digits))


def test_the_first_example_of_the_rfc_has_a_secret_of_32_bits_and_is_named_for_that_alone():
    (row,) = read(sample("rfc6030-figure2.pskcxml"))
    assert (row.content.reason, row.content.found) == (Reason.INVALID_SECRET, "32 bits")


def test_example_of_the_rfc_with_a_secret_kept_elsewhere_is_named():
    (row,) = read(sample("rfc6030-figure4.pskcxml"))
    assert (row.content.reason, row.content.field, row.content.found) == (
        Reason.INVALID_SECRET,
        "Secret",
        "none",
    )


def test_example_of_the_rfc_with_a_pin_is_one_token_with_it():
    (row,) = read(sample("rfc6030-figure5.pskcxml"))
    assert row.content.pin == "1234"
    assert row.content.pin_policy == {
        "PINUsageMode": "Local",
        "MinLength": "4",
        "MaxLength": "4",
        "PINEncoding": "DECIMAL",
    }


def test_bulk_example_of_the_rfc_has_four_keys_with_their_dates_beside_them():
    found = list(read(sample("rfc6030-figure10.pskcxml")))
    assert [outcome(row) for row in found] == [(1, "654321"), (2, "123456"), (3, "9999999"), (4, "9999999")]
    assert found[3].original["ExpiryDate"] == "2006-04-30T00:00:00Z"


def test_user_of_the_key_comes_before_the_user_of_the_device():
    (row,) = read(sample("rfc6030-figure3.pskcxml"))
    assert row.content.user == "UID=jsmith,DC=example-bank,DC=net"


def test_mixed_file_gives_every_key_its_row():
    found = list(read(sample("mixed.pskcxml")))
    assert [outcome(row) for row in found] == [
        (1, "60000001"),
        (2, "60000002"),
        (3, "60000003"),
        (4, "InvalidParameter", "Algorithm"),
        (5, "InvalidSerial", "SerialNo"),
        (6, "60000006"),
    ]
    first, second, third = (row.content for row in found[:3])
    assert first.seed.reveal() == LONG_SECRET
    assert (first.parameters, first.clock_offset_s) == (Parameters(Algorithm.SHA256, 8, 60), -180.0)
    assert (first.model, first.manufacturer, first.user) == ("C202", "Contoso", "alice@example.com")
    assert second.parameters == Parameters()
    assert (third.kind, third.suite, third.counter) == (Kind.OCRA, "OCRA-1:HOTP-SHA1-6:C-QN08-PSHA1", 7)


def test_detection_knows_pskc_and_its_reader_reads_it():
    file = sample("mixed.pskcxml")
    assert detect(file) == "pskc"
    assert outcome(next(FORMATS["pskc"](file))) == (1, "60000001")


def test_drift_counts_time_steps_and_is_positive_where_the_clock_is_ahead():
    assert credential_of(TimeInterval="60", TimeDrift="4").clock_offset_s == 240.0
    assert credential_of(TimeDrift="-1").clock_offset_s == -30.0
    assert credential_of(algorithm="hotp", TimeDrift="4").clock_offset_s == 0.0


def test_drift_beyond_all_clocks_is_named():
    assert flaw_of(TimeInterval="60", TimeDrift="99999999999").field == "TimeDrift"


def test_time_is_a_count_of_intervals_and_no_t0():
    found = credential_of(Time="53000000")
    assert (found.parameters.t0_s, found.counter) == (0, 0)


@pytest.mark.parametrize("suite", ["HMAC-SHA512", "SHA-512", "hmac-sha512", "HMACSHA512"])
def test_hash_is_read_as_writers_spell_it(suite):
    assert credential_of(suite=suite).parameters.algorithm is Algorithm.SHA512


@pytest.mark.parametrize(
    "algorithm",
    [
        "urn:ietf:params:xml:ns:keyprov:pskc#totp",
        "http://www.ietf.org/keyprov/pskc#totp",
        "urn:ietf:params:xml:ns:keyprov:pskc:TOTP",
    ],
)
def test_algorithm_is_read_as_older_writers_spell_it(algorithm):
    assert credential_of(uri=algorithm).kind is Kind.TOTP


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"uri": ""}, "Algorithm"),
        ({"uri": "http://www.yubico.com/#yubikey-aes"}, "Algorithm"),
        ({"algorithm": "ocra"}, "Suite"),
        ({"algorithm": "ocra", "suite": "OCRA-2"}, "Suite"),
        ({"suite": "MD5"}, "Suite"),
        ({"response": 'Length="5" Encoding="DECIMAL"'}, "ResponseFormat"),
        ({"response": 'Length="six" Encoding="DECIMAL"'}, "Key"),
        ({"response": 'Length="6" Encoding="HEXADECIMAL"'}, "ResponseFormat"),
        ({"response": 'Length="6" Encoding="DECIMAL" CheckDigits="true"'}, "ResponseFormat"),
        ({"response": 'Length="6" Encoding="DECIMAL" CheckDigits="perhaps"'}, "Key"),
        ({"TimeInterval": "0"}, "TimeInterval"),
        ({"TimeInterval": "1_000"}, "TimeInterval"),
        ({"TimeInterval": "MzA="}, "TimeInterval"),
        ({"algorithm": "hotp", "Counter": "-1"}, "Counter"),
        ({"algorithm": "hotp", "Counter": "18446744073709551616"}, "Counter"),
        ({"algorithm": "hotp", "Counter": ""}, "Counter"),
        ({"policy": "<KeyUsage>Encrypt</KeyUsage>"}, "KeyUsage"),
        ({"policy": "<OwnRule/>"}, "Policy"),
        ({"policy": "<StartDate>" + "9" * 2000 + "</StartDate>"}, "StartDate"),
        ({"policy": "<ExpiryDate>2026-99-99T00:00:00Z</ExpiryDate>"}, "Key"),
        ({"manufacturer": "A" * 201}, "Manufacturer"),
    ],
)
def test_parameter_that_cannot_be_is_named(parts, field):
    found = flaw_of(**parts)
    assert (found.reason, found.field) == (Reason.INVALID_PARAMETER, field)


def test_user_that_is_none_is_named():
    assert flaw_of(user="x" * 321).reason is Reason.INVALID_USER


@pytest.mark.parametrize("secret", ["", "!!!!" + SECRET, SECRET[:-1], "MTIz"])
def test_secret_that_is_no_base64_or_too_short_is_named_by_its_length(secret):
    row = only(key_package(secret=secret))
    assert row.content.reason is Reason.INVALID_SECRET
    assert row.content.found.endswith(("bits", "characters"))
    assert not tells_of(row, SECRET[:8])


def test_secret_may_be_broken_into_lines():
    assert credential_of(secret=f"\n  {SECRET[:10]}\n  {SECRET[10:]}\n").seed.reveal() == RFC_SECRET


@pytest.mark.parametrize(
    "data",
    [
        f"<Secret><PlainValue>{SECRET}</PlainValue></Secret><Secret><PlainValue>AAAA</PlainValue></Secret>",
        f"<Secret><PlainValue>{SECRET}</PlainValue><PlainValue>AAAA</PlainValue></Secret>",
        f"<Secret><PlainValue>{SECRET}</PlainValue><EncryptedValue/></Secret>",
        f"<Secret><Value>{SECRET}</Value></Secret>",
        "<Secret/>",
    ],
)
def test_value_that_says_two_things_or_nothing_is_named(data):
    found = flaw_of(data=data)
    assert (found.reason, found.field) == (Reason.INVALID_PARAMETER, "Secret")


def test_values_of_old_drafts_are_named():
    package = f'<KeyPackage><Key Id="1" Algorithm="x"><Data Name="secret"><Value>{SECRET}</Value></Data></Key></KeyPackage>'
    assert outcome(only(package)) == (1, "InvalidParameter", "Data")


def test_serial_is_the_id_of_the_key_where_there_is_none():
    assert credential_of(serial=None, key_id="A-17").serial == "A-17"
    assert flaw_of(serial=None, key_id="283598:1").field == "Id"


def test_names_lose_their_blanks_and_are_composed():
    found = credential_of(manufacturer="  Cafe\u0301 ", issuer="\n Example Corp\n ")
    assert (found.manufacturer, found.issuer) == ("Caf\u00e9", "Example Corp")


def test_package_without_a_key_is_passed_over_and_one_with_two_has_two_rows():
    two = f"<KeyPackage>{key_text(key_id='A')}{key_text(key_id='B')}</KeyPackage>"
    assert [outcome(row) for row in rows_of("<KeyPackage/>", two)] == [(1, "A"), (2, "B")]


def pin_policy(pin_id):
    return f'<PINPolicy PINKeyId="{pin_id}" PINUsageMode="Append" MaxFailedAttempts="5"/>'


def pin_package(pin_id, pin="2468"):
    secret = base64.b64encode(pin.encode()).decode()
    return key_package(algorithm="pin", key_id=pin_id, secret=secret)


def test_pin_may_stand_before_its_key_or_long_after_it_and_serve_two():
    found = rows_of(
        pin_package("p1", "1111"),
        key_package(serial="A", policy=pin_policy("p1")),
        key_package(serial="B", policy=pin_policy("p2")),
        key_package(serial="C"),
        key_package(serial="D", policy=pin_policy("p2")),
        pin_package("p2", "2222"),
    )
    assert [(*outcome(row), row.content.pin) for row in found] == [
        (2, "A", "1111"),
        (3, "B", "2222"),
        (4, "C", None),
        (5, "D", "2222"),
    ]
    assert found[0].content.pin_policy == {"PINUsageMode": "Append", "MaxFailedAttempts": "5"}


def test_pin_that_is_not_in_the_file_is_unknown():
    assert credential_of(policy=pin_policy("elsewhere")).pin is None


def test_pin_alone_is_no_token():
    assert outcome(only(pin_package("p1"))) == (1, "InvalidParameter", "Algorithm")


def test_pin_that_nobody_can_type_is_named_where_it_is_asked_for():
    for package in (
        pin_package("p1", "12\n34"),
        key_package(algorithm="pin", key_id="p1", data="<Counter/>"),
    ):
        found = rows_of(key_package(serial="A", policy=pin_policy("p1")), package)
        assert [outcome(row) for row in found] == [(1, "InvalidParameter", "PINKeyId")]


def test_second_pin_with_the_same_id_is_named():
    found = rows_of(pin_package("p1"), pin_package("p1"), key_package(policy=pin_policy("p1")))
    assert [outcome(row) for row in found] == [(2, "InvalidParameter", "Algorithm"), (3, "1234567")]


def test_waiting_for_a_pin_has_an_end_and_the_pin_is_named():
    keys = [key_package(serial="A", policy=pin_policy("p1")), *[key_package()] * MAX_APART]
    found = rows_of(*keys, pin_package("p1"))
    assert (found[0].content.serial, found[0].content.pin) == ("A", None)
    assert outcome(found[-1]) == (MAX_APART + 2, "InvalidParameter", "Algorithm")


def test_no_row_tells_a_secret():
    for name in ("mixed", "rfc6030-figure5", "rfc6030-figure10"):
        for row in read(sample(f"{name}.pskcxml")):
            assert not tells_of(row, SECRET)
            assert not tells_of(row, RFC_SECRET.decode())
            assert "1234'" not in repr(row)


def test_other_versions_are_refused():
    with pytest.raises(SeedFileError, match="Version"):
        rows_of(key_package(), version="2.0")


@pytest.mark.parametrize("content", ["", "<KeyPackage/>", f"<Device>{key_text()}</Device>"])
def test_file_without_keys_and_one_of_a_draft_are_refused(content):
    with pytest.raises(SeedFileError, match="no key"):
        rows_of(content)
