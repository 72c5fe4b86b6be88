"""What the bench tells of a fob: never its seed or its PIN."""

import math

from keyfob.quantities import DAY_S
from keyfob_firmware.bench.models import (
    CredentialResponse,
    DisplayResponse,
    EventResponse,
    FobResponse,
    PressResponse,
)
from keyfob_firmware.credential import Credential, Kind
from keyfob_firmware.display import SEGMENTS, Icon, describe, seen
from keyfob_firmware.fob import Fob
from keyfob_firmware.memory import Memory
from keyfob_firmware.storage import Storage


def display_of(fob: Fob) -> DisplayResponse:
    """What its display shows now."""
    reading, lit = fob.display(), fob.lit()
    return DisplayResponse(
        state=fob.mode,
        code=reading.code if reading else None,
        seen=seen(lit).rstrip(),
        description=describe(lit),
        step=reading.step if reading else None,
        changes_in_s=reading.changes_in_s if reading and math.isfinite(reading.changes_in_s) else None,
        dark_in_s=reading.dark_in_s if reading else None,
        cells=["".join(segment for segment in SEGMENTS if segment in cell) for cell in lit.cells],
        bar=len(lit.bar),
        icons=[icon.value for icon in Icon if icon in lit.icons],
    )


def press_of(fob: Fob, why_no_code: str | None) -> PressResponse:
    """What its display shows after a press."""
    return PressResponse(**display_of(fob).model_dump(), why_no_code=why_no_code)


def fob_of(fob: Fob, now: float) -> FobResponse:
    """All of it at the true time `now`, but its secrets."""
    display = display_of(fob)
    state = fob.state
    oscillator, battery = state.oscillator, state.battery
    has_pin = not Storage(Memory(state.memory)).pin.empty
    credential = state.credential
    return FobResponse(
        serial=state.serial,
        state=fob.mode,
        credential=_credential_of(credential) if credential else None,
        pin=has_pin,
        keypad=has_pin or (credential is not None and credential.kind is Kind.OCRA),
        own_time=fob.now(),
        clock_offset_s=fob.now() - now,
        clock_rate_ppm=oscillator.rate_ppm(now),
        temperature_c=oscillator.temperature.temperature_c(now),
        age_days=(now - oscillator.made_at) / DAY_S,
        battery_v=battery.voltage_v(),
        battery_percent=100.0 * battery.charge_left,
        button=state.button,
        case_open=state.case_open,
        presses=state.presses,
        display=display,
    )


def events_of(fob: Fob) -> list[EventResponse]:
    """What happened to it, the newest last."""
    return [EventResponse(**traced._asdict()) for traced in fob.state.trace]


def _credential_of(credential: Credential) -> CredentialResponse:
    parameters = credential.parameters
    return CredentialResponse(
        kind=credential.kind,
        issuer=credential.issuer,
        account=credential.account,
        algorithm=parameters.algorithm,
        digits=parameters.digits,
        time_step_s=parameters.time_step_s if credential.kind is Kind.TOTP else None,
        suite=credential.suite,
    )
