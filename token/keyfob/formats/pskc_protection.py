"""What keeps the values of a PSKC file secret and whole (RFC 6030, section 6): AES in CBC mode with a MAC, or AES key wrap.

The MAC is of the cipher's text, is asked for wherever the mode has no integrity of its own, and is looked at first.
"""

import hashlib
import hmac
import re
from functools import cached_property
from xml.etree.ElementTree import Element

from pskc import PSKC
from pskc.algorithms import normalise_algorithm
from pskc.encryption import decrypt
from pskc.exceptions import PSKCError
from pskc.parser import PSKCParser

from keyfob.formats.pskc_keys import (
    KEY_BYTES,
    Passphrase,
    PreSharedKey,
    PskcKey,
    PskcKeyMissingError,
    PskcKeyWrongError,
    PskcMacMissingError,
    PskcMacWrongError,
)
from keyfob.formats.pskc_values import read_base64
from keyfob.formats.rows import SeedFileError

MAX_PBKDF2_ITERATIONS = 10_000_000
"""Some seconds of one core. OWASP asked for 600,000 in 2023."""

XMLENC = "http://www.w3.org/2001/04/xmlenc#"
CBC = {f"{XMLENC}aes{8 * size}-cbc": size for size in KEY_BYTES}
KEY_WRAP = {f"{XMLENC}kw-aes{8 * size}": size for size in KEY_BYTES}
_HMAC = re.compile(r".*#hmac-(sha1|sha224|sha256|sha384|sha512)")


