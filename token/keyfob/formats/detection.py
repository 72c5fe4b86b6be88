"""Which format a seed file is in: told by what stands in it, never by its name, and never guessed."""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from importlib import import_module
from itertools import islice
from typing import BinaryIO

from keyfob.extras import needs_extra
from keyfob.formats import csv_files, fleet_rows, oath_users, uri_list
from keyfob.formats.csv_layouts import ENTRA_COLUMNS, LAYOUTS, YUBICO_EVENTS, YUBICO_START
from keyfob.formats.csv_rows import DELIMITERS, Record, read_records
from keyfob.formats.csv_shapes import plain
from keyfob.formats.fields import Field
from keyfob.formats.fleet_seeds import COLUMNS
from keyfob.formats.rows import Reader, Row, SeedFileError
from keyfob.formats.text import read_lines

_HEAD_LINES = 100
_OATH = re.compile(r"HOTP(?:/\S*)?\s+\S+\s+\S+\s+[0-9A-Fa-f]+(?:\s.*)?")
_KINDS = {"totp", "hotp", "hmac", "ocra", "ocra2"}
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{5,8}")
_HEX_SECRET = re.compile(r"[0-9A-Fa-f]{32,40}")


def _read_pskc(file: BinaryIO) -> Iterator[Row]:
    """Reads PSKC that is not encrypted. What reads XML is loaded only now."""
    with needs_extra("formats"):
        reader: Reader = import_module("keyfob.formats.pskc").read
    return reader(file)


FORMATS: Mapping[str, Reader] = {
    **{name: partial(csv_files.read, layout=layout) for name, layout in LAYOUTS.items()},
    "oath": oath_users.read,
    "uris": uri_list.read,
    "fleet": fleet_rows.read,
    "pskc": _read_pskc,
}
"""The reader of each format, by the name that people call it."""


def detect(file: BinaryIO) -> str:
    """The name in `FORMATS` of a file's format.

    Args:
        file: one that can seek; it is left where it stood.

    Raises:
        SeedFileError: it is in none of them, or in one of several that its content does not tell apart.
    """
    begins_at = file.tell()
    try:
        head = list(islice(read_lines(file), _HEAD_LINES))
    finally:
        file.seek(begins_at)
    texts = [text.strip() for _, text in head]
    if any(text.lower() == "# version: 2" for text in texts[:1]):
        return "privacyidea"
    first = next((text for text in texts if text and not text.startswith("#")), "")
    return _by_first_line(first) or _by_first_record(next(_meaningful(head), None))


def _by_first_line(text: str) -> str | None:
    if text.startswith("<"):
        return "pskc"
    if text.lower().startswith("otpauth://"):
        return "uris"
    if _OATH.fullmatch(text):
        return "oath"
    if not any(delimiter in text for delimiter in DELIMITERS) and len(text.split()) == 2:
        return "feitian"
    return None


def _meaningful(head: list[tuple[int, str]]) -> Iterator[Record]:
    records = read_records(head)
    return (record for record in records if not record.cells[0].startswith("#"))


def _by_first_record(record: Record | None) -> str:
    if record is None:
        raise SeedFileError(0, "there is no token in its first lines")
    cells = [cell.strip() for cell in record.cells]
    found = _by_header(cells) or _by_cells(cells)
    if found is None:
        raise SeedFileError(record.line, _unknown(len(cells)))
    return found


def _by_header(cells: list[str]) -> str | None:
    if tuple(cells) == COLUMNS:
        return "fleet"
    names = {plain(cell) for cell in cells}
    wanted = {field: names & columns for field, columns in ENTRA_COLUMNS.items()}
    if wanted[Field.SERIAL] and wanted[Field.SECRET]:
        return "entra" if wanted[Field.USER] else "token2"
    return None


def _by_cells(cells: list[str]) -> str | None:
    event = cells[0].lower()
    if event == YUBICO_START or event.startswith(YUBICO_EVENTS):
        return "yubico"
    if (
        len(cells) in {6, 7}
        and cells[0].isdigit()
        and _HEX_SECRET.fullmatch(cells[3])
        and _TIME.fullmatch(cells[5])
    ):
        return "yubico"
    if len(cells) > 2 and cells[2].lower() in _KINDS:
        return "privacyidea"
    return None


def _unknown(columns: int) -> str:
    if columns > 1:
        return (
            f"{columns} columns whose meaning it does not tell: name its format (one of {', '.join(FORMATS)}), "
            "or give a column map"
        )
    return f"it is in no known format: name it (one of {', '.join(FORMATS)})"
