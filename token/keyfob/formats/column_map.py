"""Column maps: any other CSV, by saying which of its columns holds what.

As text, items with commas between them: `serial=2` says that the serial stands in the second column, `secret=Seed` that
the secret stands below the name Seed, and `digits:8` that there are eight digits in every row that says nothing else.
`encoding=hex` or `base32`, `delimiter=comma`, `semicolon`, `tab` or `blanks`, and `header=yes` or `no` say how the file is
written, where it does not tell itself.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from keyfob.errors import KeyfobError
from keyfob.formats.csv_rows import BLANKS, MAX_COLUMNS
from keyfob.formats.csv_shapes import Layout, Sheet, any_width, is_usual_header, named, plain
from keyfob.formats.fields import Field
from keyfob.formats.rows import SeedFileError
from keyfob.formats.secrets_text import Encoding

_ITEM = re.compile(r"\s*([a-z_]+)\s*([=:])\s*(.*?)\s*")
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "blanks": BLANKS}
_CHOICES: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "encoding": ("encoding", {encoding.value: encoding for encoding in Encoding}),
    "delimiter": ("delimiter", _DELIMITERS),
    "header": ("has_header", {"yes": True, "no": False}),
}
_NUMBER = re.compile(r"[0-9]{1,9}")
_NEVER_CONSTANT = {Field.SERIAL, Field.SECRET}


class InvalidColumnMapError(KeyfobError):
    """A text is no column map."""

    code = "column-map-invalid"

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(f"not a usable column map: {problem}")


@dataclass(frozen=True, slots=True)
class Settings:
    """What is known of a CSV file besides its layout.

    Attributes:
        encoding: of its secrets; None: as the layout says, or as they tell themselves.
        constants: what is so in every row that says nothing else, as text.
        delimiter: between its columns; None: as its first line tells.
        has_header: whether its first record is a header; None: as it tells itself.
    """

    encoding: Encoding | None = None
    constants: Mapping[Field, str] = field(default_factory=dict)
    delimiter: str | None = None
    has_header: bool | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads settings, without columns.

        Raises:
            InvalidColumnMapError: it is something else.
        """
        columns, settings = _parse(text)
        if columns:
            raise InvalidColumnMapError(f"{next(iter(columns))} has its column already: write : for a value")
        return cls(**settings)


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """A layout of one's own.

    Attributes:
        columns: by field the number of its column, from 1, or its name in the header.
        settings: the rest.

    Raises:
        InvalidColumnMapError: serial or secret has no column, one column is meant twice, or a number is impossible.
    """

    columns: Mapping[Field, int | str]
    settings: Settings = Settings()

    def __post_init__(self) -> None:
        for wanted in (Field.SERIAL, Field.SECRET):
            if wanted not in self.columns:
                raise InvalidColumnMapError(f"say which column holds the {wanted}, such as {wanted}=2")
        meant = [at if isinstance(at, int) else plain(at) for at in self.columns.values()]
        if len(set(meant)) < len(meant):
            raise InvalidColumnMapError("one column cannot hold two fields")
        if any(isinstance(at, int) and not 1 <= at <= MAX_COLUMNS for at in meant) or "" in meant:
            raise InvalidColumnMapError(f"a column has a name, or a number from 1 to {MAX_COLUMNS}")
        if self.settings.has_header is False and any(isinstance(at, str) for at in meant):
            raise InvalidColumnMapError("columns cannot have names in a file without a header")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads a column map.

        Raises:
            InvalidColumnMapError: it is none.
        """
        columns, settings = _parse(text)
        return cls(columns, Settings(**settings))

    def layout(self) -> Layout:
        """The layout that it describes."""
        return Layout("a column map", self._look_at)

    def _look_at(self, line: int, first: Sequence[str]) -> Sheet:
        names = {field_: {plain(at)} for field_, at in self.columns.items() if isinstance(at, str)}
        places = {field_: at - 1 for field_, at in self.columns.items() if isinstance(at, int)}
        if not names:
            shape = any_width(places)
            return Sheet(_has_header(first, places), lambda _cells: shape)
        if max(places.values(), default=0) >= len(first):
            raise SeedFileError(line, f"its header has {len(first)} columns, fewer than the column map names")
        return named(line, first, names, names, also=places)


def _parse(text: str) -> tuple[dict[Field, int | str], dict[str, Any]]:
    """The columns, and the arguments of `Settings`."""
    columns: dict[Field, int | str] = {}
    constants: dict[Field, str] = {}
    settings: dict[str, Any] = {"constants": constants}
    seen: set[str] = set()
    for item in filter(str.strip, text.split(",")):
        match = _ITEM.fullmatch(item)
        if match is None or not match[3]:
            raise InvalidColumnMapError(
                "its items look like serial=2, secret=Seed or digits:8, with commas between"
            )
        key, sign, value = match.groups()
        if key in seen:
            raise InvalidColumnMapError(f"{key} stands twice")
        seen.add(key)
        if key in _CHOICES:
            name, choices = _CHOICES[key]
            settings[name] = _choice(key, value, choices)
        elif sign == "=":
            columns[_field(key)] = int(value) if _NUMBER.fullmatch(value) else value
        else:
            constants[_constant(key)] = value
    return columns, settings


def _choice(key: str, value: str, choices: Mapping[str, object]) -> object:
    if value.lower() not in choices:
        raise InvalidColumnMapError(f"{key} is one of {', '.join(choices)}")
    return choices[value.lower()]


def _constant(key: str) -> Field:
    if (found := _field(key)) in _NEVER_CONSTANT:
        raise InvalidColumnMapError(
            f"every row has a {found} of its own: say in which column, with {found}=2"
        )
    return found


def _field(key: str) -> Field:
    if key not in set(Field):
        raise InvalidColumnMapError(f"{key} is none of {', '.join([*Field, *_CHOICES])}")
    return Field(key)


def _has_header(first: Sequence[str], places: Mapping[Field, int]) -> bool:
    if max(places.values()) >= len(first):
        return False
    return is_usual_header(first[places[Field.SERIAL]], first[places[Field.SECRET]])
