"""`keyfob fob fleet`: many fobs in one file."""

import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keyfob.output import JsonOption, printer
from keyfob_firmware.fob_options import At, FobKey, told, true_clock
from keyfob_firmware.places import existing_key, ready_key

if TYPE_CHECKING:
    from keyfob.fleet_spec import FleetSpec
    from keyfob.formats.fleet_seeds import SeedRecord
    from keyfob_firmware.fleet import Chance, MadeFob
    from keyfob_firmware.fob import Fob, Reading
    from keyfob_firmware.state import FobState

FleetPath = Annotated[Path, typer.Argument(metavar="FILE", help="The fleet's file.")]
Serial = Annotated[str, typer.Argument(metavar="SERIAL", help="The number on the fob's back.")]
FleetOption = Annotated[Path, typer.Option("--fleet", metavar="FILE", help="The fleet's file.")]


def register(family: typer.Typer) -> None:
    """Adds `keyfob fob fleet` and its commands to `keyfob fob`."""
    fleet = typer.Typer(no_args_is_help=True, help="Fleets: many simulated fobs in one file.")
    fleet.command("new")(new)
    fleet.command("list")(list_fobs)
    fleet.command("press")(press)
    fleet.command("show")(show)
    family.add_typer(fleet, name="fleet")


def new(
    path: FleetPath,
    *,
    count: Annotated[int, typer.Option(min=1, help="How many fobs to make.")] = 100,
    spec: Annotated[
        Path | None,
        typer.Option(metavar="TOML", help="What they are like.", show_default="common fobs, all new"),
    ] = None,
    seeds: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV", help="Write the manufacturer's seed file there: every seed and PIN, open."
        ),
    ] = None,
    random_seed: Annotated[
        int | None,
        typer.Option(
            help="Make the same fobs again for the same number; for tests only: seeds can then be guessed."
        ),
    ] = None,
    at: At = None,
    fob_key: FobKey,
    as_json: JsonOption = False,
) -> None:
    """Make a fleet of provisioned fobs from distributions: crystals, temperatures, ages, batteries, PINs."""
    from keyfob_firmware.errors import FleetExistsError
    from keyfob_firmware.fleet import make_fleet
    from keyfob_firmware.fleet_file import FleetFile

    wanted = _read_spec(spec)
    wanted.require_room(count)
    for file in filter(None, (path, seeds)):
        if file.exists():
            raise FleetExistsError(file)
    key = ready_key(fob_key, path.absolute().parent)
    made = make_fleet(wanted, count, _chance(random_seed), key, true_clock(at).now())
    records: list[SeedRecord] = []
    FleetFile.create(path, _states(_watched(made, count), records)).close()
    if seeds is not None:
        _write_seeds(seeds, records, path)
    for record in records:
        record.carried.seed.wipe()
    printer(as_json).record(
        {"fleet": str(path), "fobs": count, "seeds": None if seeds is None else str(seeds)}
    )


def list_fobs(
    path: FleetPath,
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many to list, by serial.")] = 20,
    at: At = None,
    as_json: JsonOption = False,
) -> None:
    """List the fobs of a fleet."""
    from keyfob_firmware.fleet_file import FleetFile
    from keyfob_firmware.fob_in_hand import looked_at
    from keyfob_firmware.fob_views import fob_row

    clock = true_clock(at)
    with FleetFile.open(path) as fleet:
        rows = [
            _nameless(fob_row(serial, looked_at(fleet.read(serial), clock), clock.now()))
            for serial in fleet.serials(limit)
        ]
    printer(as_json).rows(rows, if_none=f"There are no fobs in {path}.")


def press(
    serial: Serial,
    *,
    fleet: FleetOption,
    pin: Annotated[
        str | None,
        typer.Option(
            metavar="PIN", help="What to type where it asks for its PIN; - is a line of standard input."
        ),
    ] = None,
    at: At = None,
    fob_key: FobKey,
    as_json: JsonOption = False,
) -> None:
    """Press the button of one fob of a fleet, and read the code."""
    from keyfob_firmware.fleet_file import FleetFile
    from keyfob_firmware.fob_views import reading_record

    typed = None if pin is None else told(pin, "PIN")
    key = existing_key(fob_key, fleet.absolute().parent)
    with FleetFile.open(fleet) as opened, opened.in_hand(serial, key, true_clock(at)) as fob:
        reading = _read(fob, typed)
    if as_json:
        printer(as_json).record(reading_record(reading))
    else:
        typer.echo(reading.seen)


def show(serial: Serial, *, fleet: FleetOption, at: At = None, as_json: JsonOption = False) -> None:
    """Show all of one fob of a fleet but its secrets."""
    from keyfob_firmware.fleet_file import FleetFile
    from keyfob_firmware.fob_in_hand import looked_at
    from keyfob_firmware.fob_views import fob_record

    clock = true_clock(at)
    with FleetFile.open(fleet) as opened:
        fob = looked_at(opened.read(serial), clock)
    printer(as_json).record(_nameless(fob_record(serial, fob, clock.now())))


def _read_spec(path: Path | None) -> "FleetSpec":
    from keyfob.fleet_spec import FleetSpec, InvalidFleetSpecError, read_fleet_spec

    if path is None:
        return FleetSpec()
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidFleetSpecError("", "specification is no UTF-8 text") from None
    return read_fleet_spec(text)


def _chance(random_seed: int | None) -> "Chance":
    from random import Random

    from keyfob_firmware.fleet import Chance

    if random_seed is None:
        return Chance(secrets.SystemRandom(), secrets.token_bytes, secrets.token_bytes)
    figures = Random(random_seed)  # noqa: S311  whoever asks for this number asks for fobs that can be guessed
    # nonces stay random: the key may seal other fobs as well
    return Chance(figures, figures.randbytes, secrets.token_bytes)


def _states(made: "Iterable[MadeFob]", records: "list[SeedRecord]") -> "Iterator[FobState]":
    for fob in made:
        records.append(fob.record)
        yield fob.state


def _watched(made: "Iterable[MadeFob]", count: int) -> "Iterable[MadeFob]":
    """The same, with a bar on a terminal that shows how far it is."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(
        made, "Making fobs", count, console=console, transient=True, disable=not console.is_interactive
    )


def _write_seeds(path: Path, records: "list[SeedRecord]", fleet: Path) -> None:
    """Writes the seed file; where that fails, the fleet goes, too: nobody could ever check its codes."""
    from keyfob.durable import create_file
    from keyfob.formats.fleet_seeds import format_seed_file
    from keyfob_firmware.errors import FleetExistsError, FleetInaccessibleError

    try:
        create_file(path, format_seed_file(records).encode())
    except OSError as error:
        fleet.unlink()
        if isinstance(error, FileExistsError):
            raise FleetExistsError(path) from None
        raise FleetInaccessibleError(path, error.strerror or str(error)) from None


def _read(fob: "Fob", pin: str | None) -> "Reading":
    from keyfob_firmware.errors import NoCodeError
    from keyfob_firmware.machine import State

    if pin is not None and fob.mode is State.PIN_ENTRY:
        return fob.enter(pin)
    try:
        return fob.press()
    except NoCodeError as error:
        if pin is None or error.state != State.PIN_ENTRY:
            raise
    return fob.enter(pin)


def _nameless(row: dict[str, object]) -> dict[str, object]:
    """What is told of a fob that has a serial and no other name."""
    return {key: value for key, value in row.items() if key != "name"}
