"""The fob as a test holds it: it scans whatever a test has for a picture, and gives the codes that logins stumble over."""

import base64
import binascii
import dataclasses
import io
import os
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from keyfob.codes import time_step
from keyfob.errors import UnreadableQrError
from keyfob.parameters import Parameters
from keyfob.seed import SealingKey
from keyfob_firmware.button import SHORT_PRESS_S
from keyfob_firmware.credential import Credential, Kind
from keyfob_firmware.errors import NoCodeError, NoFreshCodeError, NotTimeBasedError, UnprovisionedError
from keyfob_firmware.faults import ClockStep, Fault
from keyfob_firmware.fob import Fob, Reading
from keyfob_firmware.machine import State
from keyfob_firmware.state import FobState
from keyfob_firmware.world_time import World

LEAST_LEFT_S = 5.0
"""What a fresh code has left at least: time enough to type it into a browser."""

_JUST_AFTER_S = 0.001
_ROUNDS = 1_000
_DATA_URI = "data:image/"


@runtime_checkable
class Photographable(Protocol):
    """What a browser can take a picture of, such as Playwright's pages and locators."""

    def screenshot(self) -> Any:
        """The picture, as the bytes of a PNG."""


@runtime_checkable
class Picture(Protocol):
    """A picture in memory that can be written as a file, such as Pillow's."""

    def save(self, fp: Any, format: str) -> Any:  # noqa: A002  Pillow's name for it
        """Writes it."""


