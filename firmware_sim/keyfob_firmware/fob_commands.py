"""`keyfob fob`: the fobs that there are, their seeds given and taken."""

from pathlib import Path
from typing import Annotated

import typer

from keyfob.clock import SystemClock
from keyfob.output import JsonOption, YesOption, complain, confirm, printer
from keyfob_firmware.errors import FobFileError
from keyfob_firmware.fob_options import STANDARD_INPUT, At, FobDir, FobKey, Name, true_clock
from keyfob_firmware.places import ready_key

_MAX_IMAGE_BYTES = 2**25


def register(family: typer.Typer) -> None:
    """Adds these commands to `keyfob fob`."""
    family.command("scan")(scan)
    family.command("list")(list_fobs)
    family.command("show")(show)
    family.command("blow-fuse")(blow_fuse)
    family.command("reset")(reset)


def scan(
    name: Name,
    image: Annotated[
        Path, typer.Argument(metavar="IMAGE", help="A picture of the QR code; - is standard input.")
    ],
    *,
    at: At = None,
    fob_dir: FobDir,
    fob_key: FobKey,
    as_json: JsonOption = False,
) -> None:
    """Provision a fob from the QR code that its verifier shows."""
    from keyfob_firmware.fob_file import FobFolder
    from keyfob_firmware.fob_views import fob_record

    folder, clock = FobFolder(fob_dir), true_clock(at)
    folder.read(name).require_empty()
    with folder.in_hand(name, ready_key(fob_key, fob_dir), clock) as fob:
        fob.scan(picture(image))
        record = fob_record(name, fob, clock.now())
    printer(as_json).record(record)


def show(name: Name, *, at: At = None, fob_dir: FobDir, as_json: JsonOption = False) -> None:
    """Show all of a fob but its secrets: what stands on it, how its clock runs, how its battery is."""
    from keyfob_firmware.fob_file import FobFolder
    from keyfob_firmware.fob_in_hand import looked_at
    from keyfob_firmware.fob_views import fob_record

    clock = true_clock(at)
    fob = looked_at(FobFolder(fob_dir).read(name), clock)
    printer(as_json).record(fob_record(name, fob, clock.now()))


def list_fobs(*, at: At = None, fob_dir: FobDir, as_json: JsonOption = False) -> None:
    """List all fobs. A file that cannot be used is complained of, and the exit status tells."""
    from keyfob_firmware.fob_file import FobFolder
    from keyfob_firmware.fob_in_hand import looked_at
    from keyfob_firmware.fob_views import fob_row

    folder, clock = FobFolder(fob_dir), true_clock(at)
    names = folder.names()
    rows = []
    for name in names:
        try:
            rows.append(fob_row(name, looked_at(folder.read(name), clock), clock.now()))
        except FobFileError as error:
            complain(str(error))
    printer(as_json).rows(rows, if_none=f"There are no fobs in {fob_dir}: make one with keyfob fob new NAME.")
    if len(rows) < len(names):
        raise typer.Exit(1)


def blow_fuse(name: Name, *, fob_dir: FobDir, fob_key: FobKey, yes: YesOption = False) -> None:
    """Blow a fob's programming fuse: its seed can never be replaced, checked or erased again."""
    from keyfob_firmware.fob_file import FobFolder
    from keyfob_firmware.fob_in_hand import in_hand

    FobFolder(fob_dir).read(name)
    confirm(f"Blow the programming fuse of {name}, for good?", yes)
    with in_hand(name, fob_dir, fob_key, SystemClock()) as fob:
        fob.blow_fuse()
    typer.echo(f"The programming fuse of {name} is blown.")


def reset(name: Name, *, fob_dir: FobDir, yes: YesOption = False) -> None:
    """Make a fob forget its seed for good, so that it can be given another; on a terminal, once confirmed."""
    from keyfob_firmware.fob_file import FobFolder

    folder = FobFolder(fob_dir)
    credential = folder.read(name).credential
    if credential is not None:
        confirm(f"Forget the seed of {name}, which is good for {credential.account}?", yes)
    folder.reset(name)
    typer.echo(f"{name} holds no seed any more.")


def picture(image: Path) -> Path | bytes:
    """What an argument that names a picture means; `-` is standard input."""
    if str(image) != STANDARD_INPUT:
        return image
    return typer.get_binary_stream("stdin").read(_MAX_IMAGE_BYTES)
