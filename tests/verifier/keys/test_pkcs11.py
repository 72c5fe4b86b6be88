"""An HSM that is real in all but its hardware: SoftHSM2."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pkcs11
import pytest
from pkcs11 import Attribute, KeyType, MechanismFlag, ObjectClass

from hsm import hsm, softhsm  # noqa: F401  fixtures
from keyfob import SealingKey
from keyfob.errors import UnsealError
from keyfob_verifier.keys.envelope import rewrap, unwrap, wrap
from keyfob_verifier.keys.errors import HsmKeyError, HsmUnavailableError, PinSourceError
from keyfob_verifier.keys.kek import HeldKek, Keks
from keyfob_verifier.keys.pkcs11 import HsmKek
from keyfob_verifier.keys.pkcs11_uri import parse_pkcs11_uri

NONCE = bytes(range(12))
DATA_KEY = SealingKey("data", bytes(range(32)))


@pytest.fixture
def kek(hsm):  # noqa: F811
    return HsmKek.open_or_generate(parse_pkcs11_uri(hsm.uri()), {})


@contextmanager
def objects(hsm):  # noqa: F811
    """The secret keys as the HSM's owner sees them, in a session of their own."""
    with pkcs11.lib(hsm.module_path).get_token(token_label=hsm.label).open() as session:
        yield list(session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY}))


def test_data_key_is_wrapped_in_the_hsm_and_comes_back(kek):
    wrapped = wrap(DATA_KEY, "tenant", Keks([kek]), 1.0)
    assert DATA_KEY.reveal() not in wrapped.ciphertext
    assert wrapped.kek_id == kek.kek_id
    assert unwrap(wrapped, Keks([kek])) == DATA_KEY


def test_new_key_cannot_leave_the_hsm(hsm, kek):  # noqa: F811
    with objects(hsm) as (key,):
        assert (key.key_type, key.key_length) == (KeyType.AES, 256)
        assert key[Attribute.SENSITIVE]
        assert not key[Attribute.EXTRACTABLE]
        with pytest.raises(pkcs11.exceptions.AttributeSensitive):
            key[Attribute.VALUE]


def test_key_that_is_there_is_taken_and_no_second_one_is_made(hsm, kek):  # noqa: F811
    again = HsmKek.open_or_generate(parse_pkcs11_uri(hsm.uri()), {})
    assert again.kek_id == kek.kek_id
    with objects(hsm) as found:
        assert len(found) == 1
    assert again.decrypt(kek.encrypt(b"secret", b"of", NONCE), b"of", NONCE) == b"secret"


def test_hsm_computes_what_openssl_computes(hsm):  # noqa: F811
    """The same key, in the HSM and out of it: a backup of the HSM's key would open the same wrapped keys."""
    secret = bytes(range(32))
    HsmKek.open_or_generate(parse_pkcs11_uri(hsm.uri("first")), {})  # logs this process in
    with pkcs11.lib(hsm.module_path).get_token(token_label=hsm.label).open(rw=True) as session:
        session.create_object(
            {
                Attribute.CLASS: ObjectClass.SECRET_KEY,
                Attribute.KEY_TYPE: KeyType.AES,
                Attribute.LABEL: "imported",
                Attribute.ID: b"\x01\x02",
                Attribute.VALUE: secret,
                Attribute.TOKEN: True,
                Attribute.SENSITIVE: True,
                Attribute.EXTRACTABLE: False,
                Attribute.ENCRYPT: True,
                Attribute.DECRYPT: True,
            }
        )
    kek = HsmKek(parse_pkcs11_uri(hsm.uri("imported")), {})
    assert kek.kek_id == "hsm-0102"
    held = SealingKey("any", secret)
    assert kek.encrypt(b"plain", b"associated", NONCE) == held.encrypt(b"plain", b"associated", NONCE)


@pytest.mark.parametrize(
    ("ciphertext", "associated", "nonce"),
    [
        (0, b"of", NONCE),
        (-1, b"of", NONCE),
        (None, b"off", NONCE),
        (None, b"of", bytes(12)),
        (None, b"of", b""),
    ],
)
def test_anything_altered_does_not_open(kek, ciphertext, associated, nonce):
    text = bytearray(kek.encrypt(b"secret", b"of", NONCE))
    if ciphertext is not None:
        text[ciphertext] ^= 1
    with pytest.raises(UnsealError):
        kek.decrypt(bytes(text), associated, nonce)
    assert kek.decrypt(kek.encrypt(b"secret", b"of", NONCE), b"of", NONCE) == b"secret"


