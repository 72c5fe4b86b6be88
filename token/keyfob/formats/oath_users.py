"""The users file of the OATH Toolkit, which pam_oath reads: one line for each token of a user.

    HOTP/T30/6  alice  -     3132333435363738393031323334353637383930
    HOTP/E/6    bob    1234  3132333435363738393031323334353637383930  5  254676  2026-01-01T12:00:00L

Type, user, password, secret in hex; then, once a code was accepted, the moving factor, that code, and the time of it.
The types are HOTP, HOTP/E, HOTP/T30 and HOTP/T60, each but the first also with /6, /7 or /8 for the digits. A password
of - is none, and of + one that something else asks for; any other is typed before the code, and is kept as the PIN.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from keyfob.formats.cells import RowFlawError, read_credential, refuse, shown
from keyfob.formats.fields import Field
from keyfob.formats.rows import Credential, Reason, Row
from keyfob.formats.secrets_text import Encoding, SecretReader
from keyfob.formats.serials import serial_of
from keyfob.formats.text import read_lines, tidy

_TYPE = re.compile(r"HOTP(?:/(?P<factor>E|T30|T60)(?:/(?P<digits>[678]))?)?")
_WHOLE = re.compile(r"[0-9]{1,20}")
_PIN = re.compile(r"[!-~]{1,64}")
_COLUMNS = ("type", "user", "password", "secret", "moving factor", "last code", "time")
_FEWEST_COLUMNS = 4
_NAMES = {Field.SERIAL: "user", Field.USER: "user", Field.SECRET: "secret", Field.COUNTER: "moving factor"}
_NO_PASSWORD = {"-", "+"}


def read(file: BinaryIO) -> Iterator[Row]:
    """Reads a users file; empty lines and those that begin with # are passed over.

    Raises:
        SeedFileError: it is no text.
    """
    secrets = SecretReader(Encoding.HEX)
    for line, text in read_lines(file):
        words = tidy(text).split()
        if words and not words[0].startswith("#"):
            yield _row(line, words, secrets)


def _row(line: int, words: list[str], secrets: SecretReader) -> Row:
    original: dict[str, str] = {}
    try:
        if not _FEWEST_COLUMNS <= len(words) <= len(_COLUMNS):
            advice = "a line has a type, a user, a password or -, and a secret; then up to three more"
            refuse(Reason.INVALID_PARAMETER, "", f"{len(words)} columns", advice)
        found = dict(zip(_COLUMNS, words, strict=False))
        original = {name: found[name] for name in ("type", "user", "moving factor", "time") if name in found}
        return Row(line, original, _credential(found, secrets))
    except RowFlawError as error:
        return Row(line, original, error.flaw)


def _credential(found: dict[str, str], secrets: SecretReader) -> Credential:
    match = _TYPE.fullmatch(found["type"])
    if match is None:
        advice = "write HOTP, HOTP/E, HOTP/T30 or HOTP/T60, the last three also with /6, /7 or /8"
        refuse(Reason.INVALID_PARAMETER, "type", shown(found["type"]), advice)
    factor = match["factor"] or "E"
    values = {
        Field.SERIAL: serial_of(found["user"]),
        Field.USER: found["user"],
        Field.SECRET: found["secret"],
        Field.DIGITS: match["digits"] or "6",
        Field.KIND: "hotp" if factor == "E" else "totp",
        Field.TIME_STEP: factor.removeprefix("T"),
        Field.COUNTER: _next_counter(found),
    }
    credential = read_credential(values, _NAMES, secrets.read)
    return credential if found["password"] in _NO_PASSWORD else _with_pin(credential, found["password"])


def _next_counter(found: dict[str, str]) -> str:
    """The toolkit writes down the counter of the code that it accepted last, and knows it again by that code."""
    text = found.get("moving factor", "0")
    if not _WHOLE.fullmatch(text):
        refuse(Reason.INVALID_PARAMETER, "moving factor", shown(text), "it must be a plain whole number")
    return str(int(text) + ("last code" in found))


def _with_pin(credential: Credential, password: str) -> Credential:
    if not _PIN.fullmatch(password):
        advice = "it has at most 64 letters, digits and signs of ASCII; write - where there is none"
        refuse(Reason.INVALID_PARAMETER, "password", f"{len(password)} characters", advice)
    return replace(credential, pin=password, pin_policy={"PINUsageMode": "Prepend"})
