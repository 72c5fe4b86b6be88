"""PSKC that is encrypted: what opens it, and everything that must keep it shut."""

import base64
import copy
import hmac
import io
import pickle
import re
import time

import pytest
from pskc import PSKC

from keyfob.errors import InvalidParametersError
from keyfob.formats.pskc import read
from keyfob.formats.pskc_keys import (
    Passphrase,
    PreSharedKey,
    PskcKeyMissingError,
    PskcKeyWrongError,
    PskcMacMissingError,
    PskcMacWrongError,
)
from keyfob.formats.pskc_protection import MAX_PBKDF2_ITERATIONS
from keyfob.formats.rows import Credential, SeedFileError
from pskc_samples import FIGURE_6_KEY, FIGURE_7_PASSPHRASE, SECRET, container, key_package
from seed_files import RFC_SECRET, as_file, outcome, sample

KEYS = {8 * size: PreSharedKey(bytes(range(size))) for size in (16, 24, 32)}
FIGURE_6 = sample("rfc6030-figure6.pskcxml").read().decode()
FIGURE_7 = sample("rfc6030-figure7.pskcxml").read().decode()


def read_all(content, key):
    return list(read(as_file(content), key))


def only(content, key):
    (row,) = read_all(content, key)
    assert isinstance(row.content, Credential), row.content
    return row.content


def written_by_python_pskc(setup, **values):
    """A file with one token, as python-pskc writes it."""
    document = PSKC()
    document.add_key(
        id="1",
        serial="1234567",
        secret=RFC_SECRET,
        algorithm="urn:ietf:params:xml:ns:keyprov:pskc:totp",
        **values,
    )
    setup(document)
    out = io.BytesIO()
    document.write(out)
    return out.getvalue().decode()


def preshared(algorithm, key, **options):
    return lambda document: document.encryption.setup_preshared_key(
        algorithm=algorithm, key=key.key, **options
    )


def altered(content, element, change):
    """The content with the base64 of an element's last occurrence changed."""
    *_, match = re.finditer(rf"(<(?:\w+:)?{element}>)\s*([^<]*?)\s*(</)", content)
    changed = base64.b64encode(change(base64.b64decode(match[2]))).decode()
    return content[: match.start(2)] + changed + content[match.end(2) :]


def flip_last_bit(content):
    return content[:-1] + bytes([content[-1] ^ 1])


def without(content, element):
    return re.sub(rf"\s*<{element}[ >].*?</{element}>", "", content, flags=re.DOTALL)


@pytest.mark.parametrize(("content", "key"), [(FIGURE_6, FIGURE_6_KEY), (FIGURE_7, FIGURE_7_PASSPHRASE)])
def test_encrypted_example_of_the_rfc_is_read(content, key):
    assert only(content, key).seed.reveal() == RFC_SECRET


def test_example_of_the_rfc_for_a_certificate_is_refused_by_name():
    with pytest.raises(SeedFileError, match="certificate"):
        list(read(sample("rfc6030-figure8.pskcxml"), FIGURE_6_KEY))


@pytest.mark.parametrize("bits", KEYS)
@pytest.mark.parametrize("mode", ["aes{}-cbc", "kw-aes{}"])
def test_what_python_pskc_encrypts_is_read(mode, bits):
    content = written_by_python_pskc(preshared(mode.format(bits), KEYS[bits]))
    assert only(content, KEYS[bits]).seed.reveal() == RFC_SECRET


def test_what_python_pskc_encrypts_with_a_passphrase_is_read():
    def setup(document):
        document.encryption.setup_pbkdf2("two words", iterations=1000, algorithm="aes256-cbc")

    assert only(written_by_python_pskc(setup), Passphrase("two words")).seed.reveal() == RFC_SECRET


def test_encrypted_numbers_are_read_and_ambiguous_ones_named():
    setup = preshared("aes128-cbc", KEYS[128], fields=["secret", "time_interval", "time_drift"])
    found = only(written_by_python_pskc(setup, time_interval=60, time_drift=2), KEYS[128])
    assert (found.parameters.time_step_s, found.clock_offset_s) == (60, 120.0)
    (row,) = read_all(written_by_python_pskc(setup, time_interval=0x3330), KEYS[128])
    assert outcome(row) == (1, "InvalidParameter", "TimeInterval")


