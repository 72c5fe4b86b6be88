"""The options that the commands of `keyfob fob` share."""

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from keyfob.clock import Clock, SystemClock, VirtualClock
from keyfob_firmware.errors import InputMissingError
from keyfob_firmware.places import default_fob_dir, default_fob_key

STANDARD_INPUT = "-"

_MAX_LINE_BYTES = 16_384


def complete_name(context: typer.Context, incomplete: str) -> list[str]:
    """The names of fobs that begin so, for the shell."""
    from keyfob_firmware.fob_file import FobFolder  # noqa: PLC0415  only a shell that completes needs it

    names = FobFolder(context.params.get("fob_dir") or default_fob_dir()).names()
    return [name for name in names if name.startswith(incomplete)]


def parse_time(text: str) -> float:
    """A moment as Unix time: from a number of seconds or from ISO 8601, which is UTC unless it says otherwise.

    Raises:
        typer.BadParameter: it is neither.
    """
    try:
        at = float(text)
    except ValueError:
        at = _iso_time(text)
    if not math.isfinite(at):
        raise typer.BadParameter("a time must be finite")
    return at


def true_clock(at: float | None) -> Clock:
    """The machine's clock, or one that stands at the moment asked for."""
    return SystemClock() if at is None else VirtualClock(at)


def told(text: str, wanted: str) -> str:
    """What an option says; `-` takes a line from standard input, which keeps it out of the shell's history.

    Raises:
        InputMissingError: there is no such line, or it is no text; `wanted` tells people what is.
    """
    if text != STANDARD_INPUT:
        return text
    try:
        line = typer.get_binary_stream("stdin").readline(_MAX_LINE_BYTES).decode().strip()
    except UnicodeDecodeError:
        raise InputMissingError(wanted) from None
    if not line:
        raise InputMissingError(wanted)
    return line


Name = Annotated[str, typer.Argument(metavar="NAME", help="The fob's name.", autocompletion=complete_name)]
FobDir = Annotated[
    Path,
    typer.Option(
        envvar="KEYFOB_FOB_DIR",
        default_factory=default_fob_dir,
        show_default="in the user's data directory",
        help="Where fobs are kept.",
    ),
]
FobKey = Annotated[
    Path,
    typer.Option(
        envvar="KEYFOB_FOB_KEY",
        default_factory=default_fob_key,
        show_default="in the user's configuration directory",
        help="The file with the key that seals the fobs' seeds.",
    ),
]
At = Annotated[
    float | None,
    typer.Option(
        parser=parse_time,
        metavar="TIME",
        show_default="now",
        help="The true time: Unix time or ISO 8601.",
    ),
]


def _iso_time(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            "a time is Unix time in seconds or ISO 8601, such as 2026-03-01T12:00Z"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()
