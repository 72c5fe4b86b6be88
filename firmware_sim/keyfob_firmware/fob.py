"""The simulated fob: a sealed seed, a drifting clock, a button and a display."""

import dataclasses
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from keyfob.clock import Clock, DriftingClock
from keyfob.codes import time_step
from keyfob.oscillator import Oscillator
from keyfob.parameters import Parameters
from keyfob.seed import Binding, SealedSeed, SealingKey, Seed
from keyfob.uri import parse_uri
from keyfob_firmware.errors import (
    AlreadyProvisionedError,
    ForeignFobKeyError,
    InvalidSerialError,
    UnprovisionedError,
)

LIT_S = 25.0
"""How long the display stays lit after the last press, in seconds of the fob's own clock."""

HOLDER = "holder"
"""The owner id of a fob that was given no other."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the lit display shows.

    Attributes:
        code: the digits.
        step: the time step they belong to.
        changes_in_s: seconds of the fob's own clock until the next code, more than 0.
        dark_in_s: seconds of the fob's own clock until the display goes dark, more than 0.
    """

    code: str
    step: int
    changes_in_s: float
    dark_in_s: float


@dataclass(frozen=True, slots=True)
class Credential:
    """What a fob was provisioned with.

    Attributes:
        sealed: the seed, bound to the fob's owner, its id and the parameters.
        parameters: how codes come from it.
        account: whose it is, as the otpauth URI named it.
        issuer: where it is good for; None if the URI named nobody.
    """

    sealed: SealedSeed
    parameters: Parameters
    account: str
    issuer: str | None


@dataclass(frozen=True, slots=True)
class FobState:
    """All that a fob is between two events; nothing in it is secret without the fob's key.

    Attributes:
        fob_id: its immutable id, random.
        owner_id: who holds it; the seed opens for no other.
        serial: the number on its back.
        oscillator: what its clock is made of.
        credential: what it was provisioned with; None in a new fob.
        pressed_at: its own clock's time of the last press; None if there was none since it was provisioned.
        presses: how often its button lit the display.

    Raises:
        InvalidSerialError: the serial could not stand on its back.
    """

    fob_id: str
    owner_id: str
    serial: str
    oscillator: Oscillator
    credential: Credential | None = None
    pressed_at: float | None = None
    presses: int = 0

    def __post_init__(self) -> None:
        if not (re.fullmatch(r"\S{1,64}", self.serial) and self.serial.isprintable()):
            raise InvalidSerialError

    @classmethod
    def new(
        cls,
        serial: str,
        oscillator: Oscillator,
        owner_id: str = HOLDER,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> Self:
        """A fob as it leaves the factory, without a seed."""
        return cls(random_bytes(16).hex(), owner_id, serial, oscillator)

    def provisioned(self) -> Credential:
        """What it was provisioned with.

        Raises:
            UnprovisionedError: it holds no seed.
        """
        if self.credential is None:
            raise UnprovisionedError(self.serial)
        return self.credential

    def require_empty(self) -> None:
        """Lets through a fob that a seed can be given to.

        Raises:
            AlreadyProvisionedError: it holds one.
        """
        if self.credential is not None:
            raise AlreadyProvisionedError(self.serial, self.credential.account)

    def reset(self) -> Self:
        """The same fob without its seed, ready for another: its id, its serial and its clock stay."""
        return dataclasses.replace(self, credential=None, pressed_at=None)


class Fob:
    """A fob in somebody's hand. It asks no network for the time: it has only its own clock.

    Args:
        state: what it is.
        key: seals its seed.
        clock: the true time, from which the fob's oscillator drifts.
    """

    def __init__(self, state: FobState, key: SealingKey, clock: Clock) -> None:
        self._state = state
        self._key = key
        self._clock = DriftingClock(clock, state.oscillator)

    @property
    def state(self) -> FobState:
        """What it is now."""
        return self._state

    def now(self) -> float:
        """The time by its own clock, as Unix time."""
        return self._clock.now()

    def provision(self, uri_text: str) -> None:
        """Takes the seed and the parameters of an otpauth URI.

        Raises:
            AlreadyProvisionedError: it holds a seed.
            InvalidUriError: the text is no usable otpauth URI.
            CounterBasedUriError: it is one of type `hotp`.
        """
        self._state.require_empty()
        carried = parse_uri(uri_text)
        self.program(carried.seed, carried.parameters, carried.account, carried.issuer)

    def scan(self, image: bytes | Path) -> None:
        """Takes the otpauth URI in the one QR code of an image, a file or its bytes.

        Raises:
            AlreadyProvisionedError: it holds a seed.
            UnreadableQrError: the image does not hold exactly one readable QR code.
            InvalidUriError: the code says something else.
            CounterBasedUriError: it is an otpauth URI of type `hotp`.
        """
        from keyfob.qr import read_qr  # noqa: PLC0415 - it loads Pillow, which no press needs

        self._state.require_empty()
        self.provision(read_qr(image))

    def program(self, seed: Seed, parameters: Parameters, account: str, issuer: str | None = None) -> None:
        """Takes a seed as the factory would write it, seals it and wipes what was handed in.

        Raises:
            AlreadyProvisionedError: it holds a seed.
        """
        self._state.require_empty()
        sealed = SealedSeed.seal(seed, self._binding(parameters), self._key)
        seed.wipe()
        credential = Credential(sealed, parameters, account, issuer)
        self._state = dataclasses.replace(self._state, credential=credential)

    def press(self) -> Reading:
        """Lights the display, or keeps it lit, for `LIT_S` seconds from now.

        Within one time step of the fob's own clock every press shows the same code.

        Raises:
            UnprovisionedError: it holds no seed.
            ForeignFobKeyError: the key is not the one that sealed the seed.
            UnsealError: the sealed seed was altered.
            CounterRangeError: its clock stands before T0.
        """
        now = self.now()
        reading = self._read(now, LIT_S)
        self._state = dataclasses.replace(self._state, pressed_at=now, presses=self._state.presses + 1)
        return reading

    def display(self) -> Reading | None:
        """What the display shows now: the present code for `LIT_S` seconds after a press, or None when it is dark.

        A lit display follows the clock: it changes to the next code when the next step begins.

        Raises:
            ForeignFobKeyError: the key is not the one that sealed the seed.
            UnsealError: the sealed seed was altered.
        """
        now = self.now()
        lit_s = lit_for_s(self._state, now)
        return self._read(now, lit_s) if lit_s > 0.0 else None

    def _read(self, now: float, dark_in_s: float) -> Reading:
        credential = self._state.provisioned()
        parameters = credential.parameters
        step = time_step(now, parameters)
        sealed = credential.sealed
        if sealed.key_id != self._key.key_id:
            raise ForeignFobKeyError(self._state.serial, sealed.key_id, self._key.key_id)
        with sealed.open(self._binding(parameters), self._key) as seed:
            code = seed.code(step, parameters)
        next_step_at = (step + 1) * parameters.time_step_s + parameters.t0_s
        return Reading(code, step, next_step_at - now, dark_in_s)

    def _binding(self, parameters: Parameters) -> Binding:
        return Binding(self._state.owner_id, self._state.fob_id, parameters)


def lit_for_s(state: FobState, now: float) -> float:
    """How much longer the display stays lit at `now` by the fob's own clock, in seconds; 0 when it is dark.

    A display is dark before its press, too: where a clock was set back, say.
    """
    if state.pressed_at is None or now < state.pressed_at:
        return 0.0
    return max(state.pressed_at + LIT_S - now, 0.0)