def test_mac_is_made_with_the_key_itself_where_the_file_has_no_mac_key():
    cipher_text = base64.b64decode(re.findall(r"<xenc:CipherValue>(.*?)<", FIGURE_6)[-1])
    mac = hmac.digest(FIGURE_6_KEY.key, cipher_text, "sha1")
    content = without(FIGURE_6, "MACKey")
    assert only(altered(content, "ValueMAC", lambda _: mac), FIGURE_6_KEY).seed.reveal() == RFC_SECRET
    with pytest.raises(PskcMacWrongError):
        read_all(content, FIGURE_6_KEY)


def test_missing_key_is_told_with_what_is_wanted():
    with pytest.raises(PskcKeyMissingError, match="Pre-shared-key"):
        read_all(FIGURE_6, None)
    with pytest.raises(PskcKeyMissingError, match="its passphrase"):
        read_all(FIGURE_7, None)


def test_key_of_the_other_sort_is_told():
    with pytest.raises(PskcKeyMissingError, match="not a passphrase"):
        read_all(FIGURE_6, FIGURE_7_PASSPHRASE)
    with pytest.raises(PskcKeyMissingError, match="not a pre-shared key"):
        read_all(FIGURE_7, FIGURE_6_KEY)


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (FIGURE_6, PreSharedKey(bytes(16))),
        (FIGURE_6, PreSharedKey(bytes(32))),
        (FIGURE_6, PreSharedKey(FIGURE_6_KEY.key, name="another")),
        (FIGURE_7, Passphrase("qwertz")),
    ],
)
def test_wrong_key_is_refused(content, key):
    with pytest.raises(PskcKeyWrongError):
        read_all(content, key)


def test_key_may_be_named_as_the_file_names_it():
    assert only(FIGURE_6, PreSharedKey(FIGURE_6_KEY.key, name="Pre-shared-key")).serial == "987654321"


def test_missing_mac_is_refused():
    with pytest.raises(PskcMacMissingError) as caught:
        read_all(without(FIGURE_6, "ValueMAC"), FIGURE_6_KEY)
    assert caught.value.number == 1


@pytest.mark.parametrize("change", [flip_last_bit, lambda mac: mac[:10], lambda mac: b""])
def test_wrong_mac_is_refused(change):
    with pytest.raises(PskcMacWrongError) as caught:
        read_all(altered(FIGURE_6, "ValueMAC", change), FIGURE_6_KEY)
    assert caught.value.number == 1


def test_wrong_mac_on_key_wrap_is_refused_too():
    content = written_by_python_pskc(preshared("kw-aes128", KEYS[128]))
    assert "ValueMAC" not in content
    wrong = "</pskc:EncryptedValue><pskc:ValueMAC>AAAA</pskc:ValueMAC>"
    with pytest.raises(SeedFileError):
        read_all(content.replace("</pskc:EncryptedValue>", wrong), KEYS[128])


def test_mac_of_the_plain_text_as_drafts_had_it_is_refused():
    setup = preshared("aes128-cbc", KEYS[128])

    def with_plain_mac(document):
        setup(document)
        document.mac.setup(key=bytes(20))
        cover = document.encryption
        key = document.keys[0]
        from pskc.key import EncryptedValue

        key.secret = EncryptedValue(
            cover.encrypt_value(RFC_SECRET), document.mac.generate_mac(RFC_SECRET), cover.algorithm
        )

    with pytest.raises(PskcMacWrongError):
        read_all(written_by_python_pskc(with_plain_mac), KEYS[128])


@pytest.mark.parametrize("position", [0, 20, -1])
def test_altered_cipher_text_is_refused(position):
    def change(content):
        changed = bytearray(content)
        changed[position] ^= 1
        return bytes(changed)

    with pytest.raises(PskcMacWrongError):
        read_all(altered(FIGURE_6, "CipherValue", change), FIGURE_6_KEY)


