"""CSV as it is met: commas, semicolons, tabs or blanks, quoted fields, any line end (RFC 4180, and more)."""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from keyfob.formats.csv_writer import read_escaped
from keyfob.formats.rows import SeedFileError
from keyfob.formats.text import MAX_LINE_CHARACTERS

MAX_COLUMNS = 256
MAX_FIELD_CHARACTERS = 4096
MAX_RECORD_CHARACTERS = MAX_LINE_CHARACTERS

BLANKS = " "
"""The delimiter of columns with nothing but blanks between them."""

DELIMITERS = (",", ";", "\t")

_HEAD_LINES = 100
_QUOTED = re.compile(r'"[^"]*"?')
_SEPARATOR_LINE = re.compile(r"sep=([,;\t])\r?\n?", re.IGNORECASE)


class Record(NamedTuple):
    """One record of a CSV file: the line where it begins, counted from 1, and its cells as they stand there."""

    line: int
    cells: list[str]


def read_records(
    lines: Iterable[tuple[int, str]], delimiter: str | None = None, *, may_be_blanks: bool = False
) -> Iterator[Record]:
    """The records of a CSV text, without the empty ones; a line that begins with # is one like any other.

    Args:
        lines: as `text.read_lines` gives them.
        delimiter: one of `DELIMITERS` or `BLANKS`; None: told by the first line, or by Excel's `sep=` before it.
        may_be_blanks: whether columns without any of `DELIMITERS` have blanks between them.

    Raises:
        SeedFileError: quotes that are not closed, or too many columns or characters in one record.
    """
    lines = iter(lines)
    head = deque(_until_first_record(lines))
    if head and (named := _SEPARATOR_LINE.fullmatch(head[0][1])):
        head.popleft()
        delimiter = delimiter or named[1]
        head.extend(_until_first_record(lines))
    if delimiter is None and head:
        delimiter = _delimiter(*head[-1], may_be_blanks=may_be_blanks)
    feed = _Feed(chain(head, lines))
    if delimiter == BLANKS:
        return _blank_separated(feed)
    return _records(feed, delimiter or ",")


def _until_first_record(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    for _, line in zip(range(_HEAD_LINES), lines, strict=False):
        yield line
        if line[1].strip() and not line[1].startswith("#"):
            return


def _delimiter(line: int, text: str, *, may_be_blanks: bool) -> str:
    bare = _QUOTED.sub("", text)
    counts = {delimiter: bare.strip(" \r\n").count(delimiter) for delimiter in DELIMITERS}
    most = max(counts.values())
    if not most:
        return BLANKS if may_be_blanks else ","
    found = [delimiter for delimiter, count in counts.items() if count == most]
    if len(found) > 1:
        raise SeedFileError(
            line, "comma, semicolon and tab: which of them stands between its columns cannot be told"
        )
    return found[0]


def _blank_separated(feed: "_Feed") -> Iterator[Record]:
    for text in feed:
        if cells := text.split():
            yield Record(feed.begun_at, cells)
        feed.begin()


def _records(feed: "_Feed", delimiter: str) -> Iterator[Record]:
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.begin()
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise SeedFileError(feed.begun_at, _problem(str(error))) from None
        if cells is None:
            return
        if len(cells) > MAX_COLUMNS:
            raise SeedFileError(feed.begun_at, f"it has {len(cells)} columns, and {MAX_COLUMNS} are allowed")
        if cells:
            yield Record(feed.begun_at, list(map(read_escaped, cells)) if feed.has_apostrophe else cells)


def _problem(said: str) -> str:
    if "new-line" in said:
        return "a carriage return stands alone: save it with line ends of CRLF or LF"
    return "its quotes are not closed, or something stands beside them"


class _Feed:
    """Lines for the CSV reader, which takes as many as a record has: not too many characters for one."""

    def __init__(self, lines: Iterator[tuple[int, str]]) -> None:
        self._lines, self._characters = lines, 0
        self.begun_at, self.has_apostrophe = 0, False

    def __iter__(self) -> Iterator[str]:
        return self

    def begin(self) -> None:
        """Says that what comes belongs to the next record."""
        self._characters, self.has_apostrophe = 0, False

    def __next__(self) -> str:
        number, text = next(self._lines)
        if not self._characters:
            self.begun_at = number
        self._characters += len(text)
        if self._characters > MAX_RECORD_CHARACTERS:
            raise SeedFileError(
                self.begun_at, f"its quotes are not closed within {MAX_RECORD_CHARACTERS} characters"
            )
        if "'" in text:
            self.has_apostrophe = True
        return text
