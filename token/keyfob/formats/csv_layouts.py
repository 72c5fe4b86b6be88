"""The CSV layouts that manufacturers and servers use, as a table by name.

What their makers document is read strictly; docs/formats-csv.md says what they leave open.
"""

import re
from collections.abc import Mapping, Sequence

from keyfob.formats.cells import RowFlawError, refuse, require_upn, shown
from keyfob.formats.csv_shapes import Layout, Shape, Sheet, is_usual_header, named, numbered
from keyfob.formats.fields import Field
from keyfob.formats.rows import Flaw, Kind, Reason, SeedFileError
from keyfob.formats.secrets_text import Encoding
from keyfob.formats.text import tidy

ENTRA_COLUMNS: Mapping[Field, frozenset[str]] = {
    Field.USER: frozenset({"upn"}),
    Field.SERIAL: frozenset({"serialnumber"}),
    Field.SECRET: frozenset({"secretkey"}),
    Field.TIME_STEP: frozenset({"timeinterval"}),
    Field.MANUFACTURER: frozenset({"manufacturer"}),
    Field.MODEL: frozenset({"model"}),
}

_TOKEN2_COLUMNS = {
    **ENTRA_COLUMNS,
    Field.SERIAL: frozenset({"serialnumber", "serial"}),
    Field.SECRET: frozenset({"secretkey", "secret", "seed"}),
    Field.TIME_STEP: frozenset({"timeinterval", "timestep", "interval"}),
}


def _entra(line: int, first: Sequence[str]) -> Sheet:
    required = {Field.SERIAL, Field.SECRET, Field.TIME_STEP}
    return named(line, first, ENTRA_COLUMNS, required, needed=frozenset({Field.TIME_STEP}))


def _token2(line: int, first: Sequence[str]) -> Sheet:
    return named(line, first, _TOKEN2_COLUMNS, {Field.SERIAL, Field.SECRET})


def _check_upn(values: dict[Field, str], columns: Mapping[Field, str]) -> None:
    if Field.USER in columns:
        require_upn(values.get(Field.USER, ""), columns[Field.USER])


_PAIR = numbered(("serial number", "seed"), 0, (Field.SERIAL, Field.SECRET))


def _feitian(line: int, first: Sequence[str]) -> Sheet:
    if len(first) < len(_PAIR.places):
        raise SeedFileError(line, "it has one column, and serial number and seed are wanted")
    return Sheet(is_usual_header(first[0], first[1]), lambda _cells: _PAIR)


# privacyIDEA and LinOTP: the third cell says what the cells behind it mean

_USER_COLUMNS = ("username", "resolver", "realm")
_TOKEN_COLUMNS = ("serial", "seed", "type", "otp length")
_TOKEN_FIELDS = (Field.SERIAL, Field.SECRET, Field.KIND, Field.DIGITS)
_SECOND_VERSION = "# version: 2"
_STEPS_OF_OLD_FILES = {"30", "60"}
_HASH_OF_DIGITS = {64: "SHA256", 128: "SHA512"}


def _shapes(before: tuple[str, ...]) -> dict[Kind, Shape]:
    first, user = len(before), {Field.USER: 0} if before else {}

    def shape(names: tuple[str, ...], fields: tuple[Field, ...]) -> Shape:
        found = numbered((*before, *names), first, fields)
        columns = {**found.columns, **{field: before[at] for field, at in user.items()}}
        return Shape({**user, **found.places}, columns, found.fewest, found.most)

    last, last_field = ("hash",), (Field.ALGORITHM,)
    return {
        Kind.TOTP: shape(
            (*_TOKEN_COLUMNS, "time step", *last), (*_TOKEN_FIELDS, Field.TIME_STEP, *last_field)
        ),
        Kind.HOTP: shape((*_TOKEN_COLUMNS, "counter", *last), (*_TOKEN_FIELDS, Field.COUNTER, *last_field)),
        Kind.OCRA: shape((*_TOKEN_COLUMNS[:3], "ocra suite"), (*_TOKEN_FIELDS[:3], Field.SUITE)),
    }


_TOKENS, _TOKENS_OF_USERS = _shapes(()), _shapes(_USER_COLUMNS)
_KINDS_BY_WORD = {"": Kind.HOTP, "hotp": Kind.HOTP, "hmac": Kind.HOTP, "ocra": Kind.OCRA, "ocra2": Kind.OCRA}


def _privacyidea(_line: int, first: Sequence[str]) -> Sheet:
    has_users = " ".join(first[0].split()).lower() == _SECOND_VERSION
    shapes, kind_at = (_TOKENS_OF_USERS, 5) if has_users else (_TOKENS, 2)

    def shape_of(cells: Sequence[str]) -> Shape | None:
        if cells[0].lstrip().startswith("#"):
            return None
        word = tidy(cells[kind_at]).lower() if len(cells) > kind_at else ""
        return shapes[_KINDS_BY_WORD.get(word, Kind.TOTP)]

    return Sheet(has_users or (len(first) > 1 and is_usual_header(first[0], first[1])), shape_of)


