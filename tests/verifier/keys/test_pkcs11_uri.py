import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob_verifier.keys.errors import InvalidKekSpecError, PinInUriError, PinSourceError
from keyfob_verifier.keys.pkcs11_uri import Pkcs11Uri, parse_pkcs11_uri, read_pin

GOOD = "pkcs11:token=my%20token;object=kek?module-path=/usr/lib/hsm.so&pin-source=file:/etc/keyfob/pin"


def test_uri_names_token_key_library_and_pin():
    assert parse_pkcs11_uri(GOOD) == Pkcs11Uri("my token", "kek", "/usr/lib/hsm.so", "file:/etc/keyfob/pin")


def test_serial_and_type_may_be_named():
    uri = parse_pkcs11_uri(GOOD.replace("object", "serial=5a1b;type=secret-key;object"))
    assert uri.serial == "5a1b"


@pytest.mark.parametrize(
    "text",
    [
        GOOD + "&pin-value=1234",
        GOOD + "&PIN-VALUE=1234",
        "pkcs11:pin-value=1234",
        GOOD + "&pin%2Dvalue=1234",
    ],
)
def test_pin_in_the_uri_is_refused_without_repeating_it(text):
    with pytest.raises(PinInUriError) as caught:
        parse_pkcs11_uri(text)
    assert "1234" not in str(caught.value)
    assert "pin-source" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "pkcs11:",
        GOOD.replace("token=my%20token;", ""),
        GOOD.replace(";object=kek", ""),
        GOOD.replace("&pin-source=file:/etc/keyfob/pin", ""),
        GOOD.replace("module-path=/usr/lib/hsm.so&", ""),
        GOOD + "&pin-source=env:PIN",
        GOOD.replace("object=kek", "object=kek;object=other"),
        GOOD.replace("object=kek", "object=kek;type=private"),
        GOOD.replace("object=kek", "object=kek;colour=red"),
        GOOD.replace("my%20token", "%ff"),
        GOOD.replace("object=kek", "object="),
        GOOD.replace("object=kek", "object"),
    ],
)
def test_uri_that_leaves_something_open_is_refused(text):
    with pytest.raises(InvalidKekSpecError):
        parse_pkcs11_uri(text)


@given(st.text())
def test_whatever_is_typed_is_a_uri_or_a_mistake_of_a_kind_that_has_a_name(text):
    try:
        parsed = parse_pkcs11_uri(f"pkcs11:{text}")
    except (InvalidKekSpecError, PinInUriError):
        return
    assert isinstance(parsed, Pkcs11Uri)


def test_pin_is_read_from_the_environment():
    assert read_pin("env:PIN", {"PIN": "12 34"}) == "12 34"
    with pytest.raises(PinSourceError, match="env:PIN"):
        read_pin("env:PIN", {})


@pytest.mark.parametrize("scheme", ["file:", ""])
def test_pin_is_read_from_a_file_of_its_owner(tmp_path, scheme):
    (tmp_path / "pin").touch(mode=0o600)
    (tmp_path / "pin").write_text("1234\n")
    assert read_pin(f"{scheme}{tmp_path}/pin", {}) == "1234"


def test_pin_that_others_can_read_is_refused(tmp_path):
    (tmp_path / "pin").write_text("1234")
    (tmp_path / "pin").chmod(0o640)
    with pytest.raises(PinSourceError, match="chmod 600") as caught:
        read_pin(f"file:{tmp_path}/pin", {})
    assert "1234" not in str(caught.value)


def test_missing_and_empty_pin_files_are_named(tmp_path):
    with pytest.raises(PinSourceError, match="No such file"):
        read_pin(f"file:{tmp_path}/pin", {})
    (tmp_path / "pin").touch(mode=0o600)
    with pytest.raises(PinSourceError, match="empty"):
        read_pin(f"file:{tmp_path}/pin", {})
