"""`keyfob fob`: simulated fobs kept in files, from the command line.

What a command needs is imported when it runs, so that `keyfob --help` stays quick.
"""

import dataclasses
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keyfob.clock import SystemClock
from keyfob.errors import InvalidUriError
from keyfob.output import JsonOption, YesOption, complain, confirm, printer
from keyfob_firmware.errors import FobFileError
from keyfob_firmware.fob_options import At, FobDir, FobKey, true_clock
from keyfob_firmware.places import default_fob_dir, existing_key, ready_key

if TYPE_CHECKING:
    from keyfob.temperature import CyclicTemperature
    from keyfob_firmware.fob import Fob

GRADE_PPM = 20.0
"""The common grade of crystals: the tolerance of a new fob lies within it unless told."""

_STANDARD_INPUT = "-"
_MAX_URI_BYTES = 16_384
_MAX_IMAGE_BYTES = 2**25
_WARMEST_AT = 200.0 * 86_400.0


def complete_name(context: typer.Context, incomplete: str) -> list[str]:
    """The names of fobs that begin so, for the shell."""
    from keyfob_firmware.fob_file import FobFolder

    names = FobFolder(context.params.get("fob_dir") or default_fob_dir()).names()
    return [name for name in names if name.startswith(incomplete)]


Name = Annotated[str, typer.Argument(metavar="NAME", help="The fob's name.", autocompletion=complete_name)]
NewName = Annotated[str, typer.Argument(metavar="NAME", help="A name for the fob, fit for a file.")]


def register(app: typer.Typer) -> None:
    """Adds `keyfob fob` and its commands."""
    family = typer.Typer(no_args_is_help=True, help="Simulated key fobs, kept in files.")
    for command in (new, scan, press, list_fobs, show, reset):
        family.command(command.__name__.removesuffix("_fobs"))(command)
    app.add_typer(family, name="fob")


def new(
    name: NewName,
    *,
    serial: Annotated[
        str | None, typer.Option(help="The number on its back.", show_default="a random one")
    ] = None,
    drift_ppm: Annotated[
        float | None,
        typer.Option(help="The tolerance of its crystal.", show_default=f"drawn from ±{GRADE_PPM:g} ppm"),
    ] = None,
    offset_s: Annotated[float, typer.Option(help="How far ahead its clock was set when it was made.")] = 0.0,
    temperature_c: Annotated[float, typer.Option(help="The mean temperature round it.")] = 25.0,
    season_c: Annotated[float, typer.Option(help="How much warmer than that July is.")] = 0.0,
    wander_ppm: Annotated[
        float, typer.Option(help="How far its rate walks in a day: the standard deviation.")
    ] = 0.01,
    wander_seed: Annotated[
        int | None, typer.Option(help="What fixes that walk.", show_default="a random number")
    ] = None,
    uri: Annotated[
        str | None,
        typer.Option(
            help="Provision it from this otpauth URI; - reads it from standard input and so "
            "keeps it out of the shell's history."
        ),
    ] = None,
    image: Annotated[
        Path | None, typer.Option(help="Provision it from the QR code in this image; - is standard input.")
    ] = None,
    at: At = None,
    fob_dir: FobDir,
    fob_key: FobKey,
    as_json: JsonOption = False,
) -> None:
    """Make a new fob; provision it, too, if told from what."""
    from keyfob.oscillator import Crystal, Oscillator
    from keyfob_firmware.fob import Fob, FobState
    from keyfob_firmware.fob_file import FobFolder
    from keyfob_firmware.fob_views import fob_record

    if uri is not None and image is not None:
        raise typer.BadParameter("--uri and --image exclude each other")
    chance = secrets.SystemRandom()
    clock = true_clock(at)
    tolerance_ppm = chance.uniform(-GRADE_PPM, GRADE_PPM) if drift_ppm is None else drift_ppm
    oscillator = Oscillator(
        crystal=Crystal(tolerance_ppm, wander_ppm_per_sqrt_day=wander_ppm),
        temperature=_climate(temperature_c, season_c),
        made_at=clock.now(),
        wander_seed=chance.getrandbits(32) if wander_seed is None else wander_seed,
        offset_at_manufacture_s=offset_s,
    )
    folder = FobFolder(fob_dir)
    folder.require_free(name)
    state = FobState.new(f"KF{chance.randrange(10**8):08}" if serial is None else serial, oscillator)
    if uri is not None or image is not None:
        fob = Fob(state, ready_key(fob_key, fob_dir), clock)
        _provision(fob, uri, image)
        state = fob.state
    folder.add(name, state)
    printer(as_json).record(fob_record(name, state, clock.now()))


