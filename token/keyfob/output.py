"""What commands print: one record or rows of it, as JSON for programs or as a table for people."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Protocol

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
"""The option `--json`, the same on every command that prints data."""

YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
"""The option `--yes`, the same on every command that cannot be undone."""

_UNITS = {"s": "s", "ppm": "ppm", "c": "°C"}
_UNBOUNDED = 10_000


class Printer(Protocol):
    """Prints data. A record's keys end in their unit, as names in the code do; its values are what JSON can hold."""

    def record(self, record: Mapping[str, object]) -> None:
        """Prints one record."""

    def rows(self, rows: Sequence[Mapping[str, object]], *, if_none: str) -> None:
        """Prints records that share their keys; `if_none` tells people that there are none."""


class JsonPrinter:
    """Prints for programs: an object, or an array of objects."""

    def record(self, record: Mapping[str, object]) -> None:
        """Prints one object."""
        typer.echo(json.dumps(dict(record), indent=2, allow_nan=False))

    def rows(self, rows: Sequence[Mapping[str, object]], *, if_none: str) -> None:  # noqa: ARG002 - people's
        """Prints an array, empty when there are no rows."""
        typer.echo(json.dumps([dict(row) for row in rows], indent=2, allow_nan=False))


class TablePrinter:
    """Prints for people. Nothing in a value can steer the terminal or style the table."""

    def record(self, record: Mapping[str, object]) -> None:
        """Prints one line for each key."""
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(style="bold")
        table.add_column(overflow="fold")
        for key, value in record.items():
            table.add_row(_heading(key), _cell(value))
        _print_table(table)

    def rows(self, rows: Sequence[Mapping[str, object]], *, if_none: str) -> None:
        """Prints one line for each row, under headings."""
        if not rows:
            typer.echo(printable(if_none))
            return
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for key in rows[0]:
            value = next((row[key] for row in rows if row[key] is not None), None)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            table.add_column(_heading(key), justify="right" if number else "left", overflow="fold")
        for row in rows:
            table.add_row(*map(_cell, row.values()))
        _print_table(table)


def printer(as_json: bool) -> Printer:
    """The printer that the option `--json` asks for."""
    return JsonPrinter() if as_json else TablePrinter()


def printable(text: str) -> str:
    r"""The text on one line, with every character that does not print written as Python would, such as `\x1b`."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def complain(sentence: str) -> None:
    """Tells people what went wrong, in one line on standard error; an empty sentence says nothing."""
    if sentence:
        typer.echo(f"keyfob: {printable(sentence)}", err=True)


def confirm(question: str, yes: bool) -> None:
    """Asks before what cannot be undone: people at a terminal, never a script, and nobody who said yes.

    Raises:
        typer.Abort: the answer was no.
    """
    if not yes and sys.stdin.isatty():
        typer.confirm(question, abort=True, err=True)


def _print_table(table: Table) -> None:
    console = Console()
    if not console.is_terminal:
        console.width = _UNBOUNDED  # a pipe has no edge at which to fold
    console.print(table)


def format_time(at: float) -> str:
    """A Unix time as ISO 8601 in UTC; as it is where that has no year for it."""
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return f"{at:.3f}"


def _heading(key: str) -> str:
    words, _, unit = key.rpartition("_")
    if words and unit in _UNITS:
        return f"{words.replace('_', ' ')} ({_UNITS[unit]})"
    return key.replace("_", " ")


def _cell(value: object) -> Text:
    match value:
        case None:
            return Text("–", style="dim")
        case bool():
            return Text("yes" if value else "no")
        case float():
            return Text(f"{value:z.3f}")
        case _:
            return Text(printable(str(value)))