class Protection:
    """How the values of one file are encrypted, and the key to them.

    Args:
        encryption: the file's EncryptionKey element; None if it has none.
        mac: its MACMethod element, likewise.
        key: what was given to open it.

    Raises:
        SeedFileError: one of the elements cannot be understood.
    """

    def __init__(self, encryption: Element | None, mac: Element | None, key: PskcKey | None) -> None:
        self._mac, self._given = mac, key
        self._declared = PSKC().encryption
        try:
            PSKCParser.parse_encryption(self._declared, encryption)
        except (PSKCError, ValueError):
            raise SeedFileError(0, "its EncryptionKey cannot be read") from None
        if self._declared.iv is not None:
            raise SeedFileError(0, "it has one IV for all values, as drafts of PSKC had: ask for RFC 6030")
        self._has_certificate = encryption is not None and encryption.find(".//X509Data") is not None

    @property
    def wanted(self) -> bool:
        """Whether somebody gave a key, and so expects secrets to be encrypted."""
        return self._given is not None

    def decrypt(self, number: int, value: Element) -> bytes:
        """What an encrypted value says.

        Args:
            number: which of the file's keys it belongs to, for errors.
            value: the element that holds EncryptedValue and ValueMAC.

        Raises:
            PskcKeyMissingError: no key was given.
            PskcKeyWrongError: the wrong one was.
            PskcMacMissingError: it has no MAC, and needs one.
            PskcMacWrongError: its MAC is wrong.
            SeedFileError: it is encrypted in a way that keyfob does not read.
        """
        if self._has_certificate:
            raise SeedFileError(
                0, "it is encrypted for a certificate: ask for a pre-shared key or a passphrase"
            )
        algorithm, cipher_text = _cipher_of(value.find("EncryptedValue"))
        key = self._key
        mac = value.find("ValueMAC")
        if mac is not None:
            found = hmac.digest(self._mac_key, cipher_text, self._mac_hash)
            if not hmac.compare_digest(found, read_base64(mac.text)):
                raise PskcMacWrongError(number)
        elif algorithm in CBC:
            raise PskcMacMissingError(number)
        return _open(algorithm, key, cipher_text)

    @cached_property
    def _key(self) -> bytes:
        derived, given = self._declared.derivation.algorithm is not None, self._given
        if given is None:
            raise PskcKeyMissingError("its passphrase" if derived else f"the pre-shared key{self._named}")
        if isinstance(given, Passphrase):
            if not derived:
                raise PskcKeyMissingError(f"the pre-shared key{self._named}, not a passphrase")
            return self._derive(given)
        if derived:
            raise PskcKeyMissingError("its passphrase, not a pre-shared key")
        self._require_name(given)
        return given.key

    @property
    def _named(self) -> str:
        names = [name for name in self._declared.key_names if name and name.isprintable()]
        return f" that it calls {names[0][:60]!r}" if names else ""

    def _require_name(self, given: PreSharedKey) -> None:
        names = self._declared.key_names
        if given.name is not None and names and given.name not in names:
            raise PskcKeyWrongError(f"it wants the key{self._named}")

    def _derive(self, passphrase: Passphrase) -> bytes:
        derivation = self._declared.derivation
        iterations, size = derivation.pbkdf2_iterations or 0, derivation.pbkdf2_key_length
        if not 1 <= iterations <= MAX_PBKDF2_ITERATIONS:
            raise SeedFileError(0, f"its IterationCount must be from 1 to {MAX_PBKDF2_ITERATIONS}")
        if size not in KEY_BYTES or not derivation.pbkdf2_salt:
            raise SeedFileError(0, "its PBKDF2 needs a Salt, and a KeyLength of 16, 24 or 32")
        if derivation.pbkdf2_prf is not None and not _HMAC.fullmatch(derivation.pbkdf2_prf):
            raise SeedFileError(0, "its PBKDF2 has a PRF other than HMAC with SHA-1 or SHA-2")
        try:
            return derivation.derive(passphrase.text.encode())
        except PSKCError:
            raise SeedFileError(0, "its key derivation is not PBKDF2, or not as RFC 6030 has it") from None

    @cached_property
    def _mac_hash(self) -> str:
        algorithm = None if self._mac is None else normalise_algorithm(self._mac.get("Algorithm"))
        match = _HMAC.fullmatch(algorithm or "")
        if match is None:
            raise SeedFileError(0, "its MACMethod is missing, or other than HMAC with SHA-1 or SHA-2")
        return match[1]

    @cached_property
    def _mac_key(self) -> bytes:
        """The file's own, encrypted in its turn; without one the key itself (section 6.1.1)."""
        if self._mac is None or self._mac.find("MACKeyReference") is not None:
            raise SeedFileError(0, "its MACMethod is missing, or names a key that is not in the file")
        element = self._mac.find("MACKey")
        if element is None:
            return self._key
        algorithm, cipher_text = _cipher_of(element)
        mac_key = _open(algorithm, self._key, cipher_text)
        # a MAC key stands under no MAC itself: the longer it has to be, the harder one is to make up
        if len(mac_key) < hashlib.new(self._mac_hash).digest_size:
            raise PskcKeyWrongError
        return mac_key


def _cipher_of(element: Element | None) -> tuple[str, bytes]:
    """Algorithm and text of a cipher."""
    if element is None:
        raise SeedFileError(0, "it has an encrypted value without EncryptedValue")
    method, value = element.find("EncryptionMethod"), element.find("CipherData/CipherValue")
    algorithm = normalise_algorithm(None if method is None else method.get("Algorithm")) or ""
    if algorithm not in CBC and algorithm not in KEY_WRAP:
        problem = (
            "it is encrypted otherwise than with AES in CBC mode or AES key wrap, and only these are read"
        )
        raise SeedFileError(0, problem)
    return algorithm, read_base64(None if value is None else value.text)


def _open(algorithm: str, key: bytes, cipher_text: bytes) -> bytes:
    size = (CBC | KEY_WRAP)[algorithm]
    if len(key) != size:
        raise PskcKeyWrongError(f"it wants a key of {size} bytes, and the one given has {len(key)}")
    try:
        return decrypt(algorithm, key, cipher_text)
    except (PSKCError, ValueError):
        raise PskcKeyWrongError from None
