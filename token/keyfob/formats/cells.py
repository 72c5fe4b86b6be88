"""What the cells of a row mean: from texts by field to a credential, or to the flaw that stands in its way."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NoReturn

from keyfob.codes import DEFAULT_PARAMETERS
from keyfob.errors import InvalidOcraSuiteError, InvalidParametersError, InvalidSeedError, KeyfobError
from keyfob.formats.fields import Field
from keyfob.formats.rows import Credential, Flaw, Kind, Reason
from keyfob.formats.serials import SERIAL
from keyfob.ocra import OcraSuite
from keyfob.parameters import Algorithm, Parameters
from keyfob.seed import Seed
from keyfob.uri import LAST_COUNTER, MAX_NAME_BYTES, WHOLE_NUMBER

MAX_USER_CHARACTERS = 320

_UPN = re.compile(r"[^@\s]{1,64}@[\w-]+(?:\.[\w-]+)+")
_SHORTEST_SECRET = 16
_KINDS = {
    "totp": Kind.TOTP,
    "hotp": Kind.HOTP,
    "hmac": Kind.HOTP,
    "ocra": Kind.OCRA,
    "ocra2": Kind.OCRA,
}


class RowFlawError(KeyfobError):
    """A row is no credential; `flaw` says why."""

    code = "row-flawed"

    def __init__(self, flaw: Flaw) -> None:
        self.flaw = flaw
        super().__init__(flaw.advice)


def shown(text: str) -> str:
    """What was found, for a flaw: whatever could be a secret in the wrong column only by its length."""
    if len(text) < _SHORTEST_SECRET or ("@" in text and len(text) <= MAX_USER_CHARACTERS):
        return text
    return f"{len(text)} characters"


def refuse(reason: Reason, field: str, found: str, advice: str) -> NoReturn:
    """Ends a row.

    Raises:
        RowFlawError: always.
    """
    raise RowFlawError(Flaw(reason, field, found, advice))


def read_credential(
    values: Mapping[Field, str], columns: Mapping[Field, str], read_secret: Callable[[str], Seed]
) -> Credential:
    """The credential that a row's texts make, each of them tidy; what is absent or empty has its default.

    Args:
        values: what stands in the row.
        columns: what the file calls each field, for flaws.
        read_secret: spells a seed; called last, once all else is right.

    Raises:
        RowFlawError: there is something wrong.
        AmbiguousSecretError: from `read_secret`.
    """
    serial = read_serial(values.get(Field.SERIAL, ""), columns.get(Field.SERIAL, Field.SERIAL))
    kind = _kind(values.get(Field.KIND, ""), columns)
    suite = None
    if kind is Kind.OCRA:
        suite, parameters = _suite(values.get(Field.SUITE, ""), columns)
    else:
        step = values.get(Field.TIME_STEP, "") if kind is Kind.TOTP else ""
        parameters = _parameters(values, step, columns)
    return Credential(
        serial=serial,
        seed=_seed(values.get(Field.SECRET, ""), columns, read_secret),
        kind=kind,
        parameters=parameters,
        counter=0 if kind is Kind.TOTP else _counter(values.get(Field.COUNTER, ""), columns),
        suite=suite,
        user=read_user(values.get(Field.USER, ""), columns.get(Field.USER, Field.USER)),
        issuer=_name(Field.ISSUER, values, columns),
        manufacturer=_name(Field.MANUFACTURER, values, columns),
        model=_name(Field.MODEL, values, columns),
    )


def read_serial(text: str, column: str) -> str:
    """A serial number.

    Raises:
        RowFlawError: it is none.
    """
    if not SERIAL.fullmatch(text):
        advice = "a serial number has 1 to 64 letters, digits, dots, hyphens and underscores"
        refuse(Reason.INVALID_SERIAL, column, shown(text), advice)
    return text


def read_user(text: str, column: str) -> str | None:
    """Whom a file names as a user; None where it names nobody.

    Raises:
        RowFlawError: it has characters that no name has, or too many.
    """
    if not text:
        return None
    if len(text) > MAX_USER_CHARACTERS or not text.isprintable():
        advice = f"a user's name has at most {MAX_USER_CHARACTERS} characters, all of them printable"
        refuse(Reason.INVALID_USER, column, shown(text), advice)
    return text


def require_upn(text: str, column: str) -> None:
    """Lets through a user principal name, or nothing.

    Raises:
        RowFlawError: it is none.
    """
    if text and not _UPN.fullmatch(text):
        advice = "write a user principal name, such as alice@example.com, or leave it empty"
        refuse(Reason.INVALID_USER, column, shown(text), advice)


def _kind(text: str, columns: Mapping[Field, str]) -> Kind:
    if not text:
        return Kind.TOTP
    if (kind := _KINDS.get(text.lower())) is None:
        advice = "write totp, hotp or ocra"
        refuse(Reason.INVALID_PARAMETER, columns.get(Field.KIND, Field.KIND), shown(text), advice)
    return kind


def _parameters(values: Mapping[Field, str], step: str, columns: Mapping[Field, str]) -> Parameters:
    texts = {
        Field.ALGORITHM: values.get(Field.ALGORITHM, ""),
        Field.DIGITS: values.get(Field.DIGITS, ""),
        Field.TIME_STEP: step,
    }
    try:
        return _parameters_of(*texts.values())
    except InvalidParametersError as error:
        field, allowed = Field(error.field), error.allowed
    refuse(Reason.INVALID_PARAMETER, columns.get(field, field), shown(texts[field]), f"it must be {allowed}")


@lru_cache(maxsize=256)
def _parameters_of(algorithm: str, digits: str, step: str) -> Parameters:
    return Parameters(
        Algorithm.named(algorithm) if algorithm else DEFAULT_PARAMETERS.algorithm,
        _whole(Field.DIGITS, digits, DEFAULT_PARAMETERS.digits),
        _whole(Field.TIME_STEP, step, DEFAULT_PARAMETERS.time_step_s),
    )


def _whole(field: Field, text: str, default: int) -> int:
    if not text:
        return default
    if not WHOLE_NUMBER.fullmatch(text):
        raise InvalidParametersError(field, None, "a plain whole number")
    return int(text)


def _counter(text: str, columns: Mapping[Field, str]) -> int:
    counter = int(text) if WHOLE_NUMBER.fullmatch(text) else -1
    if text and not 0 <= counter <= LAST_COUNTER:
        advice = "write the counter that its next code is for, a plain whole number from 0 to 2**64 - 1"
        refuse(Reason.INVALID_PARAMETER, columns.get(Field.COUNTER, Field.COUNTER), shown(text), advice)
    return max(counter, 0)


def _suite(text: str, columns: Mapping[Field, str]) -> tuple[str, Parameters]:
    try:
        suite = OcraSuite.parse(text)
        return text, Parameters(
            suite.algorithm, suite.digits, suite.time_step_s or DEFAULT_PARAMETERS.time_step_s
        )
    except InvalidOcraSuiteError as error:
        advice = error.problem
    except InvalidParametersError as error:
        advice = f"its {error.field} must be {error.allowed}"
    found = text if text.startswith("OCRA-") and len(text) <= MAX_NAME_BYTES else shown(text)
    refuse(Reason.INVALID_PARAMETER, columns.get(Field.SUITE, Field.SUITE), found, advice)


def _name(field: Field, values: Mapping[Field, str], columns: Mapping[Field, str]) -> str | None:
    text = values.get(field, "")
    if len(text.encode(errors="replace")) > MAX_NAME_BYTES or not text.isprintable():
        advice = f"it has at most {MAX_NAME_BYTES} bytes of UTF-8, all of them printable"
        refuse(Reason.INVALID_PARAMETER, columns.get(field, field), shown(text), advice)
    return text or None


def _seed(text: str, columns: Mapping[Field, str], read_secret: Callable[[str], Seed]) -> Seed:
    try:
        return read_secret(text)
    except InvalidSeedError as error:
        reason = error.reason
    column = columns.get(Field.SECRET, Field.SECRET)
    refuse(
        Reason.INVALID_SECRET, column, f"{len(text)} characters", f"{reason}: correct it, or ask for it again"
    )