def _finish_privacyidea(values: dict[Field, str], columns: Mapping[Field, str]) -> None:
    if values.get(Field.COUNTER) in _STEPS_OF_OLD_FILES:
        refuse(
            Reason.INVALID_PARAMETER,
            columns[Field.COUNTER],
            values[Field.COUNTER],
            "older files have a time step here, newer ones a counter: leave it empty for 0, or use a column map",
        )
    guessed = _HASH_OF_DIGITS.get(len(values.get(Field.SECRET, "")))
    if guessed and Field.ALGORITHM in columns:
        values.setdefault(Field.ALGORITHM, guessed)


# Yubico: the two logs of the YubiKey Personalization Tool

_LOGGED_CELLS = 18
_LISTED_CELLS = 7
_LOGGED = Shape(
    {Field.SERIAL: 3, Field.SECRET: 5, Field.DIGITS: 11, Field.COUNTER: 12},
    {
        Field.SERIAL: "public id",
        Field.SECRET: "secret key",
        Field.DIGITS: "hotp digits",
        Field.COUNTER: "moving factor",
    },
    _LOGGED_CELLS,
    _LOGGED_CELLS,
    frozenset({Field.DIGITS, Field.COUNTER}),
)
_LISTED = Shape(
    {Field.SERIAL: 0, Field.COUNTER: 2, Field.SECRET: 3},
    {Field.SERIAL: "serial", Field.COUNTER: "moving factor", Field.SECRET: "secret key"},
    _LISTED_CELLS - 1,
    _LISTED_CELLS,
)
_YUBIKEY_SECRET_DIGITS = 40
_MOVING_FACTOR = re.compile("[0-9]{1,7}")
YUBICO_EVENTS = (
    "oath-hotp",
    "yubico otp",
    "static password",
    "challenge-response",
    "configuration",
    "unknown",
)
YUBICO_START = "logging start"


def _yubico(_line: int, _first: Sequence[str]) -> Sheet:
    return Sheet(has_header=False, shape_of=_yubico_shape)


def _yubico_shape(cells: Sequence[str]) -> Shape | None:
    event = tidy(cells[0])
    if event.lower() == YUBICO_START or event.startswith("#"):
        return None
    if event.lower() == "oath-hotp":
        return _LOGGED
    if event.isascii() and event.isdigit():
        _require_moving_factor(cells)
        return _LISTED
    found = event if event.lower().startswith(YUBICO_EVENTS) else shown(event)
    advice = "only what was programmed as OATH-HOTP can be used: leave the others out"
    raise RowFlawError(Flaw(Reason.INVALID_PARAMETER, "event type", found, advice))


def _require_moving_factor(cells: Sequence[str]) -> None:
    """Other entries have a private id in its place, which is a secret."""
    found = tidy(cells[_LISTED.places[Field.COUNTER]]) if len(cells) >= _LISTED.fewest else ""
    if not _MOVING_FACTOR.fullmatch(found):
        advice = "it is no OATH-HOTP entry, as those have a moving factor here: leave it out"
        refuse(Reason.INVALID_PARAMETER, "moving factor", f"{len(found)} characters", advice)


def _finish_yubico(values: dict[Field, str], columns: Mapping[Field, str]) -> None:
    if not values.get(Field.SERIAL):
        advice = "this log has no serial: log in Yubico's own format, or with an OATH token identifier"
        refuse(Reason.INVALID_SERIAL, columns[Field.SERIAL], "", advice)
    secret = values.get(Field.SECRET, "")
    if len(secret) != _YUBIKEY_SECRET_DIGITS:
        advice = f"a YubiKey's OATH secret has {_YUBIKEY_SECRET_DIGITS} hexadecimal digits"
        refuse(Reason.INVALID_SECRET, columns[Field.SECRET], f"{len(secret)} characters", advice)


LAYOUTS: Mapping[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout("entra", _entra, Encoding.BASE32, finish=_check_upn),
        Layout(
            "feitian",
            _feitian,
            constants={Field.MANUFACTURER: "Feitian"},
            may_be_blanks=True,
        ),
        Layout("token2", _token2, constants={Field.MANUFACTURER: "Token2"}),
        Layout(
            "yubico",
            _yubico,
            Encoding.HEX,
            {Field.KIND: "hotp", Field.MANUFACTURER: "Yubico"},
            _finish_yubico,
        ),
        Layout("privacyidea", _privacyidea, Encoding.HEX, {Field.KIND: "hotp"}, _finish_privacyidea),
    )
}
"""The layouts that have a name."""
