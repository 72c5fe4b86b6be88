"""`keyfob fob`: what befalls a fob."""

from typing import Annotated

import typer

from keyfob.output import JsonOption, printer
from keyfob_firmware.fob_options import At, FobDir, FobKey, Name, true_clock


def register(family: typer.Typer) -> None:
    """Adds these commands to `keyfob fob`."""
    family.command("age")(age)
    family.command("inject")(inject)


def age(
    name: Name,
    days: Annotated[float, typer.Argument(metavar="DAYS", min=0.0, max=36_525.0, help="How many.")],
    *,
    at: At = None,
    fob_dir: FobDir,
    fob_key: FobKey,
    as_json: JsonOption = False,
) -> None:
    """Make a fob older by some days without moving the world: its crystal ages and drifts, its battery sinks."""
    from keyfob_firmware.fob_in_hand import in_hand
    from keyfob_firmware.fob_views import fob_record

    clock = true_clock(at)
    with in_hand(name, fob_dir, fob_key, clock) as fob:
        fob.age(days)
        record = fob_record(name, fob, clock.now())
    printer(as_json).record(record)


def inject(
    name: Name,
    fault: Annotated[
        str,
        typer.Argument(
            metavar="FAULT",
            help="clock-step, stopped-oscillator, rate-jump, temperature-shock, brown-out, bit-flip, stuck-button, "
            "bouncing-button, dead-segments, flat-battery or tamper.",
        ),
    ],
    figures: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FIELD=VALUE]...",
            help="clock-step: seconds; stopped-oscillator: seconds; rate-jump: ppm; temperature-shock: temperature_c, "
            "seconds; brown-out: after_writes, times; bit-flip: area, byte, bit; dead-segments: segments, as in 0g,1a.",
        ),
    ] = None,
    *,
    at: At = None,
    fob_dir: FobDir,
    fob_key: FobKey,
    as_json: JsonOption = False,
) -> None:
    """Let a fault happen to a fob."""
    from keyfob_firmware.fault_words import read_fault
    from keyfob_firmware.fob_in_hand import in_hand
    from keyfob_firmware.fob_views import fob_record

    injected, clock = read_fault(fault, figures or ()), true_clock(at)
    with in_hand(name, fob_dir, fob_key, clock) as fob:
        fob.inject(injected)
        record = fob_record(name, fob, clock.now())
    printer(as_json).record(record)
