"""Reads the tokens of a CSV file in a layout."""

from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from keyfob.errors import InvalidSeedError
from keyfob.formats.cells import RowFlawError, read_credential, refuse
from keyfob.formats.column_map import ColumnMap, Settings
from keyfob.formats.csv_rows import MAX_FIELD_CHARACTERS, Record, read_records
from keyfob.formats.csv_shapes import Layout, Shape, ShapeOf
from keyfob.formats.fields import Field
from keyfob.formats.rows import Reason, Row
from keyfob.formats.secrets_text import AmbiguousSecretError, SecretReader, cover_secret
from keyfob.formats.text import read_lines, tidy
from keyfob.seed import Seed

MAX_UNDECIDED_ROWS = 1000
"""So many rows whose secrets are both hex and base32 wait for the end of their file, which may tell; no more."""

_NOTHING_KNOWN = Settings()


def read_mapped(file: BinaryIO, column_map: ColumnMap) -> Iterator[Row]:
    """Reads a CSV file by a column map, as `read` does.

    Raises:
        SeedFileError: it is no such file.
    """
    return read(file, column_map.layout(), column_map.settings)


def read(file: BinaryIO, layout: Layout, settings: Settings = _NOTHING_KNOWN) -> Iterator[Row]:
    """Reads a CSV file, row by row.

    Where the encoding of secrets is told by nobody, a secret that is both hex and base32 is read as those of the other
    rows are, if all of these are in one encoding. Such rows come last; without such proof they are flaws.

    Raises:
        SeedFileError: it is no such file; what was given before is not to be used then.
    """
    encoding = settings.encoding or layout.encoding
    reading = _Reading(layout, {**layout.constants, **settings.constants}, SecretReader(encoding))
    records = read_records(read_lines(file), settings.delimiter, may_be_blanks=layout.may_be_blanks)
    shape_of: ShapeOf | None = None
    for record in records:
        if not any(map(str.strip, record.cells)):
            continue
        if shape_of is None:
            sheet = layout.look_at(record.line, record.cells)
            shape_of = sheet.shape_of
            if sheet.has_header if settings.has_header is None else settings.has_header:
                continue
        if (row := reading.row(record, shape_of)) is not None:
            yield row
    yield from reading.waiting_rows()


class _Reading:
    """What is kept in mind while a file is read."""

    def __init__(self, layout: Layout, constants: Mapping[Field, str], secrets: SecretReader) -> None:
        self._layout, self._constants, self._secrets = layout, constants, secrets
        self._waiting: list[tuple[Record, Shape]] = []

    def row(self, record: Record, shape_of: ShapeOf) -> Row | None:
        """The row of a record; None if it is no token's, or waits."""
        try:
            shape = shape_of(record.cells)
        except RowFlawError as error:
            return Row(record.line, {}, error.flaw)
        if shape is None:
            return None
        try:
            return self._read(record, shape, self._secrets)
        except AmbiguousSecretError:
            if len(self._waiting) >= MAX_UNDECIDED_ROWS:
                return self._read(record, shape, _UNDECIDED)
            self._waiting.append((record, shape))
            return None

    def waiting_rows(self) -> Iterator[Row]:
        """The rows that waited for the end of the file."""
        encoding = self._secrets.known_encoding()
        secrets = _UNDECIDED if encoding is None else SecretReader(encoding)
        for record, shape in self._waiting:
            yield self._read(record, shape, secrets)

    def _read(self, record: Record, shape: Shape, secrets: "SecretReader | _Undecided") -> Row:
        original: dict[str, str] = {}
        try:
            found = _values(record.cells, shape)
            original = {
                name: found.get(field, "") for field, name in shape.columns.items() if field != Field.SECRET
            }
            values = {**self._constants, **found}
            for field in shape.needed:
                if not values.get(field):
                    refuse(Reason.INVALID_PARAMETER, shape.columns[field], "", "it may not be empty")
            self._layout.finish(values, shape.columns)
            return Row(record.line, original, read_credential(values, shape.columns, secrets.read))
        except RowFlawError as error:
            covered = {name: cover_secret(text) for name, text in original.items()}
            return Row(record.line, covered, error.flaw)


class _Undecided:
    """Reads secrets that remain ambiguous: not at all."""

    def read(self, _text: str) -> Seed:
        raise InvalidSeedError(
            "it can be read as hex and as base32, and its file does not tell which: name the encoding"
        )


_UNDECIDED = _Undecided()


def _values(cells: Sequence[str], shape: Shape) -> dict[Field, str]:
    """The texts of a row by field, without the empty ones.

    Raises:
        RowFlawError: it has too few cells, or too many, or one is too long.
    """
    if len(cells) < shape.fewest or any(map(str.strip, cells[shape.most :])):
        wanted = f"{shape.fewest}" if shape.fewest == shape.most else f"{shape.fewest} to {shape.most}"
        advice = f"{wanted} columns are wanted: put what has a delimiter in it into quotes"
        refuse(Reason.INVALID_PARAMETER, "", f"{len(cells)} columns", advice)
    if (longest := max(map(len, cells))) > MAX_FIELD_CHARACTERS:
        refuse(
            Reason.INVALID_PARAMETER,
            "",
            f"{longest} characters",
            f"a field has at most {MAX_FIELD_CHARACTERS} characters",
        )
    last = len(cells)
    return {field: text for field, at in shape.places.items() if at < last and (text := tidy(cells[at]))}