def test_altered_key_wrap_is_refused():
    content = written_by_python_pskc(preshared("kw-aes128", KEYS[128]))
    with pytest.raises(PskcKeyWrongError):
        read_all(altered(content, "CipherValue", flip_last_bit), KEYS[128])


def test_mac_key_shorter_than_its_hash_is_refused():
    def short(document):
        document.encryption.setup_preshared_key(algorithm="aes128-cbc", key=KEYS[128].key)
        document.mac.key = bytes(15)

    with pytest.raises(PskcKeyWrongError):
        read_all(written_by_python_pskc(short), KEYS[128])


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("#hmac-sha1", "#hmac-md5", "HMAC"),
        ("xmlenc#aes128-cbc", "xmlenc#tripledes-cbc", "AES"),
        ("<MACKey>", "<MACKeyReference>K</MACKeyReference><MACKey>", "not in the file"),
        ("</EncryptionKey>", "<IV>AAAA</IV></EncryptionKey>", "IV"),
        ("<MACMethod ", "<EncryptionKey/><MACMethod ", "twice"),
    ],
)
def test_protection_that_is_not_read_is_refused_by_name(old, new, problem):
    with pytest.raises(SeedFileError, match=problem):
        read_all(FIGURE_6.replace(old, new), FIGURE_6_KEY)


def test_protection_without_any_mac_method_is_refused():
    with pytest.raises(SeedFileError, match="MACMethod"):
        read_all(without(FIGURE_6, "MACMethod"), FIGURE_6_KEY)


def test_protection_that_is_declared_after_the_keys_is_refused():
    with pytest.raises(SeedFileError, match="after a KeyPackage"):
        read_all(container(key_package(), "<MACMethod/>"), None)


@pytest.mark.parametrize("iterations", [0, -1, MAX_PBKDF2_ITERATIONS + 1, 10**400, "many"])
def test_passphrase_is_not_worked_on_for_hours(iterations):
    started = time.monotonic()
    with pytest.raises(SeedFileError, match=r"IterationCount|EncryptionKey"):
        read_all(FIGURE_7.replace(">1000<", f">{iterations}<"), FIGURE_7_PASSPHRASE)
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<KeyLength>16<", "<KeyLength>2147483647<"),
        ("<Specified>Ej7/PEpyEpw=<", "<Specified><"),
        ("<PRF/>", '<PRF Algorithm="http://www.w3.org/2001/04/xmldsig-more#hmac-md5"/>'),
        ("pkcs-5v2-0#pbkdf2", "pkcs-5v2-0#scrypt"),
    ],
)
def test_derivation_that_is_not_read_is_refused(old, new):
    assert old in FIGURE_7
    with pytest.raises(SeedFileError):
        read_all(FIGURE_7.replace(old, new), FIGURE_7_PASSPHRASE)


def test_secret_in_clear_is_named_where_a_key_was_given():
    secret = re.search(r"<EncryptedValue>.*</ValueMAC>", FIGURE_6, re.DOTALL)[0]
    content = FIGURE_6.replace(secret, f"<PlainValue>{SECRET}</PlainValue>")
    (row,) = read_all(content, FIGURE_6_KEY)
    assert (outcome(row), row.content.found) == ((1, "InvalidSecret", "Secret"), "not encrypted")


def test_keys_have_lengths_and_passphrases_characters():
    for wrong in (b"", bytes(15), bytes(33)):
        with pytest.raises(InvalidParametersError):
            PreSharedKey(wrong)
    for wrong in ("", "\ud800"):
        with pytest.raises(InvalidParametersError):
            Passphrase(wrong)


def test_keys_show_nothing_of_themselves():
    assert "qwerty" not in repr(FIGURE_7_PASSPHRASE)
    assert repr(FIGURE_6_KEY) == "PreSharedKey(name=None)"


@pytest.mark.parametrize(
    "error",
    [
        PskcKeyMissingError("its passphrase"),
        PskcKeyWrongError(),
        PskcMacMissingError(3),
        PskcMacWrongError(3),
    ],
)
def test_an_error_crosses_a_process_boundary_unchanged(error):
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (type(twin), str(twin), vars(twin)) == (type(error), str(error), vars(error))
