"""What a layout says of a CSV file: which column of a row holds what."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from keyfob.formats.csv_rows import MAX_COLUMNS
from keyfob.formats.fields import Field
from keyfob.formats.rows import SeedFileError
from keyfob.formats.secrets_text import Encoding

_SERIAL_NAMES = {"serial", "serialnumber", "serialno", "sn", "tokenserial", "tokenserialnumber", "token"}
_SECRET_NAMES = {"secret", "secretkey", "seed", "seeds", "key", "otpkey", "hexseed", "hexkey", "tokenseed"}


def plain(name: str) -> str:
    """A column's name without what people write differently: case, blanks, underscores and hyphens."""
    return re.sub(r"[\W_]", "", name).lower()


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of row.

    Attributes:
        places: at which index each field stands.
        columns: what the file calls each of these fields.
        fewest: how many cells a row has at least.
        most: how many it has at most; empty ones beyond them do not count.
        needed: the fields that may not be empty, besides serial and secret.
    """

    places: Mapping[Field, int]
    columns: Mapping[Field, str]
    fewest: int
    most: int
    needed: frozenset[Field] = frozenset()


ShapeOf = Callable[[Sequence[str]], Shape | None]
"""The shape of a row by its cells; None if it says nothing of a token. It may raise `RowFlawError`."""

Finish = Callable[[dict[Field, str], Mapping[Field, str]], None]
"""Completes the values of a row as its layout understands them, or raises `RowFlawError`; columns are for flaws."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """How one file is laid out: whether its first record is a header, and the shapes of its rows."""

    has_header: bool
    shape_of: ShapeOf


def leave(_values: dict[Field, str], _columns: Mapping[Field, str]) -> None:
    """Leaves a row as it is."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One way of writing tokens into CSV.

    Attributes:
        name: what people call it.
        look_at: lays a file out by its first record, given with its line; it may raise `SeedFileError`.
        encoding: of secrets; None if files differ in it.
        constants: what is so in every row, unless it says otherwise.
        finish: what remains to be done with a row's values.
        may_be_blanks: whether columns may have nothing but blanks between them.
    """

    name: str
    look_at: Callable[[int, Sequence[str]], Sheet]
    encoding: Encoding | None = None
    constants: Mapping[Field, str] = field(default_factory=dict)
    finish: Finish = leave
    may_be_blanks: bool = False


def numbered(names: Sequence[str], first: int, fields: Sequence[Field], fewest: int = 2) -> Shape:
    """A shape whose fields stand one beside the other.

    Args:
        names: of all columns of the file.
        first: the index of the first field.
        fields: in their order.
        fewest: how many of them a row has at least.
    """
    places = {field: first + at for at, field in enumerate(fields)}
    columns = {field: names[at] for field, at in places.items()}
    return Shape(places, columns, first + fewest, len(names))


def is_usual_header(serial: str, secret: str) -> bool:
    """Whether the first record's two cells are names of columns and no token's."""
    return plain(serial) in _SERIAL_NAMES and plain(secret) in _SECRET_NAMES


def named(
    line: int,
    header: Sequence[str],
    wanted: Mapping[Field, Collection[str]],
    required: Collection[Field],
    *,
    needed: frozenset[Field] = frozenset(),
    also: Mapping[Field, int] | None = None,
) -> Sheet:
    """A file whose header says which column is which.

    Args:
        line: where the header stands.
        header: its cells.
        wanted: by field the names, in `plain` form, that its column may have.
        required: the fields that a file must have a column for.
        needed: those that no row may leave empty, besides serial and secret.
        also: fields whose index is known.

    Raises:
        SeedFileError: a required column is missing, a field has two, or a column two fields.
    """
    found = [plain(cell) for cell in header]
    places = dict(also or {})
    for field_, names in wanted.items():
        at = [index for index, name in enumerate(found) if name in names]
        if len(at) > 1:
            raise SeedFileError(line, f"its header has two columns for {field_}: keep one")
        if at:
            places[field_] = at[0]
        elif field_ in required:
            raise SeedFileError(line, f"its header has no column {' or '.join(sorted(names))}")
    if len(set(places.values())) < len(places):
        raise SeedFileError(line, "one of its columns is said to hold two fields")
    columns = {field_: header[at].strip() for field_, at in places.items()}
    shape = Shape(places, columns, len(header), len(header), needed)
    return Sheet(has_header=True, shape_of=lambda _cells: shape)


def any_width(places: Mapping[Field, int]) -> Shape:
    """A shape of numbered columns among any others."""
    columns = {field_: f"column {at + 1}" for field_, at in places.items()}
    return Shape(places, columns, max(places.values()) + 1, MAX_COLUMNS)
