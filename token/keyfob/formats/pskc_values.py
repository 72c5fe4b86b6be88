"""The values of a PSKC key as they are spelled: stricter than what reads them later, which passes over odd characters."""

import base64
import re
from xml.etree.ElementTree import Element

from keyfob.formats.cells import refuse
from keyfob.formats.rows import Reason

FIELDS = ("Secret", "Counter", "Time", "TimeInterval", "TimeDrift")

_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_WHOLE = re.compile(r"[+-]?[0-9]{1,20}")
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
)


def read_base64(text: str | None) -> bytes:
    """What base64 says, lines and blanks in it or not; anything else says nothing."""
    compact = "".join((text or "").split())
    return base64.b64decode(compact) if _BASE64.fullmatch(compact) else b""


def read_data(key: Element) -> dict[str, Element]:
    """The values of a key by name, each of them with exactly one content.

    Raises:
        RowFlawError: one stands twice, or has no content or two; or a date is none.
    """
    found: dict[str, Element] = {}
    for data in key.findall("Data"):
        if data.get("Name") is not None:
            refuse(
                Reason.INVALID_PARAMETER,
                "Data",
                "Name",
                "drafts of PSKC had it: ask for a file as in RFC 6030",
            )
        for element in data:
            if element.tag in FIELDS:
                contents = len(element.findall("PlainValue")) + len(element.findall("EncryptedValue"))
                if element.tag in found or contents != 1 or element.find("Value") is not None:
                    advice = "it stands once, and has one PlainValue or one EncryptedValue"
                    refuse(Reason.INVALID_PARAMETER, element.tag, f"{contents} values", advice)
                found[element.tag] = element
    for name in ("StartDate", "ExpiryDate"):
        for element in key.iter(name):
            if not _DATE.fullmatch((element.text or "").strip()):
                refuse(Reason.INVALID_PARAMETER, name, "no date", "write it as 2026-01-31T00:00:00Z")
    return found


def read_plain_whole(name: str, element: Element) -> int:
    """A whole number that is not encrypted.

    Raises:
        RowFlawError: it is none.
    """
    text = (element.findtext("PlainValue") or "").strip()
    if not _WHOLE.fullmatch(text):
        refuse(Reason.INVALID_PARAMETER, name, f"{len(text)} characters", "it must be a plain whole number")
    return int(text)


def read_encrypted_whole(name: str, plain: bytes) -> int:
    """A whole number that was encrypted: its octets, the highest first.

    Some writers encrypt its digits instead. Octets that are also digits may be either, and are not guessed at.

    Raises:
        RowFlawError: it is empty, longer than 8 octets, or may be either.
    """
    if not 1 <= len(plain) <= 8 or plain.isdigit():
        advice = "an encrypted number has 1 to 8 octets that are not all digits: ask for it unencrypted"
        refuse(Reason.INVALID_PARAMETER, name, f"{len(plain)} octets", advice)
    return int.from_bytes(plain, "big")