def test_text_that_is_cut_short_does_not_open(kek):
    with pytest.raises(UnsealError):
        kek.decrypt(b"", b"of", NONCE)
    with pytest.raises(UnsealError):
        kek.decrypt(bytes(15), b"of", NONCE)


def test_key_moves_from_a_file_into_the_hsm_and_on_to_another_key_of_it(hsm, kek):  # noqa: F811
    file = HeldKek(SealingKey("file", bytes(32)), "file:kek.key")
    second = HsmKek.open_or_generate(parse_pkcs11_uri(hsm.uri("second")), {})
    in_file = wrap(DATA_KEY, "tenant", Keks([file]), 1.0)
    in_hsm = rewrap(in_file, Keks([kek, file]))
    in_second = rewrap(in_hsm, Keks([second, kek]))
    assert len({in_file.kek_id, in_hsm.kek_id, in_second.kek_id}) == 3
    assert unwrap(in_second, Keks([second])) == DATA_KEY


@pytest.mark.filterwarnings("ignore:Exception ignored in. 'pkcs11:pytest.PytestUnraisableExceptionWarning")
def test_session_that_the_hsm_ended_is_opened_again(hsm, kek):  # noqa: F811
    text = kek.encrypt(b"secret", b"of", NONCE)
    pkcs11.lib(hsm.module_path).reinitialize()
    assert kek.decrypt(text, b"of", NONCE) == b"secret"


def test_threads_share_the_hsm(kek):
    def round_trip(number):
        plain = number.to_bytes(4, "big")
        return kek.decrypt(kek.encrypt(plain, plain, NONCE), plain, NONCE) == plain

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(round_trip, range(64)))


def test_pin_that_is_refused_is_not_tried_again(hsm):  # noqa: F811
    hsm.pin_file.write_text("wrong-1234")
    uri = parse_pkcs11_uri(hsm.uri())
    with pytest.raises(HsmUnavailableError) as caught:
        HsmKek(uri, {})
    assert caught.value.reason == "PinIncorrect"
    hsm.pin_file.write_text("s3same-123")
    with pytest.raises(HsmUnavailableError, match="not tried again") as caught:
        HsmKek(uri, {})
    assert "1234" not in str(caught.value)


def test_pin_may_be_in_the_environment(hsm):  # noqa: F811
    uri = parse_pkcs11_uri(hsm.uri(pin_source="env:HSM_PIN"))
    with pytest.raises(PinSourceError, match="HSM_PIN"):
        HsmKek.open_or_generate(uri, {})
    assert HsmKek.open_or_generate(uri, {"HSM_PIN": "s3same-123"}).kek_id.startswith("hsm-")


def test_missing_key_token_and_library_are_named(hsm):  # noqa: F811
    with pytest.raises(HsmKeyError, match="does not exist") as caught:
        HsmKek(parse_pkcs11_uri(hsm.uri("nobody")), {})
    assert caught.value.label == "nobody"
    with pytest.raises(HsmUnavailableError, match="other token"):
        HsmKek(parse_pkcs11_uri(hsm.uri(token="other token")), {})
    with pytest.raises(HsmUnavailableError, match=r"/no/such\.so"):
        HsmKek(parse_pkcs11_uri(hsm.uri(module_path="/no/such.so")), {})


@pytest.mark.parametrize(
    ("bits", "changed", "problem"),
    [
        (128, {}, "256 bits"),
        (256, {Attribute.EXTRACTABLE: True}, "could leave"),
        (256, {Attribute.SENSITIVE: False}, "could leave"),
        (256, {Attribute.ID: b""}, "CKA_ID"),
        (256, {Attribute.ID: os.urandom(13)}, "CKA_ID"),
    ],
)
def test_key_that_is_not_fit_is_refused(hsm, kek, bits, changed, problem):  # noqa: F811
    template = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.ID: b"1", **changed}
    with pkcs11.lib(hsm.module_path).get_token(token_label=hsm.label).open(rw=True) as session:
        session.generate_key(
            KeyType.AES,
            bits,
            label="unfit",
            store=True,
            capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
            template=template,
        )
    with pytest.raises(HsmKeyError, match=problem):
        HsmKek(parse_pkcs11_uri(hsm.uri("unfit")), {})


def test_two_keys_of_one_label_are_refused(hsm, kek):  # noqa: F811
    with pkcs11.lib(hsm.module_path).get_token(token_label=hsm.label).open(rw=True) as session:
        session.generate_key(KeyType.AES, 256, label="kek", store=True)
    with pytest.raises(HsmKeyError, match="more than once"):
        HsmKek(parse_pkcs11_uri(hsm.uri()), {})
