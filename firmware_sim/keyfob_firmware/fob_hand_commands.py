"""`keyfob fob`: what hands do with a fob."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from keyfob.output import JsonOption, printer
from keyfob_firmware.fob_options import At, FobDir, FobKey, Name, told, true_clock

if TYPE_CHECKING:
    from keyfob_firmware.errors import NoCodeError
    from keyfob_firmware.fob import Fob, Reading

_ADVICE = {
    "shipping": "it is in its box, its clock stopped; wake it with `keyfob fob hold`, or scan a QR code",
    "pin-entry": "it asks for its PIN; give the right one with --pin, or - and a line of standard input",
    "challenge": "it asks for a question; give it with --question",
    "pin-blocked": "it saw too many wrong PINs; `keyfob fob hold` leads to recovery",
    "recovery": "it is in recovery; a press goes to the next of restart, test and erase, `keyfob fob hold` chooses",
    "dead": "its battery, which lasts about five years, is flat; put in another with `keyfob fob replace-battery`",
}
"""What to do about a state without a code, by its name."""


def register(family: typer.Typer) -> None:
    """Adds these commands to `keyfob fob`."""
    family.command("press")(press)
    family.command("hold")(hold)
    family.command("replace-battery")(replace_battery)
    family.command("watch")(watch)


def press(
    name: Name,
    *,
    hold_s: Annotated[
        float,
        typer.Option(min=0.0, max=600.0, help="How long the finger stays; from 1.5 s it is a long press."),
    ] = 0.15,
    pin: Annotated[
        str | None,
        typer.Option(
            metavar="PIN", help="What to type where it asks for its PIN; - is a line of standard input."
        ),
    ] = None,
    question: Annotated[str | None, typer.Option(help="What to type where it asks for a question.")] = None,
    at: At = None,
    fob_dir: FobDir,
    fob_key: FobKey,
    as_json: JsonOption = False,
) -> None:
    """Press a fob's button and read its display. Piped, it prints the code alone, as a person reads it.

    What the fob then asks for is typed, and asked for in turn on a terminal.
    """
    from rich.console import Console

    from keyfob_firmware import fob_views
    from keyfob_firmware.fob_in_hand import in_hand

    console = Console()
    with in_hand(name, fob_dir, fob_key, true_clock(at)) as fob:
        reading = _read(fob, hold_s, pin, question)
        if not as_json and console.is_terminal:
            console.print(fob_views.glass(fob.lit(), fob.state, fob_views.strokes_for(console)))
    if as_json:
        printer(as_json).record(fob_views.reading_record(reading))
    elif console.is_terminal:
        console.print(fob_views.reading_text(reading))
    else:
        typer.echo(reading.seen)


def hold(name: Name, *, at: At = None, fob_dir: FobDir, fob_key: FobKey, as_json: JsonOption = False) -> None:
    """Hold a fob's button for two seconds, and look at its display: device information, recovery, a waking fob."""
    from keyfob_firmware.fob_in_hand import in_hand
    from keyfob_firmware.fob_look_commands import print_display

    with in_hand(name, fob_dir, fob_key, true_clock(at)) as fob:
        fob.hold()
        print_display(fob, as_json)


def replace_battery(
    name: Name,
    *,
    button_held: Annotated[
        bool, typer.Option("--button-held", help="Hold the button meanwhile: the fob then tests itself.")
    ] = False,
    at: At = None,
    fob_dir: FobDir,
    fob_key: FobKey,
    as_json: JsonOption = False,
) -> None:
    """Put a fresh battery into a fob, and look at its display. Its clock goes on from where it stood."""
    from keyfob_firmware.fob_in_hand import in_hand
    from keyfob_firmware.fob_look_commands import print_display

    with in_hand(name, fob_dir, fob_key, true_clock(at)) as fob:
        fob.replace_battery(button_held=button_held)
        print_display(fob, as_json)


def watch(name: Name, *, fob_dir: FobDir, fob_key: FobKey) -> None:
    """Draw a fob's display live in the terminal, and let the keyboard be its button and its keys."""
    from rich.console import Console
    from rich.live import Live

    from keyfob.clock import SystemClock
    from keyfob_firmware import fob_views
    from keyfob_firmware.errors import NotATerminalError
    from keyfob_firmware.fob_file import FobFolder
    from keyfob_firmware.fob_in_hand import key_for
    from keyfob_firmware.fob_watch import Watched, watch_until_left
    from keyfob_firmware.terminal_keys import terminal_keys

    console, folder = Console(), FobFolder(fob_dir)
    if not (sys.stdin.isatty() and console.is_terminal):
        raise NotATerminalError
    key = key_for(folder.read(name), fob_key, fob_dir)
    watched = Watched(folder, name, key, SystemClock())
    strokes = fob_views.strokes_for(console)
    with terminal_keys(sys.stdin.fileno()) as keys, Live(console=console, auto_refresh=False) as live:
        watch_until_left(watched, keys, lambda drawn: live.update(drawn, refresh=True), strokes)


def _read(fob: "Fob", hold_s: float, pin: str | None, question: str | None) -> "Reading":
    """Presses the button, unless the fob waits for what is to be typed; types what it asks for; reads the code."""
    from keyfob_firmware.errors import NoCodeError
    from keyfob_firmware.machine import TYPING, State

    answers = {State.PIN_ENTRY: pin, State.CHALLENGE: question}
    asked = fob.mode
    if asked not in TYPING or answers[asked] is None:
        try:
            return fob.press(hold_s)
        except NoCodeError as error:
            asked = State(error.state)
            if asked not in TYPING:
                raise _in_commands(error) from None
    while True:
        typed = _typed(asked.value, answers.pop(asked, None))
        if typed is None:
            raise _in_commands(NoCodeError(fob.state.serial, asked.value, ""))
        try:
            return fob.enter(typed)
        except NoCodeError as error:
            asked = State(error.state)
            if asked not in answers:
                raise _in_commands(error) from None


def _typed(asked: str, given: str | None) -> str | None:
    secret = asked == "pin-entry"
    if given is not None:
        return told(given, "PIN") if secret else given
    if not sys.stdin.isatty():
        return None
    return str(typer.prompt("PIN" if secret else "Question", hide_input=secret, err=True))


def _in_commands(error: "NoCodeError") -> "NoCodeError":
    """The same error, with what to do about it at a command line."""
    from keyfob_firmware.errors import NoCodeError

    advice = _ADVICE.get(error.state)
    return error if advice is None else NoCodeError(error.serial, error.state, advice)
