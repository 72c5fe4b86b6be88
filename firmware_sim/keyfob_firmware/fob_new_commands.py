"""`keyfob fob new`."""

import dataclasses
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keyfob.output import JsonOption, printer
from keyfob_firmware.fob_commands import picture
from keyfob_firmware.fob_options import At, FobDir, FobKey, told, true_clock
from keyfob_firmware.places import ready_key

if TYPE_CHECKING:
    from keyfob.temperature import Temperature
    from keyfob_firmware.fob import Fob

GRADE_PPM = 20.0
"""The common grade of crystals: the tolerance of a new fob lies within it unless told."""

NewName = Annotated[str, typer.Argument(metavar="NAME", help="A name for the fob, fit for a file.")]


def register(family: typer.Typer) -> None:
    """Adds the command to `keyfob fob`."""
    family.command("new")(new)


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
    temperature: Annotated[
        str,
        typer.Option(
            metavar="PROFILE|CSV",
            help="Where it lies: room, desk, pocket, outdoors, car, car-in-winter, "
            "or a .csv file of time,temperature_c.",
        ),
    ] = "room",
    wander_ppm: Annotated[
        float, typer.Option(help="How far its rate walks in a day: the standard deviation.")
    ] = 0.01,
    wander_seed: Annotated[
        int | None, typer.Option(help="What fixes that walk.", show_default="a random number")
    ] = None,
    lit_s: Annotated[float, typer.Option(help="How long its display stays lit.")] = 25.0,
    boxed: Annotated[
        bool,
        typer.Option("--boxed", help="As it leaves the factory, its clock stopped; a long press wakes it."),
    ] = False,
    pin: Annotated[
        str | None,
        typer.Option(
            metavar="PIN", help="The PIN that it asks for before each code; - is a line of standard input."
        ),
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
    ocra_suite: Annotated[
        str | None,
        typer.Option(
            metavar="SUITE", help="Make it answer questions by this suite of RFC 6287; needs --seed."
        ),
    ] = None,
    seed: Annotated[
        str | None,
        typer.Option(
            metavar="BASE32", help="The seed for --ocra-suite in base32; - is a line of standard input."
        ),
    ] = None,
    at: At = None,
    fob_dir: FobDir,
    fob_key: FobKey,
    as_json: JsonOption = False,
) -> None:
    """Make a new fob; provision it, too, if told from what."""
    from keyfob.oscillator import Crystal, Oscillator
    from keyfob.quantities import require_quantity
    from keyfob_firmware.fob_file import FobFolder
    from keyfob_firmware.fob_in_hand import looked_at
    from keyfob_firmware.fob_views import fob_record
    from keyfob_firmware.state import FobState

    require_quantity("--lit-s", lit_s, 1.0, 3600.0, "seconds")
    _require_one_source(uri, image, ocra_suite, seed, boxed=boxed)
    chance, clock = secrets.SystemRandom(), true_clock(at)
    tolerance_ppm = chance.uniform(-GRADE_PPM, GRADE_PPM) if drift_ppm is None else drift_ppm
    oscillator = Oscillator(
        crystal=Crystal(tolerance_ppm, wander_ppm_per_sqrt_day=wander_ppm),
        temperature=_temperature(temperature),
        made_at=clock.now(),
        wander_seed=chance.getrandbits(32) if wander_seed is None else wander_seed,
        offset_at_manufacture_s=offset_s,
    )
    folder = FobFolder(fob_dir)
    folder.require_free(name)
    make = FobState.boxed if boxed else FobState.new
    state = make(f"KF{chance.randrange(10**8):08}" if serial is None else serial, oscillator)
    state = dataclasses.replace(state, lit_s=lit_s, accounted_at=clock.now())
    if not (pin is None and uri is None and image is None and ocra_suite is None):
        from keyfob_firmware.fob import Fob

        fob = Fob(state, ready_key(fob_key, fob_dir), clock)
        _program(fob, name, pin=pin, uri=uri, image=image, suite=ocra_suite, seed=seed)
        state = fob.state
    folder.add(name, state)
    printer(as_json).record(fob_record(name, looked_at(state, clock), clock.now()))


def _require_one_source(
    uri: str | None, image: Path | None, suite: str | None, seed: str | None, *, boxed: bool
) -> None:
    sources = [
        option
        for option, value in (("--uri", uri), ("--image", image), ("--ocra-suite", suite))
        if value is not None
    ]
    if len(sources) > 1:
        raise typer.BadParameter(f"{' and '.join(sources)} exclude each other")
    if (suite is None) is not (seed is None):
        raise typer.BadParameter("--ocra-suite and --seed need each other")
    if boxed and sources:
        raise typer.BadParameter(f"--boxed and {sources[0]} exclude each other: a seed wakes a fob")


def _program(
    fob: "Fob",
    name: str,
    *,
    pin: str | None,
    uri: str | None,
    image: Path | None,
    suite: str | None,
    seed: str | None,
) -> None:
    if pin is not None:
        fob.set_pin(told(pin, "PIN"))
    if uri is not None:
        fob.provision(told(uri, "otpauth URI"))
    elif image is not None:
        fob.scan(picture(image))
    elif suite is not None and seed is not None:
        from keyfob.ocra import OcraSuite
        from keyfob.seed import Seed

        parsed = OcraSuite.parse(suite)
        fob.program_challenge(Seed.from_base32(told(seed, "seed in base32")), parsed, account=name)


def _temperature(text: str) -> "Temperature":
    from keyfob.temperature_profiles import read_temperature_csv, temperature_profile

    if not text.lower().endswith(".csv"):
        return temperature_profile(text)
    try:
        return read_temperature_csv(Path(text).read_text())
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{text} is no text") from None
