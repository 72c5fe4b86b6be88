"""The fob's firmware: does what the machine's table says, with the parts that the body has."""

import math
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import NamedTuple

from keyfob.codes import time_step
from keyfob.diagnostics import DiagnosticReport, Trigger
from keyfob.errors import UnsealError
from keyfob.seed import Binding, SealingKey
from keyfob_firmware.actions import ACTIONS, CONDITIONS
from keyfob_firmware.body import CURRENTS, Body
from keyfob_firmware.credential import Credential, Kind
from keyfob_firmware.errors import PowerFailedError
from keyfob_firmware.machine import READY, REST, SHOWING, STAY, Event, If, State, resting, transition
from keyfob_firmware.memory import PowerLostError
from keyfob_firmware.pin import PinLock
from keyfob_firmware.ram import Ram
from keyfob_firmware.records import DamagedRecordError
from keyfob_firmware.secret_slot import DamagedSecretError
from keyfob_firmware.state import REPORTS_KEPT, TRACE_LENGTH, FobState, lit_for_s
from keyfob_firmware.storage import Storage

FIRMWARE_VERSION = "1.0"


class Code(NamedTuple):
    """What a lit display shows.

    Attributes:
        digits: the code.
        factor: the time step or counter that it belongs to.
        changes_in_s: seconds of the fob's own clock until the next one; infinite where time does not change it.
    """

    digits: str
    factor: int
    changes_in_s: float