class HeldFob(Fob):
    """A fob in a test's hand.

    It remembers which time steps it showed codes of, and lets time pass where a case needs it: virtual time is
    moved, and by the machine's clock it really waits.

    Args:
        state: what it is.
        key: seals its seed and its PIN.
        world: the true time.
        pin: what its holder types when it asks; None where it has none.
    """

    def __init__(self, state: FobState, key: SealingKey, world: World, pin: str | None = None) -> None:
        super().__init__(state, key, world)
        self._world, self._pin = world, pin
        self._used: set[int] = set()

    def __repr__(self) -> str:
        """Its serial number and what it is doing."""
        return f"<HeldFob {self._kept.serial}: {self.mode}>"

    @property
    def offset_s(self) -> float:
        """How far its clock is ahead of true time, in seconds."""
        return self.now() - self._world.now()

    # --- what goes in ---

    def scan(self, image: bytes | bytearray | str | os.PathLike[str] | Picture | Photographable) -> None:
        """Takes the otpauth URI in the one QR code of a picture.

        Args:
            image: the bytes of a PNG (or JPEG, GIF, BMP, WebP), the path of such a file, an image's `data:` URI, a
                picture of Pillow's, or what has a `screenshot()`: a page or a locator of Playwright's.

        Raises:
            AlreadyProvisionedError: it holds a seed.
            FuseBlownError: its programming fuse is blown.
            UnreadableQrError: the image does not hold exactly one readable QR code.
            InvalidUriError: the code says something else.
        """
        super().scan(_picture(image))

    # --- what hands do ---

    def press(self, held_s: float = SHORT_PRESS_S) -> Reading:
        """As `Fob.press`."""
        return self._remember(super().press(held_s))

    def enter(self, characters: str = "") -> Reading:
        """As `Fob.enter`."""
        return self._remember(super().enter(characters))

    def read(self) -> Reading:
        """Presses the button, types the PIN that it was made with if it asks, and reads the code.

        Raises what `press` raises.
        """
        if self._pin is None or self.mode is not State.PIN_ENTRY:
            try:
                return self.press()
            except NoCodeError as error:
                if self._pin is None or error.state != State.PIN_ENTRY:
                    raise
        return self.enter(self._pin)

    # --- what befalls it ---

    def inject(self, fault: Fault) -> None:
        """As `Fob.inject`, also at a time before it was made, where a test may have gone."""
        at, oscillator = self._world.now(), self._body.oscillator
        if at < oscillator.made_at:
            self._body.oscillator = dataclasses.replace(oscillator, made_at=at)
        super().inject(fault)

    # --- codes as people type them ---

    def fresh(self, least_s: float = LEAST_LEFT_S) -> Reading:
        """A code that was not shown before and has some seconds left, so that a login cannot fail by bad luck.

        Lets time pass until there is one: with a fob of 30 s steps at most the rest of this step and the steps that
        were used already. An event-based fob gives its next code, as soon as its display is dark.

        Args:
            least_s: what it has left at least, by the fob's own clock; half a step where that is less.

        Raises:
            NoFreshCodeError: its clock does not come to a new step.
            TimeStandsStillError: it would have to wait, and the machine's clock was stopped.
        """
        credential = self._credential()
        if credential.kind is Kind.TOTP:
            self._await_unused_step(least_s)
        elif self.mode is State.LIT:
            self._world.wait(self._firmware.lit_for_s() + _JUST_AFTER_S)
        return self.read()

    def typed_at_the_last_second(self, seconds: float = 1.0) -> Reading:
        """A code not shown before, so many seconds before it rolls over: now is when it is typed.

        Raises what `fresh` raises, and:
            NotTimeBasedError: its codes do not come from the time.
        """
        self._time_based()
        self._await_unused_step(seconds)
        self._world.wait(max(self._left_s() - seconds, 0.0))
        return self.read()

    def typed_late(self, seconds: float = LEAST_LEFT_S) -> Reading:
        """A code not shown before, read in time and typed so many seconds after it rolled over: that is now.

        Raises what `fresh` raises, and:
            NotTimeBasedError: its codes do not come from the time.
        """
        self._time_based()
        reading = self.fresh()
        self._world.wait(self._left_s() + max(seconds, _JUST_AFTER_S))
        return reading

    def typed_twice(self) -> tuple[Reading, Reading]:
        """A fresh code, and the same one again: two readings within one step.

        An event-based fob shows the same code as long as its display is lit. Raises what `fresh` raises.
        """
        return self.fresh(), self.press()

    def put_clock_off(self, steps: int = 3) -> None:
        """Its clock is wrong from now on, by so many time steps beyond what it was; negative: behind.

        Raises:
            NotTimeBasedError: its codes do not come from the time.
        """
        self.inject(ClockStep(float(steps * self._time_based().time_step_s)))

    def correct_clock(self) -> None:
        """Its clock is set right, as a phone's by its network. Real fobs cannot; authenticator apps do it all the time.

        One that was ahead then shows codes of steps again that it showed before.
        """
        self.inject(ClockStep(-self.offset_s))

    # --- within ---

    def _remember(self, reading: Reading) -> Reading:
        self._used.add(reading.step)
        return reading

    def _credential(self) -> Credential:
        self._firmware.settle()
        credential = self._firmware.credential
        if credential is None:
            raise UnprovisionedError(self._kept.serial)
        return credential

    def _time_based(self) -> Parameters:
        credential = self._credential()
        if credential.kind is not Kind.TOTP:
            raise NotTimeBasedError(self._kept.serial)
        return credential.parameters

    def _left_s(self) -> float:
        """How long its code still holds, lit or not, by its own clock."""
        parameters, now = self._time_based(), self.now()
        return (time_step(now, parameters) + 1) * parameters.time_step_s + parameters.t0_s - now

    def _await_unused_step(self, least_s: float) -> None:
        parameters = self._time_based()
        if self._body.stood_at is not None:
            return  # the press will tell why
        least_s = min(least_s, parameters.time_step_s / 2)
        for _ in range(len(self._used) + _ROUNDS):
            before, left_s = self.now(), self._left_s()
            if left_s >= least_s and time_step(before, parameters) not in self._used:
                return
            self._world.wait(left_s + _JUST_AFTER_S)
            if self.now() <= before:
                break
        raise NoFreshCodeError(self._kept.serial)


def _picture(image: object) -> bytes | Path:
    if isinstance(image, bytes | bytearray):
        return bytes(image)
    if isinstance(image, str) and image.startswith(_DATA_URI):
        return _from_data_uri(image)
    if isinstance(image, str | os.PathLike):
        return Path(image)
    if isinstance(image, Photographable):
        taken = image.screenshot()
        if isinstance(taken, bytes):
            return taken
        raise UnreadableQrError("its screenshot() gave no bytes; await it first, and hand in what it gives")
    if isinstance(image, Picture):
        out = io.BytesIO()
        image.save(out, format="PNG")
        return out.getvalue()
    raise UnreadableQrError(f"{type(image).__name__} is no picture; hand in a PNG's bytes or its path")


def _from_data_uri(text: str) -> bytes:
    head, _, body = text.partition(",")
    if not head.endswith(";base64"):
        raise UnreadableQrError("its data: URI is not in base64; take a screenshot of it instead")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        raise UnreadableQrError("its data: URI is cut short or altered") from None
