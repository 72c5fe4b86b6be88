"""What the bench takes and gives over HTTP."""

import dataclasses
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from keyfob.parameters import Algorithm
from keyfob.seed import MAX_SEED_BYTES
from keyfob_firmware.bench.clock import Mode
from keyfob_firmware.button import SHORT_PRESS_S
from keyfob_firmware.credential import Kind
from keyfob_firmware.faults import FAULTS, Fault
from keyfob_firmware.pin import DEFAULT_ATTEMPTS

MAX_URI_CHARACTERS = 4096

Serial = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$", examples=["KF00000001"])]
Uri = Annotated[
    str,
    Field(max_length=MAX_URI_CHARACTERS, description="An otpauth URI, time-based or counter-based."),
]
Days = Annotated[float, Field(ge=0, examples=[400])]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Challenge(_Request):
    """What a fob with a keypad answers questions by (RFC 6287)."""

    suite: Annotated[str, Field(max_length=128, examples=["OCRA-1:HOTP-SHA1-6:QN08"])]
    seed: str = Field(max_length=4 * MAX_SEED_BYTES, repr=False, description="In base32.")
    counter: int = Field(0, ge=0)


class FobRequest(_Request):
    """A fob to put on the bench; nothing is needed. Without `uri` and `challenge` it holds no seed yet."""

    serial: Serial | None = Field(None, description="The number on its back; a random one unless told.")
    uri: Uri | None = Field(None, repr=False)
    challenge: Challenge | None = Field(None, description="In place of `uri`.")
    drift_ppm: float = Field(0.0, description="The tolerance of its crystal.")
    offset_s: float = Field(0.0, description="How far ahead its clock was set when it was made.")
    age_days: Days = 0.0
    temperature: str = Field(
        "room", max_length=64, description="A profile by its name, such as pocket or car."
    )
    wander_ppm: float = Field(0.01, description="How far its rate walks in a day: the standard deviation.")
    wander_seed: int | None = Field(
        None, ge=0, lt=2**64, description="What fixes that walk; random unless told."
    )
    pin: str | None = Field(
        None, max_length=64, repr=False, description="4 to 8 digits; it asks for none unless told."
    )
    pin_attempts: int = Field(DEFAULT_ATTEMPTS, description="Wrong PINs that it bears, 1 to 15.")


class ProvisionRequest(_Request):
    """What a fob without a seed is given."""

    uri: Uri = Field(repr=False)


class PressRequest(_Request):
    """A finger on the button."""

    held_s: float = Field(SHORT_PRESS_S, gt=0, le=60, description="A press of 1.5 s or more is a long one.")


class KeypadRequest(_Request):
    """Fingers on the keypad: first the clear key, if told, then the keys in their order, then enter, if told."""

    clear: bool = False
    keys: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{0,64}$", repr=False)] = ""
    enter: bool = False


class AgeRequest(_Request):
    """How much older the fob is to be."""

    days: Days


class BatteryRequest(_Request):
    """A fresh battery."""

    button_held: bool = Field(False, description="Held while it gets power, the fob tests itself.")


class OscillatorRequest(_Request):
    """How fast the fob's clock is to run from now on."""

    drift_ppm: float = Field(
        ge=-1000, le=1000, description="Its rate now; temperature and age go on changing it."
    )


class TimeRequest(_Request):
    """What the bench's time is to do by itself."""

    mode: Mode


class AdvanceRequest(_Request):
    """How far to move the bench's time on: the sum."""

    seconds: float = Field(0.0, ge=0)
    days: Days = 0.0


def _only_known_fields(found: object) -> object:
    """Refuses what a fault of that kind does not have, which a dataclass would ignore."""
    kind = found.get("kind") if isinstance(found, dict) else None
    if isinstance(found, dict) and isinstance(kind, str) and kind in FAULTS:
        known = {field.name for field in dataclasses.fields(FAULTS[kind])}
        if not known >= found.keys():
            raise ValueError(f"a fault of this kind has {', '.join(sorted(known))} and nothing else")
    return found


FaultRequest = Annotated[Fault, Field(discriminator="kind"), BeforeValidator(_only_known_fields)]


class TimeResponse(BaseModel):
    """The bench's time."""

    mode: Mode
    now: float = Field(description="Unix time.")


class DisplayResponse(BaseModel):
    """What a fob's display shows now."""

    state: str = Field(description="The state of its machine.")
    code: str | None = Field(description="The code that it shows; null where it shows none.")
    seen: str = Field(description="What a person reads; with dead segments not the code.")
    description: str = Field(description="The whole display in words.")
    step: int | None = Field(description="The time step or counter that the code belongs to.")
    changes_in_s: float | None = Field(description="Until the next code; null where none follows by itself.")
    dark_in_s: float | None = Field(description="Until the display goes dark; null where it shows no code.")
    cells: list[str] = Field(description="The lit segments of each cell, a to g.")
    bar: int = Field(description="Lit parts of the remaining-time bar, of 6.")
    icons: list[str]


class PressResponse(DisplayResponse):
    """What a fob's display shows after a press or an entry."""

    why_no_code: str | None = Field(description="Where it shows no code: why, and what to do.")


class CredentialResponse(BaseModel):
    """What a fob was provisioned with, but for the seed."""

    kind: Kind
    issuer: str | None
    account: str
    algorithm: Algorithm
    digits: int
    time_step_s: int | None = Field(description="null where its codes do not come from the time alone.")
    suite: str | None = Field(description="Of a fob that answers questions.")


class FobResponse(BaseModel):
    """A fob, but for its secrets."""

    serial: str
    state: str
    credential: CredentialResponse | None = Field(description="null where it holds no seed.")
    pin: bool = Field(description="Whether it asks for a PIN.")
    keypad: bool = Field(description="Whether it has a use for its keypad.")
    own_time: float = Field(description="What its clock says, as Unix time.")
    clock_offset_s: float = Field(description="How far its clock is ahead of the bench's.")
    clock_rate_ppm: float
    temperature_c: float
    age_days: float
    battery_v: float
    battery_percent: float
    button: str
    case_open: bool
    presses: int
    display: DisplayResponse


class EventResponse(BaseModel):
    """One event of a fob's life."""

    at: float
    own_time: float
    event: str
    before: str
    after: str


class Problem(BaseModel):
    """Why something was refused (RFC 9457)."""

    type: str = Field(examples=["urn:keyfob:problem:bench-fob-unknown"])
    title: str
    status: int
    detail: str
