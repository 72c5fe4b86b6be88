"""Writes PSKC (RFC 6030) as other readers know it: AES in CBC mode with HMAC-SHA-256, PBKDF2 for a passphrase.

A token that asks for a PIN gets a second KeyPackage with it, as in the RFC's figure 5. PSKC has no place for a crystal's
grade, a time of manufacture, or a part of a time step of drift.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Iterator
from html import escape
from typing import Protocol

from pskc.encryption import encrypt

from keyfob.errors import InvalidParametersError, InvalidSeedError
from keyfob.formats.pskc_keys import Passphrase, PskcKey
from keyfob.formats.pskc_protection import XMLENC
from keyfob.formats.rows import Credential, Kind
from keyfob.ocra import OcraSuite, QuestionFormat

PBKDF2_ITERATIONS = 600_000

_ALGORITHM = "urn:ietf:params:xml:ns:keyprov:pskc:"
_HMAC_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
_PBKDF2 = "http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#pbkdf2"
_BEGIN = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<pskc:KeyContainer Version="1.0" xmlns:pskc="{_ALGORITHM[:-1]}"
    xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:xenc="{XMLENC}"
    xmlns:xenc11="http://www.w3.org/2009/xmlenc11#"
    xmlns:pkcs5="http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#">
"""
_END = "</pskc:KeyContainer>\n"
_IV_BYTES, _KEY_BYTES, _MAC_KEY_BYTES, _SALT_BYTES = 16, 32, 32, 16
_ENCODINGS = {
    QuestionFormat.NUMERIC: "DECIMAL",
    QuestionFormat.ALPHANUMERIC: "ALPHANUMERIC",
    QuestionFormat.HEXADECIMAL: "HEXADECIMAL",
}
_POLICY = ("PINUsageMode", "MaxFailedAttempts", "MinLength", "MaxLength", "PINEncoding")

RandomBytes = Callable[[int], bytes]


def write(
    credentials: Iterable[Credential],
    key: PskcKey | None,
    *,
    random_bytes: RandomBytes = secrets.token_bytes,
    iterations: int = PBKDF2_ITERATIONS,
) -> bytes:
    """A whole PSKC file; `write_parts` says the rest."""
    return b"".join(write_parts(credentials, key, random_bytes=random_bytes, iterations=iterations))


def write_parts(
    credentials: Iterable[Credential],
    key: PskcKey | None,
    *,
    random_bytes: RandomBytes = secrets.token_bytes,
    iterations: int = PBKDF2_ITERATIONS,
) -> Iterator[bytes]:
    """A PSKC file in parts, one for each token.

    Args:
        credentials: what to write, their seeds open.
        key: what to encrypt it with; None: everything stands there plain.
        random_bytes: gives that many.
        iterations: of PBKDF2, for a passphrase.

    Raises:
        InvalidParametersError: a T0 that is not 0, a counter over 2**63 - 1, a name with characters that XML cannot
            carry, or a rule for PINs that RFC 6030 does not know.
        InvalidSeedError: a seed was wiped.
    """
    cover = _Plain() if key is None else _Cipher(key, random_bytes, iterations)
    yield f"{_BEGIN}{cover.head}".encode()
    for number, credential in enumerate(credentials, 1):
        yield _packages(number, credential, cover).encode()
    yield _END.encode()


class _Cover(Protocol):
    """What secrets are written in."""

    head: str

    def cover(self, secret: bytes) -> str:
        """The content of a Secret element."""


class _Plain:
    head = ""

    def cover(self, secret: bytes) -> str:
        return f"<pskc:PlainValue>{_base64(secret)}</pskc:PlainValue>"


class _Cipher:
    def __init__(self, key: PskcKey, random_bytes: RandomBytes, iterations: int) -> None:
        self._random_bytes, self._mac_key = random_bytes, random_bytes(_MAC_KEY_BYTES)
        if isinstance(key, Passphrase):
            salt = random_bytes(_SALT_BYTES)
            self._key = hashlib.pbkdf2_hmac("sha256", key.text.encode(), salt, iterations, _KEY_BYTES)
            known_by = _derived_key(salt, iterations)
        else:
            self._key = key.key
            known_by = f"<ds:KeyName>{_text('key name', key.name or 'Pre-shared-key')}</ds:KeyName>"
        self._algorithm = f"{XMLENC}aes{8 * len(self._key)}-cbc"
        _, mac_key = self._encrypt(self._mac_key)
        self.head = (
            f"  <pskc:EncryptionKey>{known_by}</pskc:EncryptionKey>\n"
            f'  <pskc:MACMethod Algorithm="{_HMAC_SHA256}"><pskc:MACKey>{mac_key}</pskc:MACKey></pskc:MACMethod>\n'
        )

    def cover(self, secret: bytes) -> str:
        cipher_text, value = self._encrypt(secret)
        mac = hmac.digest(self._mac_key, cipher_text, "sha256")
        return (
            f"<pskc:EncryptedValue>{value}</pskc:EncryptedValue><pskc:ValueMAC>{_base64(mac)}</pskc:ValueMAC>"
        )

    def _encrypt(self, plain: bytes) -> tuple[bytes, str]:
        cipher_text = encrypt(self._algorithm, self._key, plain, self._random_bytes(_IV_BYTES))
        return cipher_text, (
            f'<xenc:EncryptionMethod Algorithm="{self._algorithm}"/>'
            f"<xenc:CipherData><xenc:CipherValue>{_base64(cipher_text)}</xenc:CipherValue></xenc:CipherData>"
        )