def scan(
    name: Name,
    image: Annotated[
        Path, typer.Argument(metavar="IMAGE", help="A picture of the QR code; - is standard input.")
    ],
    *,
    fob_dir: FobDir,
    fob_key: FobKey,
    as_json: JsonOption = False,
) -> None:
    """Provision a fob from the QR code that its verifier shows."""
    from keyfob_firmware.fob_file import FobFolder
    from keyfob_firmware.fob_views import fob_record

    folder, clock = FobFolder(fob_dir), SystemClock()
    folder.read(name).require_empty()
    with folder.in_hand(name, ready_key(fob_key, fob_dir), clock) as fob:
        _provision(fob, None, image)
    printer(as_json).record(fob_record(name, fob.state, clock.now()))


def press(
    name: Name, *, at: At = None, fob_dir: FobDir, fob_key: FobKey, as_json: JsonOption = False
) -> None:
    """Press a fob's button and read its display. Piped, it prints the code alone."""
    from rich.console import Console

    from keyfob_firmware.fob_file import FobFolder
    from keyfob_firmware.fob_views import draw_reading

    folder = FobFolder(fob_dir)
    folder.read(name).provisioned()
    with folder.in_hand(name, existing_key(fob_key, fob_dir), true_clock(at)) as fob:
        reading = fob.press()
    console = Console()
    if as_json:
        printer(as_json).record(dataclasses.asdict(reading))
    elif console.is_terminal:
        draw_reading(fob.state, reading, console)
    else:
        typer.echo(reading.code)


def show(name: Name, *, at: At = None, fob_dir: FobDir, as_json: JsonOption = False) -> None:
    """Show all of a fob but its seed: what stands on it and how its clock runs."""
    from keyfob_firmware.fob_file import FobFolder
    from keyfob_firmware.fob_views import fob_record

    state = FobFolder(fob_dir).read(name)
    printer(as_json).record(fob_record(name, state, true_clock(at).now()))


def list_fobs(*, at: At = None, fob_dir: FobDir, as_json: JsonOption = False) -> None:
    """List all fobs. A file that cannot be used is complained of, and the exit status tells."""
    from keyfob_firmware.fob_file import FobFolder
    from keyfob_firmware.fob_views import fob_row

    folder, now = FobFolder(fob_dir), true_clock(at).now()
    names = folder.names()
    rows = []
    for name in names:
        try:
            rows.append(fob_row(name, folder.read(name), now))
        except FobFileError as error:
            complain(str(error))
    printer(as_json).rows(rows, if_none=f"There are no fobs in {fob_dir}: make one with keyfob fob new NAME.")
    if len(rows) < len(names):
        raise typer.Exit(1)


def reset(name: Name, *, fob_dir: FobDir, yes: YesOption = False) -> None:
    """Make a fob forget its seed for good, so that it can be given another; on a terminal, once confirmed."""
    from keyfob_firmware.fob_file import FobFolder

    folder = FobFolder(fob_dir)
    credential = folder.read(name).credential
    if credential is not None:
        confirm(f"Forget the seed of {name}, which is good for {credential.account}?", yes)
    folder.reset(name)
    typer.echo(f"{name} holds no seed any more.")


def _climate(mean_c: float, season_c: float) -> "CyclicTemperature":
    from keyfob.quantities import YEAR_S
    from keyfob.temperature import CyclicTemperature, TemperatureCycle

    return CyclicTemperature(mean_c, (TemperatureCycle(season_c, YEAR_S, _WARMEST_AT),))


def _provision(fob: "Fob", uri: str | None, image: Path | None) -> None:
    if uri is not None:
        fob.provision(_from_standard_input() if uri == _STANDARD_INPUT else uri)
    elif image is not None:
        fob.scan(_image_from_standard_input() if str(image) == _STANDARD_INPUT else image)


def _from_standard_input() -> str:
    line = typer.get_binary_stream("stdin").readline(_MAX_URI_BYTES)
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise InvalidUriError("it is not UTF-8 text") from None


def _image_from_standard_input() -> bytes:
    return typer.get_binary_stream("stdin").read(_MAX_IMAGE_BYTES)
