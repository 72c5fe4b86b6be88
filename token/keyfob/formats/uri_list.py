"""A list of otpauth URIs, one on each line."""

from collections.abc import Iterator
from typing import BinaryIO

from keyfob.errors import InvalidUriError
from keyfob.formats.rows import Credential, Flaw, Kind, Reason, Row
from keyfob.formats.serials import serial_of
from keyfob.formats.text import read_lines, tidy
from keyfob.uri import Provisioning, parse_uri

_REASONS = {"secret": Reason.INVALID_SECRET, "account": Reason.INVALID_USER}


def read(file: BinaryIO) -> Iterator[Row]:
    """Reads a list of URIs as `keyfob.uri` does, strictly; empty lines and those that begin with # are passed over.

    A URI names no serial: the issuer and the account stand for it.

    Raises:
        SeedFileError: it is no text.
    """
    for line, text in read_lines(file):
        uri = tidy(text)
        if uri and not uri.startswith("#"):
            yield _row(line, uri)


def _row(line: int, uri: str) -> Row:
    try:
        carried = parse_uri(uri)
    except InvalidUriError as error:
        reason = _REASONS.get(error.field, Reason.INVALID_PARAMETER)
        flaw = Flaw(reason, error.field or "uri", f"{len(uri)} characters", f"{error.reason}: write it anew")
        return Row(line, {}, flaw)
    original = {"type": "totp" if carried.counter is None else "hotp", "issuer": carried.issuer or ""}
    return Row(line, {**original, "account": carried.account}, _credential(carried))


def _credential(carried: Provisioning) -> Credential:
    named = carried.account if carried.issuer is None else f"{carried.issuer}:{carried.account}"
    return Credential(
        serial=serial_of(named),
        seed=carried.seed,
        kind=Kind.TOTP if carried.counter is None else Kind.HOTP,
        parameters=carried.parameters,
        counter=carried.counter or 0,
        user=tidy(carried.account),
        issuer=carried.issuer and tidy(carried.issuer),
    )