def _derived_key(salt: bytes, iterations: int) -> str:
    return (
        f'<xenc11:DerivedKey><xenc11:KeyDerivationMethod Algorithm="{_PBKDF2}"><pkcs5:PBKDF2-params>'
        f"<Salt><Specified>{_base64(salt)}</Specified></Salt><IterationCount>{iterations}</IterationCount>"
        f'<KeyLength>{_KEY_BYTES}</KeyLength><PRF Algorithm="{_HMAC_SHA256}"/>'
        "</pkcs5:PBKDF2-params></xenc11:KeyDerivationMethod></xenc11:DerivedKey>"
    )


def _packages(number: int, credential: Credential, cover: _Cover) -> str:
    """The KeyPackage of a token, and the one of its PIN."""
    secret = credential.seed.reveal()
    if not secret:
        raise InvalidSeedError("it was wiped")
    key = "".join(
        (
            _element("Issuer", credential.issuer),
            f"<pskc:AlgorithmParameters>{_formats(credential)}</pskc:AlgorithmParameters>",
            f"<pskc:Data><pskc:Secret>{cover.cover(secret)}</pskc:Secret>{_factors(credential)}</pskc:Data>",
            _element("UserId", credential.user),
            _policy(number, credential),
        )
    )
    written = _package(credential, f"key-{number}", credential.kind.value, key)
    if credential.pin is not None:
        pin = f"<pskc:Data><pskc:Secret>{cover.cover(credential.pin.encode())}</pskc:Secret></pskc:Data>"
        written += _package(credential, f"pin-{number}", "pin", pin)
    return written


def _package(credential: Credential, key_id: str, algorithm: str, content: str) -> str:
    device = "".join(
        (
            _element("Manufacturer", credential.manufacturer),
            _element("SerialNo", credential.serial),
            _element("Model", credential.model),
        )
    )
    return (
        f"  <pskc:KeyPackage>\n    <pskc:DeviceInfo>{device}</pskc:DeviceInfo>\n"
        f'    <pskc:Key Id="{key_id}" Algorithm="{_ALGORITHM}{algorithm}">{content}</pskc:Key>\n'
        "  </pskc:KeyPackage>\n"
    )


def _formats(credential: Credential) -> str:
    parameters = credential.parameters
    if parameters.t0_s != 0:
        raise InvalidParametersError("t0_s", parameters.t0_s, "0, as PSKC has no place for another")
    length = f'<pskc:ResponseFormat Encoding="DECIMAL" Length="{parameters.digits}"/>'
    if credential.kind is not Kind.OCRA:
        return f"<pskc:Suite>HMAC-{parameters.algorithm.value}</pskc:Suite>{length}"
    suite = OcraSuite.parse(credential.suite or "")
    return (
        f"<pskc:Suite>{suite}</pskc:Suite>"
        f'<pskc:ChallengeFormat Encoding="{_ENCODINGS[suite.question]}" Min="1" Max="{suite.question_length}"/>{length}'
    )


def _factors(credential: Credential) -> str:
    """What besides the secret goes into a code."""
    suite = OcraSuite.parse(credential.suite or "") if credential.kind is Kind.OCRA else None
    values: dict[str, int] = {}
    if credential.kind is Kind.HOTP or (suite and suite.counter):
        if credential.counter >= 2**63:
            raise InvalidParametersError("counter", credential.counter, "at most 2**63 - 1, as PSKC counts")
        values["Counter"] = credential.counter
    if credential.kind is Kind.TOTP or (suite and suite.time_step_s):
        step_s = credential.parameters.time_step_s
        drift_steps = round(credential.clock_offset_s / step_s)
        values |= {"TimeInterval": step_s, **({"TimeDrift": drift_steps} if drift_steps else {})}
    return "".join(
        f"<pskc:{name}><pskc:PlainValue>{value}</pskc:PlainValue></pskc:{name}>"
        for name, value in values.items()
    )


def _policy(number: int, credential: Credential) -> str:
    rules = dict(credential.pin_policy)
    if unknown := rules.keys() - set(_POLICY):
        raise InvalidParametersError("pin_policy", min(unknown), f"made of {', '.join(_POLICY)}")
    if credential.pin is not None:
        rules = {"PINKeyId": f"pin-{number}", **rules}
    if not rules:
        return ""
    written = "".join(f' {name}="{_text(name, value)}"' for name, value in rules.items())
    return f"<pskc:Policy><pskc:PINPolicy{written}/></pskc:Policy>"


def _element(name: str, text: str | None) -> str:
    return "" if text is None else f"<pskc:{name}>{_text(name, text)}</pskc:{name}>"


def _text(name: str, text: str) -> str:
    if not text.isprintable():
        raise InvalidParametersError(name, text, "printable")
    return escape(text)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
