"""What every seed file comes down to: rows, each with one token's credential or with the reason why it has none."""

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from keyfob.codes import DEFAULT_PARAMETERS
from keyfob.errors import KeyfobError
from keyfob.parameters import Parameters
from keyfob.seed import Seed


class SeedFileError(KeyfobError):
    """A file cannot be read as the format that it is in, or that it was said to be in; none of it was used.

    Attributes:
        line: where reading ended, counted from 1; 0 where no line is meant.
        problem: what is wrong and what to do, in one sentence.
    """

    code = "seed-file-unreadable"

    def __init__(self, line: int, problem: str) -> None:
        self.line, self.problem = line, problem
        super().__init__(f"the seed file, line {line}: {problem}" if line else f"the seed file: {problem}")


class Kind(enum.StrEnum):
    """How a credential makes its codes."""

    TOTP = "totp"
    HOTP = "hotp"
    OCRA = "ocra"


class Reason(enum.StrEnum):
    """Why a row is no credential, or is worth a warning: the stable name that results carry."""

    INVALID_SERIAL = "InvalidSerial"
    INVALID_SECRET = "InvalidSecret"  # noqa: S105  a name, not a secret
    INVALID_PARAMETER = "InvalidParameter"
    INVALID_USER = "InvalidUser"


@dataclass(frozen=True, slots=True)
class Credential:
    """What a row says of one token.

    Attributes:
        serial: the number on its back: 1 to 64 letters, digits, dots, hyphens and underscores.
        seed: its open secret; wipe it once it is where it belongs.
        kind: how it makes its codes.
        parameters: of its codes; of an OCRA token those that its suite says.
        counter: the one that its next code is for, 0 to 2**64 - 1; of a time-based token 0.
        suite: an OCRA token's, as RFC 6287 writes it.
        user: whose it is, as the file names them; None if nobody's yet.
        issuer: who accepts its codes, where the file says so.
        manufacturer: who made it.
        model: what they call it.
        clock_offset_s: how far its clock was ahead when the file was written.
        grade_ppm: its crystal's tolerance, where the file says so.
        made_at: the Unix time of its manufacture, where the file says so.
        pin: what it was given to ask for, where the file says so.
        pin_policy: how that PIN is to be used (RFC 6030, section 4.4), as plain names and values.
    """

    serial: str
    seed: Seed
    kind: Kind = Kind.TOTP
    parameters: Parameters = DEFAULT_PARAMETERS
    counter: int = 0
    suite: str | None = None
    user: str | None = None
    issuer: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    clock_offset_s: float = 0.0
    grade_ppm: float | None = None
    made_at: float | None = None
    pin: str | None = field(default=None, repr=False)
    pin_policy: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a row gives no credential.

    Attributes:
        reason: by name.
        field: the column or element that is meant, as the file calls it.
        found: what stands there, shortened; of a secret only its length.
        advice: what to do, in one sentence.
    """

    reason: Reason
    field: str
    found: str
    advice: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file.

    Attributes:
        line: where it begins, counted from 1; in XML and JSON which of the credentials it is.
        original: what stood there by column, its secrets left out, for whoever corrects it.
        content: its credential, or what is wrong with it.
    """

    line: int
    original: Mapping[str, str]
    content: Credential | Flaw


Reader = Callable[[BinaryIO], Iterator[Row]]
"""Reads a file from where it stands, a row at a time and in bounded memory.

A row that is wrong is a `Flaw`, and reading goes on; a file that is wrong raises `SeedFileError`.
"""
