"""`keyfob demo`."""

import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from keyfob.extras import needs_extra


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("demo")(demo)


def demo(
    directory: Annotated[
        Path | None,
        typer.Option(
            help="Keep the database, keys, QR codes and log in this new directory.", file_okay=False
        ),
    ] = None,
    random_seed: Annotated[int, typer.Option(help="Another one makes other people with other habits.")] = 1,
) -> None:
    """Live two simulated years with fobs that drift, against a real verifier, and check every promise.

    A verifier starts as a process of its own on a free loopback port and a fresh test database. Fobs of +20 and -20 ppm are provisioned by reading its QR codes; their owners log in every few days; used codes are sent again; somebody guesses for a day. Exits with 1 if anything came out otherwise than it should.
    """
    with needs_extra("server"):
        from keyfob_firmware.demo.run import run
    from rich.console import Console

    if directory is not None and directory.exists():
        raise typer.BadParameter(f"{directory} exists already", param_hint="--directory")
    if directory is not None:
        directory.mkdir(parents=True, mode=0o700)
    place = (
        tempfile.TemporaryDirectory(prefix="keyfob-demo-")
        if directory is None
        else nullcontext(str(directory))
    )
    with place as path:
        held = run(Path(path), random_seed, Console())
    if not held:
        raise typer.Exit(1)
