"""All that a fob is between two events, as a value that can be kept and compared."""

import dataclasses
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Self

from keyfob.diagnostics import DiagnosticReport
from keyfob.oscillator import Oscillator
from keyfob_firmware.battery import Battery
from keyfob_firmware.button import ButtonCondition
from keyfob_firmware.credential import Credential
from keyfob_firmware.display import Segment
from keyfob_firmware.errors import (
    AlreadyProvisionedError,
    FuseBlownError,
    InvalidSerialError,
)
from keyfob_firmware.machine import AWAKE, State
from keyfob_firmware.memory import BrownOut, Memory
from keyfob_firmware.storage import Storage

LIT_S = 25.0
"""How long a display stays lit after the last press unless told otherwise, in seconds of the fob's own clock."""

HOLDER = "holder"
"""The owner id of a fob that was given no other."""

TRACE_LENGTH = 200
"""Events that a fob remembers."""

FRESH = Battery()

REPORTS_KEPT = 8
"""Diagnostic reports that a fob remembers."""


class Traced(NamedTuple):
    """One event of a fob's life.

    Attributes:
        at: the true Unix time.
        own_time: what the fob's clock said.
        event: what happened: one of the machine's events, or a fault by its name.
        before: the state that the fob was in.
        after: the state that it was in then; the same where it ignored the event.
    """

    at: float
    own_time: float
    event: str
    before: State
    after: State


@dataclass(frozen=True, slots=True)
class FobState:
    """All that a fob is between two events; nothing in it is secret without the fob's key.

    Attributes:
        fob_id: its immutable id, random.
        owner_id: who holds it; the seed opens for no other.
        serial: the number on its back.
        oscillator: what its clock is made of.
        memory: what its non-volatile memory holds.
        mode: the state of its machine.
        pressed_at: its own clock's time of the last event that lit its display; None if that was never.
        presses: how often its button was felt.
        starts: how often it started.
        lit_s: how long its display stays lit.
        page: of the device information or of the recovery options, the one shown.
        battery: its charge at `accounted_at`.
        accounted_at: the true time up to which all that passes was taken into account; None: since its manufacture.
        stood_at: where its clock stands while the oscillator has no power; None while it runs.
        button: how well its button works.
        dead_segments: those of its display that never light.
        case_open: whether somebody opened it.
        brown_out: what its supply is about to do; None: nothing.
        pull_ppm: what of its oscillator's rate is its battery's doing.
        reports: its last diagnostic reports, the newest last.
        trace: its last events, the newest last.

    Raises:
        InvalidSerialError: the serial could not stand on its back.
    """

    fob_id: str
    owner_id: str
    serial: str
    oscillator: Oscillator
    memory: bytes = b""
    mode: State = State.UNPROVISIONED
    pressed_at: float | None = None
    presses: int = 0
    starts: int = 0
    lit_s: float = LIT_S
    page: int = 0
    battery: Battery = FRESH
    accounted_at: float | None = None
    stood_at: float | None = None
    button: ButtonCondition = ButtonCondition.GOOD
    dead_segments: frozenset[Segment] = frozenset()
    case_open: bool = False
    brown_out: BrownOut | None = None
    pull_ppm: float = 0.0
    reports: tuple[DiagnosticReport, ...] = ()
    trace: tuple[Traced, ...] = ()

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
        """A fob without a seed, its clock running."""
        boxed = cls.boxed(serial, oscillator, owner_id, random_bytes)
        memory = Memory()
        Storage(memory).woken.burn()
        return dataclasses.replace(boxed, memory=memory.image(), mode=State.UNPROVISIONED, stood_at=None)

    @classmethod
    def boxed(
        cls,
        serial: str,
        oscillator: Oscillator,
        owner_id: str = HOLDER,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> Self:
        """A fob as it leaves the factory: without a seed, its oscillator stopped. A long press or a seed wakes it."""
        own_time = oscillator.made_at + oscillator.offset_at_manufacture_s
        fob_id = random_bytes(16).hex()
        return cls(fob_id, owner_id, serial, oscillator, mode=State.SHIPPING, stood_at=own_time)

    def lit_for_s(self, now: float) -> float:
        """How much longer its display stays lit at `now` by its own clock, in seconds; 0 when it is dark."""
        return lit_for_s(self.mode, self.pressed_at, self.lit_s, now)

    @property
    def credential(self) -> Credential | None:
        """What it was provisioned with; None if with nothing, or if its memory was altered since."""
        return Storage(Memory(self.memory)).credential()

    def require_empty(self) -> None:
        """Lets through a fob that a seed can be given to.

        Raises:
            AlreadyProvisionedError: it holds one.
        """
        credential = self.credential
        if credential is not None:
            raise AlreadyProvisionedError(self.serial, credential.account)

    def reset(self) -> Self:
        """The same fob without seed and PIN, ready for others: its id, its serial and its clock stay.

        Raises:
            FuseBlownError: its programming fuse is blown.
        """
        memory = Memory(self.memory)
        storage = Storage(memory)
        if storage.fuse.burnt:
            raise FuseBlownError(self.serial)
        storage.erase_secrets()
        mode = State.UNPROVISIONED if self.mode in AWAKE else self.mode
        return dataclasses.replace(self, memory=memory.image(), mode=mode, pressed_at=None)


def lit_for_s(mode: State, pressed_at: float | None, lit_s: float, now: float) -> float:
    """How much longer a display stays lit at `now` by the fob's own clock, in seconds; 0 when it is dark.

    A display is dark before its press, too: where a clock was set back, say.
    """
    if pressed_at is None or mode is State.DEAD:
        return 0.0
    passed_s = now - pressed_at
    return lit_s - passed_s if 0.0 <= passed_s < lit_s else 0.0
