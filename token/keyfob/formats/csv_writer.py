r"""CSV that no spreadsheet takes for formulas: UTF-8, CRLF (RFC 4180), and an apostrophe before what could be one.

A cell that begins with =, +, -, @, a tab or a carriage return is run as a formula by common spreadsheets, whoever
wrote it. It gets an apostrophe in front, which they show or hide, and keyfob's readers take away again. So does a cell
that already begins with apostrophes and then such a character, which makes the way there and back exact.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")


def escape(cell: str) -> str:
    """A cell as it may stand in a file that a spreadsheet opens."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def read_escaped(cell: str) -> str:
    """What `escape` was given."""
    return cell[1:] if cell.startswith("'") and _ESCAPED.match(cell) else cell


def csv_lines(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """The lines of a CSV file, one for each row, the header's first; what UTF-8 cannot say becomes a question mark."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in rows:
        writer.writerow(map(escape, row))
        yield out.getvalue().encode(errors="replace")
        out.seek(0)
        out.truncate()
