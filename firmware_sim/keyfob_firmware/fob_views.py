"""What the commands of `keyfob fob` tell of a fob: never its seed."""

import math
from collections.abc import Sequence

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from keyfob.diagnostics import FAILURES, DiagnosticReport
from keyfob.output import format_time, printable
from keyfob.quantities import DAY_S
from keyfob_firmware.battery import HOUR_S
from keyfob_firmware.body import CURRENTS
from keyfob_firmware.display import Lit, describe, group_digits, seen
from keyfob_firmware.display_text import ASCII, UNICODE, Strokes, draw_text
from keyfob_firmware.fob import Fob, Reading
from keyfob_firmware.memory import Memory
from keyfob_firmware.state import FobState, Traced
from keyfob_firmware.storage import Storage

PRESSES_A_DAY = 10
"""The usual use of a fob."""


def fob_row(name: str, fob: Fob, at: float) -> dict[str, object]:
    """A fob among others at the true time `at`, its clock's."""
    mode, state = fob.mode.value, fob.state
    credential = state.credential
    return {
        "name": name,
        "serial": state.serial,
        "issuer": credential and credential.issuer,
        "account": credential and credential.account,
        "state": mode,
        "clock_offset_s": fob.now() - at,
        "clock_rate_ppm": None if state.stood_at is not None else state.oscillator.rate_ppm(at),
    }


def fob_record(name: str, fob: Fob, at: float) -> dict[str, object]:
    """A fob by itself at the true time `at`, its clock's."""
    row = fob_row(name, fob, at)
    return row | _credential_record(fob.state) | _body_record(fob.state, fob.now(), at)


def trace_rows(events: Sequence[Traced]) -> list[dict[str, object]]:
    """The events of a fob's life, in order."""
    return [
        {
            "at": format_time(traced.at),
            "own_time": format_time(traced.own_time),
            "event": traced.event,
            "before": traced.before.value,
            "after": traced.after.value,
        }
        for traced in events
    ]


def check_rows(report: DiagnosticReport) -> list[dict[str, object]]:
    """What a self-test found, one row for each check."""
    return [
        {
            "check": check.name,
            "passed": check.passed,
            "found": check.found,
            "code": check.code,
            "meaning": check.code and FAILURES[check.code].meaning,
        }
        for check in report.checks
    ]


def reading_record(reading: Reading) -> dict[str, object]:
    """A reading for programs; what never comes is null."""
    changes_in_s = None if math.isinf(reading.changes_in_s) else reading.changes_in_s
    return reading._asdict() | {"changes_in_s": changes_in_s}


def display_record(fob: Fob) -> dict[str, object]:
    """All that is on a fob's display."""
    mode, lit = fob.mode.value, fob.lit()
    return {
        "state": mode,
        "seen": seen(lit),
        "bar": len(lit.bar),
        "icons": sorted(lit.icons),
        "dark_in_s": fob.state.lit_for_s(fob.now()),
        "description": describe(lit),
    }


def glass(lit: Lit, state: FobState, strokes: Strokes) -> Panel:
    """The fob's glass, with whose it is above and its serial number below."""
    credential = state.credential
    title = ": ".join(filter(None, (credential.issuer, credential.account))) if credential else ""
    return Panel.fit(
        Text(draw_text(lit, strokes), style="bold" if lit.parts else "dim", no_wrap=True),
        title=Text(printable(title)) if title else None,
        subtitle=Text(state.serial, style="dim"),
        padding=(0, 3, 1, 3),
    )


def strokes_for(console: Console) -> Strokes:
    """What a terminal can draw a display with."""
    return ASCII if console.is_dumb_terminal or console.options.ascii_only else UNICODE


def reading_text(reading: Reading) -> Text:
    """The code as text, and how long it holds."""
    holds = "" if math.isinf(reading.changes_in_s) else f"changes in {reading.changes_in_s:.0f} s, "
    return Text.assemble(
        (" ".join(group_digits(reading.seen)), "bold"), f"  {holds}dark in {reading.dark_in_s:.0f} s"
    )


def _credential_record(state: FobState) -> dict[str, object]:
    credential, storage = state.credential, Storage(Memory(state.memory))
    parameters = credential and credential.parameters
    timed = credential is not None and credential.kind == "totp"
    return {
        "kind": credential and credential.kind.value,
        "suite": credential and credential.suite,
        "algorithm": parameters and parameters.algorithm.value,
        "digits": parameters and parameters.digits,
        "time_step_s": parameters.time_step_s if parameters and timed else None,
        "pin": not storage.pin.empty,
        "fuse_blown": storage.fuse.burnt,
    }


def _body_record(state: FobState, own_time: float, at: float) -> dict[str, object]:
    oscillator, battery = state.oscillator, state.battery
    return {
        "own_time": format_time(own_time),
        "display_dark_in_s": state.lit_for_s(own_time),
        "lit_s": state.lit_s,
        "presses": state.presses,
        "made_at": format_time(oscillator.made_at),
        "tolerance_ppm": oscillator.crystal.tolerance_ppm,
        "temperature_c": oscillator.temperature.temperature_c(at),
        "battery_v": battery.voltage_v(),
        "battery_percent": 100.0 * battery.charge_left,
        "battery_warning_in_days": _warning_in_days(state),
        "button": state.button.value,
    }


def _warning_in_days(state: FobState) -> float | None:
    """At the usual use; None where nothing runs that would drain the battery."""
    if state.stood_at is not None:
        return None
    lit_uah = state.lit_s * (CURRENTS.lit_ua - CURRENTS.oscillator_ua) / HOUR_S
    mean_ua = CURRENTS.oscillator_ua + PRESSES_A_DAY * (lit_uah + CURRENTS.charge_press_uah) * HOUR_S / DAY_S
    return state.battery.seconds_until_voltage(state.battery.cell.warning_v, mean_ua) / DAY_S
