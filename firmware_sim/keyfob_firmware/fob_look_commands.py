"""`keyfob fob`: what eyes see of a fob, and what it tells of itself."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keyfob.output import JsonOption, printer
from keyfob_firmware.fob_options import At, FobDir, FobKey, Name, true_clock

if TYPE_CHECKING:
    from keyfob_firmware.fob import Fob


def register(family: typer.Typer) -> None:
    """Adds these commands to `keyfob fob`."""
    family.command("display")(display)
    family.command("diagnose")(diagnose)
    family.command("events")(events)


def display(
    name: Name,
    *,
    svg: Annotated[Path | None, typer.Option(help="Draw it into this SVG file.")] = None,
    png: Annotated[Path | None, typer.Option(help="Draw it into this PNG file.")] = None,
    at: At = None,
    fob_dir: FobDir,
    fob_key: FobKey,
    as_json: JsonOption = False,
) -> None:
    """Look at a fob's display, without touching the fob."""
    from keyfob.durable import replace_file
    from keyfob_firmware.fob_in_hand import in_hand

    with in_hand(name, fob_dir, fob_key, true_clock(at)) as fob:
        lit = fob.lit()
        print_display(fob, as_json)
    if svg is not None:
        from keyfob_firmware.display_svg import draw_svg

        replace_file(svg, draw_svg(lit).encode())
    if png is not None:
        from keyfob_firmware.display_png import draw_png

        replace_file(png, draw_png(lit))


def diagnose(
    name: Name,
    *,
    output: Annotated[
        Path | None, typer.Option(help="Write the report into this file, too, as JSON.")
    ] = None,
    at: At = None,
    fob_dir: FobDir,
    fob_key: FobKey,
    as_json: JsonOption = False,
) -> None:
    """Have a fob test itself and show the report, which the verifier takes. A failure makes the exit status 1."""
    from keyfob.diagnostics import report_to_json
    from keyfob.durable import replace_file
    from keyfob_firmware.fob_in_hand import in_hand
    from keyfob_firmware.fob_views import check_rows

    with in_hand(name, fob_dir, fob_key, true_clock(at)) as fob:
        report = fob.diagnose()
    content = report_to_json(report)
    if output is not None:
        replace_file(output, content)
    if as_json:
        typer.echo(content)
    else:
        printer(as_json).rows(check_rows(report), if_none="It looked at nothing.")
    if report.failures:
        raise typer.Exit(1)


def events(name: Name, *, fob_dir: FobDir, as_json: JsonOption = False) -> None:
    """List the last events of a fob's life: when, by whose clock, from which state to which."""
    from keyfob_firmware.fob_file import FobFolder
    from keyfob_firmware.fob_views import trace_rows

    rows = trace_rows(FobFolder(fob_dir).read(name).trace)
    printer(as_json).rows(rows, if_none="Nothing has happened to it yet.")


def print_display(fob: "Fob", as_json: bool) -> None:
    """Prints a fob's display: drawn on a terminal; in a pipe what a person reads; all about it as JSON."""
    from rich.console import Console

    from keyfob_firmware import fob_views

    console, record = Console(), fob_views.display_record(fob)
    if as_json:
        printer(as_json).record(record)
    elif console.is_terminal:
        console.print(fob_views.glass(fob.lit(), fob.state, fob_views.strokes_for(console)))
    else:
        typer.echo(str(record["seen"]).rstrip())
