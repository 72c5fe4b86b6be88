"""What the commands of `keyfob fob` tell of a fob: never its seed."""

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from keyfob.output import format_time, printable
from keyfob_firmware.fob import FobState, Reading, lit_for_s
from keyfob_firmware.seven_segment import draw_code, group_digits


def fob_row(name: str, state: FobState, at: float) -> dict[str, object]:
    """A fob among others at the true time `at`."""
    credential = state.credential
    return {
        "name": name,
        "serial": state.serial,
        "issuer": credential and credential.issuer,
        "account": credential and credential.account,
        "clock_offset_s": state.oscillator.offset_s(at),
        "clock_rate_ppm": state.oscillator.rate_ppm(at),
    }


def fob_record(name: str, state: FobState, at: float) -> dict[str, object]:
    """A fob by itself at the true time `at`."""
    parameters = state.credential and state.credential.parameters
    oscillator = state.oscillator
    own_time = at + oscillator.offset_s(at)
    return fob_row(name, state, at) | {
        "algorithm": parameters and parameters.algorithm.value,
        "digits": parameters and parameters.digits,
        "time_step_s": parameters and parameters.time_step_s,
        "own_time": format_time(own_time),
        "display_dark_in_s": lit_for_s(state, own_time),
        "presses": state.presses,
        "made_at": format_time(oscillator.made_at),
        "tolerance_ppm": oscillator.crystal.tolerance_ppm,
        "temperature_c": oscillator.temperature.temperature_c(at),
    }


def draw_reading(state: FobState, reading: Reading, console: Console) -> None:
    """Draws the fob's glass, and below it the code as text and how long it holds."""
    credential = state.provisioned()
    title = ": ".join(filter(None, (credential.issuer, credential.account)))
    glass = Panel.fit(
        Text(draw_code(reading.code), style="bold", no_wrap=True),
        title=Text(printable(title)),
        subtitle=Text(state.serial, style="dim"),
        padding=(0, 3, 1, 3),
    )
    line = Text.assemble(
        (" ".join(group_digits(reading.code)), "bold"),
        f"  changes in {reading.changes_in_s:.0f} s, dark in {reading.dark_in_s:.0f} s",
    )
    console.print(glass, line, sep="\n")