class Firmware:
    """What runs on the fob's processor.

    Args:
        state: where it goes on from.
        key: seals its secrets.
        body: what it runs in.
        self_test: looks at everything, and changes nothing.
    """

    def __init__(
        self,
        state: FobState,
        key: SealingKey,
        body: Body,
        self_test: Callable[["Firmware", Trigger], DiagnosticReport],
    ) -> None:
        self._self_test = self_test
        self.body: Body = body
        self.key = key
        self.mode, self.page = state.mode, state.page
        self.pressed_at, self.lit_s = state.pressed_at, state.lit_s
        self.presses, self.starts = state.presses, state.starts
        self.reports: deque[DiagnosticReport] = deque(state.reports, REPORTS_KEPT)
        self.trace: deque[tuple[float, float, str, State, State]] = deque(state.trace, TRACE_LENGTH)
        self.serial, self.fob_id, self.owner_id = state.serial, state.fob_id, state.owner_id
        self.storage: Storage = Storage(body.memory)
        self.pin: PinLock = PinLock(self.storage, key, state.fob_id)
        self.ram: Ram = Ram()
        self.key_pressed = ""
        self._rests_on: tuple[int, bool, int, bool, bool] | None = None
        self._rests_in = self.mode
        self._checked_version: int | None = None
        if self.mode is State.CHALLENGE and self.pin.is_set:
            self.mode = State.PIN_ENTRY  # the PIN that was typed was in the working memory
        self.inspect()

    # --- time ---

    def settle(self) -> None:
        """Catches up with what passed since it was last looked at: charge, death, the display's end."""
        at, body = self.body.truth.now(), self.body
        if at > body.accounted_at:
            self._pass_time(at)
        body.moment = at
        if self.mode in SHOWING and not self.lit_for_s():
            self.happen(Event.DARK)

    def lit_for_s(self) -> float:
        """How much longer the display stays lit, in seconds of its own clock; 0 when it is dark."""
        return lit_for_s(self.mode, self.pressed_at, self.lit_s, self.body.own_time())

    # --- events ---

    def happen(self, event: Event) -> None:
        """Takes an event, and whatever follows from it, to its end."""
        following: Event | None = event
        while following is not None:
            event = following
            try:
                following = self._take(event)
            except PowerLostError:
                self._lose_power(event)
                following = Event.POWER_UP
            except (DamagedSecretError, DamagedRecordError, UnsealError):
                self.ram.damaged = True
                following = Event.DAMAGE

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Round what a programming station writes.

        Raises:
            PowerFailedError: the supply failed; the fob has started anew, and has undone what was half written.
        """
        try:
            yield
        except PowerLostError:
            self._lose_power(Event.PROGRAM)
            self.happen(Event.POWER_UP)
            raise PowerFailedError(self.serial) from None

    def note(self, event: str, before: State) -> None:
        """Remembers an event, as `Traced` has it."""
        body = self.body
        self.trace.append((body.moment, body.own_time(), event, before, self.mode))

    def type(self, character: str) -> None:
        """A key of the keypad was pressed."""
        self.key_pressed = character
        self.happen(Event.KEY)

    def light(self) -> None:
        """Lights the display, from now on for its whole time. Raises `PowerLostError`."""
        self.body.memory.checkpoint()
        self.pressed_at = self.body.own_time()

    def check_seed(self) -> None:
        """Looks whether the sealed seed is as it was written, unless nothing was written since it last was.

        Raises:
            DamagedSecretError: it was altered.
        """
        version = self.body.memory.version
        if version != self._checked_version:
            self.storage.seed.read()
            self._checked_version = version

    def inspect(self) -> None:
        """Looks whether all that codes depend on is as it was written."""
        storage, ram = self.storage, self.ram
        ram.stumbles = self.interrupted_starts()
        try:
            if not storage.seed.empty:
                storage.seed.read()
                storage.counter.read()
        except (DamagedSecretError, DamagedRecordError):
            ram.damaged = True

    def interrupted_starts(self) -> int:
        """How many starts in a row lost their power, as the memory says."""
        try:
            return self.storage.starts.read()
        except DamagedRecordError:
            return 0

    # --- what is shown ---

    def code(self) -> Code | None:
        """The code that the display shows; None where it shows none.

        Raises:
            CounterRangeError: its clock stands before T0.
        """
        credential = self.credential
        if self.mode is not State.LIT or credential is None:
            return None
        if credential.kind is Kind.OCRA:
            return None if self.ram.answer is None else Code(self.ram.answer, self.ram.counter or 0, math.inf)
        parameters = credential.parameters
        try:
            if credential.kind is Kind.HOTP:
                factor, changes_in_s = self._shown_counter(), math.inf
            else:
                now = self.body.own_time()
                factor = time_step(now, parameters)
                changes_in_s = (factor + 1) * parameters.time_step_s + parameters.t0_s - now
            with credential.sealed.open(self.binding, self.key) as seed:
                return Code(seed.code(factor, parameters), factor, changes_in_s)
        except (UnsealError, DamagedRecordError):
            self.ram.damaged = True
            self.happen(Event.DAMAGE)
            return None

    @cached_property
    def credential(self) -> Credential | None:
        """What it was provisioned with, as read at its last start or change."""
        return self.storage.credential()

    def forget_credential(self) -> None:
        """What was read from memory may have changed there."""
        for name in ("credential", "binding"):
            self.__dict__.pop(name, None)

    def report(self, trigger: Trigger) -> DiagnosticReport:
        """Tests itself, and keeps the report."""
        found = self._self_test(self, trigger)
        self.reports.append(found)
        return found

    # --- within ---

    def _take(self, event: Event) -> Event | None:
        before = self.mode
        found = transition(before, event, self._holds)
        if found is None:
            self.note(event, before)
            return None
        following = ACTIONS[found.action](self) if found.action else None
        if found.next == REST:
            self.mode = self._rest()
        elif found.next != STAY:
            self.mode = State(found.next)
        if self.mode is not before:
            self.page = 0
            if self.mode in READY:
                self.pressed_at = None
        self.note(event, before)
        return following

    def _rest(self) -> State:
        """Where it comes to rest: what that depends on seldom changes."""
        body, ram = self.body, self.ram
        depends_on = (body.memory.version, ram.damaged, ram.stumbles, body.is_flat, body.is_low)
        if depends_on != self._rests_on:
            self._rests_on, self._rests_in = depends_on, resting(self._holds)
        return self._rests_in

    def _holds(self, condition: If) -> bool:
        return CONDITIONS[condition](self)

    def _pass_time(self, at: float) -> None:
        body = self.body
        began = body.accounted_at
        body.moment = began
        body.drain(min(at, began + self.lit_for_s()), CURRENTS.lit_ua)
        current_ua = body.standby_current_ua
        lasts_s = body.lasts_s(current_ua)
        if self.mode is State.DEAD or at < body.accounted_at + lasts_s:
            body.drain(at, current_ua)
        else:
            body.drain(body.accounted_at + lasts_s, current_ua)
            body.moment = body.accounted_at
            body.stop_clock()
            self.happen(Event.POWER_OFF)
            body.drain(at, 0.0)
        if self.mode is State.IDLE and body.is_low:
            body.moment = at
            self.happen(Event.BATTERY_LOW)

    def _lose_power(self, event: Event) -> None:
        self.note(f"brown-out during {event}", self.mode)
        body = self.body
        body.memory.restore_power()
        self.ram, self.pressed_at = Ram(), None
        brown_out = body.brown_out
        if brown_out is not None:
            body.await_brown_out(brown_out.after_writes, brown_out.times - 1)

    def _shown_counter(self) -> int:
        """The counter of the shown code: between two runs of the simulator it is only in the memory."""
        return self.storage.counter.read() - 1 if self.ram.counter is None else self.ram.counter

    @cached_property
    def binding(self) -> Binding:
        """What the sealed seed is bound to."""
        if self.credential is None:
            raise DamagedSecretError
        return Binding(self.owner_id, self.fob_id, self.credential.parameters)
