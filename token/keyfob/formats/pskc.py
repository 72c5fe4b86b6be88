"""PSKC (RFC 6030): XML with a KeyPackage for each token, its secret plain or encrypted.

What is read of a key, and what is refused, docs/formats-pskc.md tells. A row's line is the number of its Key element in
the file, counted from 1. Digital signatures are not looked at.

Such a file is a secret, and so is its key. No error here repeats any of them.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO
from xml.etree.ElementTree import Element

from pskc import PSKC
from pskc.device import Device
from pskc.key import Key
from pskc.parser import PSKCParser
from pskc.policy import Policy

from keyfob.errors import InvalidSeedError
from keyfob.formats.cells import RowFlawError, read_credential, refuse
from keyfob.formats.fields import Field
from keyfob.formats.pskc_keys import PskcKey
from keyfob.formats.pskc_pins import KeyRow, PinJoin, PinKey
from keyfob.formats.pskc_protection import Protection
from keyfob.formats.pskc_values import read_base64, read_data, read_encrypted_whole, read_plain_whole
from keyfob.formats.pskc_xml import read_children
from keyfob.formats.rows import Credential, Flaw, Kind, Reason, Row, SeedFileError
from keyfob.formats.text import tidy
from keyfob.ocra import OcraSuite
from keyfob.quantities import UNIX_LIMIT_S
from keyfob.seed import Seed

_ALGORITHM = re.compile(
    r"(?:urn:ietf:params:xml:ns:keyprov:pskc[:#]|http://www\.ietf\.org/keyprov/pskc#)(hotp|totp|ocra|pin)",
    re.IGNORECASE,
)
_PIN_KIND = "pin"
_PIN = re.compile(r"[!-~]{1,64}")
_LONGEST_SHOWN = 320
_NAMES = {
    Field.KIND: "Algorithm",
    Field.ALGORITHM: "Suite",
    Field.SUITE: "Suite",
    Field.DIGITS: "ResponseFormat",
    Field.TIME_STEP: "TimeInterval",
    Field.COUNTER: "Counter",
    Field.USER: "UserId",
    Field.ISSUER: "Issuer",
    Field.MANUFACTURER: "Manufacturer",
    Field.MODEL: "Model",
}


def read(file: BinaryIO, key: PskcKey | None = None) -> Iterator[Row]:
    """Reads a PSKC file.

    Args:
        file: from where it stands.
        key: what opens it, if it is encrypted. Where one is given, a secret that is not encrypted is a flaw: it could be
            anybody's.

    Raises:
        SeedFileError: it is no PSKC, or is cut short; of its subclasses in `pskc_keys`: it does not open.
    """
    heads: dict[str, Element] = {}
    protection: Protection | None = None
    join, number = PinJoin(), 0
    for child in read_children(file, "KeyContainer"):
        if child.tag in {"EncryptionKey", "MACMethod"}:
            if protection is not None or child.tag in heads:
                raise SeedFileError(0, f"its {child.tag} stands twice, or after a KeyPackage")
            heads[child.tag] = child
        elif child.tag == "KeyPackage":
            protection = protection or Protection(heads.get("EncryptionKey"), heads.get("MACMethod"), key)
            for element in child.findall("Key"):
                number += 1
                yield from join.add(_read_key(number, child, element, protection))
    if not number:
        raise SeedFileError(
            0, "there is no key in it, or it is of a draft of PSKC: ask for one as in RFC 6030"
        )
    yield from join.end()


def _read_key(number: int, package: Element, element: Element, protection: Protection) -> KeyRow | PinKey:
    original = _original(package, element)
    policy = element.find("Policy/PINPolicy")
    pin_key_id = None if policy is None else policy.get("PINKeyId")
    match = _ALGORITHM.fullmatch(element.get("Algorithm", ""))
    try:
        values = _Values(number, read_data(element), protection)
        if match is None:
            advice = "keyfob reads urn:ietf:params:xml:ns:keyprov:pskc:totp, hotp and ocra, and PINs of these"
            refuse(Reason.INVALID_PARAMETER, "Algorithm", original.get("Algorithm", "none"), advice)
        kind, secret = match[1].lower(), values.secret()
        if kind == _PIN_KIND:
            return PinKey(number, element.get("Id", ""), _pin(secret), original)
        credential = _credential(Kind(kind), _parsed(package, element), values, secret)
        return KeyRow(Row(number, original, credential), pin_key_id)
    except RowFlawError as error:
        if match is not None and match[1].lower() == _PIN_KIND:
            return PinKey(number, element.get("Id", ""), None, original)
        return KeyRow(Row(number, original, error.flaw), pin_key_id)


def _pin(secret: bytes) -> str | None:
    text = secret.decode("ascii", "replace")
    return text if _PIN.fullmatch(text) else None


class _Values:
    """The values of one key, opened."""

    def __init__(self, number: int, data: dict[str, Element], protection: Protection) -> None:
        self._number, self._data, self._protection = number, data, protection

    def secret(self) -> bytes:
        element = self._data.get("Secret")
        if element is None:
            advice = "the secret is kept elsewhere, if at all: ask for a file that has it"
            refuse(Reason.INVALID_SECRET, "Secret", "none", advice)
        if element.find("EncryptedValue") is not None:
            return self._protection.decrypt(self._number, element)
        if self._protection.wanted:
            advice = "somebody may have put it there: ask for it encrypted, or read the file without a key"
            refuse(Reason.INVALID_SECRET, "Secret", "not encrypted", advice)
        plain = element.findtext("PlainValue") or ""
        if not (secret := read_base64(plain)):
            advice = "it is empty, or no base64: ask for it again"
            refuse(Reason.INVALID_SECRET, "Secret", f"{len(plain)} characters", advice)
        return secret

    def whole(self, name: str) -> int | None:
        element = self._data.get(name)
        if element is None:
            return None
        if element.find("EncryptedValue") is not None:
            return read_encrypted_whole(name, self._protection.decrypt(self._number, element))
        return read_plain_whole(name, element)


def _parsed(package: Element, element: Element) -> Key:
    """What a key says besides its values."""
    device = Device(PSKC())
    key = device.add_key()
    try:
        PSKCParser.parse_key_package(device, _without("Key", package))
        PSKCParser.parse_key(key, _without("Data", element))
    except (ValueError, OverflowError):
        advice = "a number, a date or a yes or no in it is none: see RFC 6030"
        refuse(Reason.INVALID_PARAMETER, "Key", "what cannot be read", advice)
    return key


def _without(tag: str, element: Element) -> Element:
    copied = Element(element.tag, element.attrib)
    copied.extend(child for child in element if child.tag != tag)
    return copied


def _credential(kind: Kind, key: Key, values: _Values, secret: bytes) -> Credential:
    _require_usable(kind, key)
    drift_steps = values.whole("TimeDrift") or 0
    named = {
        Field.SERIAL: key.serial or key.id,
        Field.KIND: kind.value,
        Field.SUITE if kind is Kind.OCRA else Field.ALGORITHM: key.algorithm_suite,
        Field.DIGITS: key.response_length,
        Field.TIME_STEP: values.whole("TimeInterval"),
        Field.COUNTER: values.whole("Counter"),
        Field.USER: key.userid,
        Field.ISSUER: key.issuer,
        Field.MANUFACTURER: key.manufacturer,
        Field.MODEL: key.model,
    }
    texts = {field: tidy(str(value)) for field, value in named.items() if value is not None}
    names = {**_NAMES, Field.SERIAL: "SerialNo" if key.serial else "Id"}
    seed = _seed(secret)
    read = read_credential(texts, names, lambda _: seed)
    return replace(read, clock_offset_s=_offset_s(read, drift_steps), pin_policy=_pin_policy(key.policy))


def _seed(secret: bytes) -> Seed:
    try:
        return Seed(secret)
    except InvalidSeedError as error:
        reason = error.reason
    raise RowFlawError(
        Flaw(Reason.INVALID_SECRET, "Secret", f"{8 * len(secret)} bits", f"{reason}: ask for it again")
    )


def _require_usable(kind: Kind, key: Key) -> None:
    usages = set(key.policy.key_usage)
    if key.policy.unknown_policy_elements:
        advice = "it has rules that RFC 6030 does not, and whoever does not know them must not use the key"
        refuse(Reason.INVALID_PARAMETER, "Policy", "other rules", advice)
    if usages and not usages & ({"OTP", "CR"} if kind is Kind.OCRA else {"OTP"}):
        refuse(Reason.INVALID_PARAMETER, "KeyUsage", "not OTP", "the key is not meant for one-time passwords")
    if key.response_encoding not in {None, "DECIMAL"} or key.response_check:
        advice = "keyfob reads tokens that show decimal digits, with no check digit among them"
        refuse(Reason.INVALID_PARAMETER, "ResponseFormat", _short(key.response_encoding or ""), advice)


def _offset_s(credential: Credential, drift_steps: int) -> float:
    """TimeDrift counts time steps, and is negative where the device is behind (RFC 6030, section 4.2)."""
    is_timed = credential.kind is Kind.TOTP or (
        credential.suite is not None and OcraSuite.parse(credential.suite).time_step_s is not None
    )
    offset_s = float(drift_steps * credential.parameters.time_step_s) if is_timed else 0.0
    if abs(offset_s) > UNIX_LIMIT_S:
        advice = "it counts time steps by which the token's clock is ahead: no clock is so far off"
        refuse(Reason.INVALID_PARAMETER, "TimeDrift", str(drift_steps), advice)
    return offset_s


def _pin_policy(policy: Policy) -> dict[str, str]:
    named = {
        "PINUsageMode": policy.pin_usage,
        "MaxFailedAttempts": policy.pin_max_failed_attempts,
        "MinLength": policy.pin_min_length,
        "MaxLength": policy.pin_max_length,
        "PINEncoding": policy.pin_encoding,
    }
    return {name: _short(str(value)) for name, value in named.items() if value is not None}


def _original(package: Element, key: Element) -> dict[str, str]:
    paths = {name: f"Data/{name}/PlainValue" for name in ("Counter", "Time", "TimeInterval", "TimeDrift")}
    policy = {name: f"Policy/{name}" for name in ("StartDate", "ExpiryDate")}
    found = {
        name: package.findtext(f"DeviceInfo/{name}")
        for name in ("Manufacturer", "SerialNo", "Model", "UserId")
    }
    found |= {name: key.findtext(name) or found.get(name) for name in ("Issuer", "UserId")}
    found |= {name: key.findtext(path) for name, path in (paths | policy).items()}
    found |= {
        "Suite": key.findtext("AlgorithmParameters/Suite"),
        **{n: key.get(n) for n in ("Id", "Algorithm")},
    }
    return {name: _short(tidy(text)) for name, text in found.items() if text is not None}


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{len(text)} characters"
