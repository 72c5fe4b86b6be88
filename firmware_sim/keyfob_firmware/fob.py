"""The simulated fob, as it lies in somebody's hand."""

import dataclasses
from itertools import starmap
from pathlib import Path
from typing import NamedTuple

from keyfob.clock import Clock
from keyfob.codes import DEFAULT_PARAMETERS
from keyfob.diagnostics import DiagnosticReport
from keyfob.errors import CounterRangeError, InvalidParametersError
from keyfob.ocra import OcraSuite
from keyfob.parameters import Parameters
from keyfob.quantities import DAY_S
from keyfob.seed import Binding, SealedSeed, SealingKey, Seed
from keyfob.uri import parse_uri
from keyfob_firmware.battery import Battery
from keyfob_firmware.body import CURRENTS, Body
from keyfob_firmware.button import LONG_PRESS_S, SHORT_PRESS_S, felt
from keyfob_firmware.credential import Credential, Kind
from keyfob_firmware.display import Lit, Screen, lit, seen
from keyfob_firmware.errors import (
    AlreadyProvisionedError,
    ForeignFobKeyError,
    FuseBlownError,
    NoCodeError,
    NoSuchKeyError,
    UnprogrammableError,
    UnprovisionedError,
    UnsuitableSuiteError,
)
from keyfob_firmware.faults import Fault
from keyfob_firmware.firmware import Firmware
from keyfob_firmware.machine import Event, State
from keyfob_firmware.memory import Memory
from keyfob_firmware.pin import DEFAULT_ATTEMPTS, require_pin
from keyfob_firmware.screens import screen
from keyfob_firmware.selftest import self_test
from keyfob_firmware.state import FobState, Traced

_WHY_NO_CODE = {
    State.SHIPPING: "it is in its box, its clock stopped; wake it with a long press, or give it a seed",
    State.PIN_ENTRY: "it asks for its PIN; type it with enter()",
    State.CHALLENGE: "it asks for a question; type it with enter()",
    State.PIN_BLOCKED: "it saw too many wrong PINs; a long press leads to recovery",
    State.RECOVERY: "it is in recovery; a short press goes to the next of restart, test and erase, a long one chooses",
    State.INFORMATION: "it tells about itself; wait until it is dark, then press",
    State.SELF_TEST: "it shows what its self-test found; press again",
    State.DEAD: "it has no power; put a battery in with replace_battery()",
    State.TAMPERED: "it was opened, and has wiped its seed; take another",
}
_UNPROGRAMMABLE = frozenset({State.DEAD, State.TAMPERED})
_DARK = "its display is dark"


class Reading(NamedTuple):
    """A code on the lit display.

    Attributes:
        code: the digits.
        step: the time step, or the counter, that they belong to.
        changes_in_s: seconds of the fob's own clock until the next code, more than 0; infinite where
            none follows by itself.
        dark_in_s: seconds of the fob's own clock until the display goes dark, more than 0.
        seen: what a person reads: not the code where segments are dead.
    """

    code: str
    step: int
    changes_in_s: float
    dark_in_s: float
    seen: str


class Fob:
    """A fob in somebody's hand. It asks no network for the time: it has only its own clock.

    Args:
        state: what it is.
        key: seals its seed and its PIN.
        clock: the true time, from which the fob's oscillator drifts.
    """

    def __init__(self, state: FobState, key: SealingKey, clock: Clock) -> None:
        since = state.oscillator.made_at if state.accounted_at is None else state.accounted_at
        self._body = Body(
            clock,
            state.oscillator,
            Memory(state.memory),
            state.battery.cell,
            state.battery.used_uah,
            since,
            clock.now(),
            state.stood_at,
            state.button,
            state.dead_segments,
            state.case_open,
            state.brown_out,
            state.pull_ppm,
        )
        self._key = key
        self._firmware = Firmware(state, key, self._body, self_test)
        self._kept = state

    @property
    def state(self) -> FobState:
        """What it is now, to be kept."""
        body, firmware = self._body, self._firmware
        state = dataclasses.replace(
            self._kept,
            oscillator=body.oscillator,
            memory=body.memory.image(),
            mode=firmware.mode,
            pressed_at=firmware.pressed_at,
            presses=firmware.presses,
            starts=firmware.starts,
            page=firmware.page,
            battery=body.battery,
            accounted_at=body.accounted_at,
            stood_at=body.stood_at,
            button=body.button,
            dead_segments=body.dead_segments,
            case_open=body.case_open,
            brown_out=body.brown_out,
            pull_ppm=body.pull_ppm,
            reports=tuple(firmware.reports),
            trace=tuple(starmap(Traced, firmware.trace)),
        )
        if state != self._kept:
            self._kept = state
        return self._kept

    @property
    def mode(self) -> State:
        """The state of its machine, now."""
        self._firmware.settle()
        return self._firmware.mode

    def now(self) -> float:
        """The time by its own clock, as Unix time."""
        return self._body.own_time_at(self._body.truth.now())

    # --- what goes in ---

    def provision(self, uri_text: str) -> None:
        """Takes the seed and the parameters of an otpauth URI, time-based or counter-based.

        Raises:
            AlreadyProvisionedError: it holds a seed.
            FuseBlownError: its programming fuse is blown.
            InvalidUriError: the text is no usable otpauth URI.
        """
        self._require_programmable()
        carried = parse_uri(uri_text)
        if carried.counter is None:
            self.program(carried.seed, carried.parameters, carried.account, carried.issuer)
        else:
            self.program_counter(
                carried.seed, carried.counter, carried.parameters, carried.account, carried.issuer
            )

    def scan(self, image: bytes | Path) -> None:
        """Takes the otpauth URI in the one QR code of an image, a file or its bytes.

        Raises:
            AlreadyProvisionedError: it holds a seed.
            FuseBlownError: its programming fuse is blown.
            UnreadableQrError: the image does not hold exactly one readable QR code.
            InvalidUriError: the code says something else.
        """
        from keyfob.qr import read_qr  # noqa: PLC0415  it loads Pillow, which no press needs

        self._require_programmable()
        self.provision(read_qr(image))

    def program(
        self,
        seed: Seed,
        parameters: Parameters = DEFAULT_PARAMETERS,
        account: str = "",
        issuer: str | None = None,
    ) -> None:
        """Takes a seed for time-based codes as the factory would write it, seals it and wipes what was handed in.

        A fob in its box is woken, and its clock set right.

        Raises:
            AlreadyProvisionedError: it holds a seed.
            FuseBlownError: its programming fuse is blown.
            UnprogrammableError: it is dead, or was opened.
            PowerFailedError: the supply failed; it holds no seed.
        """
        self._write(seed, parameters, account, issuer, Kind.TOTP)

    def program_counter(
        self,
        seed: Seed,
        counter: int = 0,
        parameters: Parameters = DEFAULT_PARAMETERS,
        account: str = "",
        issuer: str | None = None,
    ) -> None:
        """Takes a seed for event-based codes (RFC 4226), and the counter to begin with. Raises what `program` raises."""
        self._write(seed, parameters, account, issuer, Kind.HOTP, counter=counter)

    def program_challenge(
        self, seed: Seed, suite: OcraSuite, counter: int = 0, account: str = "", issuer: str | None = None
    ) -> None:
        """Takes a seed for challenge-response (RFC 6287).

        Raises:
            AlreadyProvisionedError: it holds a seed.
            FuseBlownError: its programming fuse is blown.
            UnsuitableSuiteError: the suite wants session information, a PIN that this fob does not have, or a
                response that its display cannot show.
        """
        if suite.session_bytes is not None:
            raise UnsuitableSuiteError(str(suite), "nobody can type session information")
        if not 6 <= suite.digits <= 10:
            raise UnsuitableSuiteError(str(suite), "its display shows 6 to 10 digits")
        if suite.pin_hash is not None and not self._firmware.pin.is_set:
            raise UnsuitableSuiteError(str(suite), "it has no PIN yet; set one first")
        parameters = Parameters(suite.algorithm, suite.digits)
        self._write(seed, parameters, account, issuer, Kind.OCRA, counter=counter, suite=str(suite))

    def set_pin(self, pin: str, attempts: int = DEFAULT_ATTEMPTS) -> None:
        """Sets the PIN that it will ask for before it shows a code; before it gets its seed.

        Raises:
            AlreadyProvisionedError: it holds a seed.
            FuseBlownError: its programming fuse is blown.
            InvalidPinError: it can be none, or the attempts are not 1 to 15.
        """
        self._require_programmable()
        require_pin(pin, attempts)
        self._require_alive()
        with self._firmware.writing():
            self._firmware.storage.pin.erase()
            self._firmware.pin.set(pin, attempts)
        self._firmware.happen(Event.PROGRAM)

    def holds(self, seed: Seed) -> bool:
        """Whether it holds this seed: what a factory checks after programming, before it blows the fuse.

        Raises:
            FuseBlownError: the fuse is blown: nothing is told any more.
            UnprovisionedError: it holds no seed.
        """
        self._require_unfused()
        credential = self._firmware.credential
        if credential is None:
            raise UnprovisionedError(self._kept.serial)
        with credential.sealed.open(self._binding(credential.parameters), self._key) as held:
            return held == seed

    def blow_fuse(self) -> None:
        """Blows the programming fuse, for good: no seed can be written, checked or erased any more."""
        with self._firmware.writing():
            self._firmware.storage.fuse.burn()

    # --- what hands do ---

    def press(self, held_s: float = SHORT_PRESS_S) -> Reading:
        """Presses the button, and reads the code that then is lit.

        Within one time step of the fob's own clock every press shows the same code.

        Raises:
            NoCodeError: the display shows none: it is unprovisioned (`UnprovisionedError`), asks for a PIN, is dead, …
            ForeignFobKeyError: the key is not the one that sealed the seed.
            CounterRangeError: its clock stands before T0.
        """
        self._require_key()
        firmware = self._firmware
        firmware.settle()
        for press in felt(self._body.button, held_s):
            self._feel(Event.HOLD if press.is_long else Event.PRESS)
        return self._read()

    def hold(self) -> Screen:
        """Presses the button for long, and looks at the display."""
        self._firmware.settle()
        for press in felt(self._body.button, LONG_PRESS_S):
            self._feel(Event.HOLD if press.is_long else Event.PRESS)
        return self.screen()

    def type(self, characters: str) -> Screen:
        """Types on the keypad, and looks at the display.

        Raises:
            NoSuchKeyError: the keypad has no such key; nothing was typed.
        """
        if not (characters.isascii() and (characters.isalnum() or not characters)):
            raise NoSuchKeyError
        self._firmware.settle()
        for character in characters:
            self._firmware.type(character)
        return self.screen()

    def clear(self) -> Screen:
        """Presses the keypad's clear key, and looks at the display."""
        self._firmware.settle()
        self._firmware.happen(Event.CLEAR)
        return self.screen()

    def enter(self, characters: str = "") -> Reading:
        """Types a PIN or a question, presses the enter key, and reads the code that then is lit.

        Raises:
            NoCodeError: the display shows none: the PIN was wrong, or a question is awaited now.
            NoSuchKeyError: the keypad has no such key.
            MalformedQuestionError: the question is none of the fob's suite.
        """
        self._require_key()
        self.type(characters)
        self._firmware.happen(Event.ENTER)
        return self._read()

    def replace_battery(self, battery: Battery | None = None, *, button_held: bool = False) -> Screen:
        """Puts in another battery, a fresh one unless told; with the button held the fob then tests itself."""
        body, firmware = self._body, self._firmware
        firmware.settle()
        firmware.happen(Event.POWER_OFF)
        battery = Battery() if battery is None else battery
        if firmware.storage.woken.burnt and not battery.is_flat():
            body.start_clock()
        body.put_in(battery)
        firmware.happen(Event.POWER_UP)
        if button_held:
            firmware.happen(Event.TEST)
        return self.screen()

    # --- what befalls it ---

    def age(self, days: float) -> None:
        """Makes it older by so many days without moving the world: its crystal has aged and drifted, its battery sunk."""
        body = self._body
        self._firmware.settle()
        oscillator = body.oscillator
        body.oscillator = dataclasses.replace(oscillator, made_at=oscillator.made_at - days * DAY_S)
        body.lie(days * DAY_S)
        if body.is_flat:
            body.stop_clock()
            self._firmware.happen(Event.POWER_OFF)
        elif self._firmware.mode is State.IDLE and body.battery.is_low():
            self._firmware.happen(Event.BATTERY_LOW)

    def inject(self, fault: Fault) -> None:
        """Lets a fault happen to it.

        Raises:
            InvalidParametersError: a figure of the fault is not possible.
        """
        firmware = self._firmware
        firmware.settle()
        before = firmware.mode
        noticed = fault.strike(self._body)
        firmware.note(fault.kind, before)
        if noticed is not None:
            firmware.happen(noticed)

    # --- what eyes see ---

    def display(self) -> Reading | None:
        """The code on the display: for `lit_s` seconds after a press, else None.

        A lit display follows the clock: it changes to the next code when the next step begins.

        Raises:
            ForeignFobKeyError: the key is not the one that sealed the seed.
            CounterRangeError: its clock stands before T0.
        """
        self._require_key()
        self._firmware.settle()
        return self._shown()

    def screen(self) -> Screen:
        """All that the firmware shows now; blank when it is dark."""
        self._firmware.settle()
        try:
            return screen(self._firmware, self._firmware.code())
        except CounterRangeError:
            return screen(self._firmware, None)

    def lit(self) -> Lit:
        """What really lights of it: dead segments stay dark."""
        return lit(self.screen(), self._body.dead_segments)

    def diagnose(self) -> DiagnosticReport:
        """Has it test itself; the report is kept with it."""
        self._firmware.settle()
        return self._firmware.report("request")

    # --- within ---

    def _feel(self, event: Event) -> None:
        self._firmware.presses += 1
        self._body.take(CURRENTS.charge_press_uah)
        self._firmware.happen(event)

    def _shown(self) -> Reading | None:
        lit_s = self._firmware.lit_for_s()
        if not lit_s or self._firmware.mode is not State.LIT:
            return None
        code = self._firmware.code()
        if code is None:
            return None
        seen_code = (
            seen(lit(Screen(code.digits), self._body.dead_segments))
            if self._body.dead_segments
            else code.digits
        )
        return Reading(code.digits, code.factor, code.changes_in_s, lit_s, seen_code)

    def _read(self) -> Reading:
        reading = self._shown()
        if reading is not None:
            return reading
        serial, mode = self._kept.serial, self._firmware.mode
        if mode is State.UNPROVISIONED:
            raise UnprovisionedError(serial)
        raise NoCodeError(serial, mode.value, _WHY_NO_CODE.get(mode, _DARK))

    def _write(
        self,
        seed: Seed,
        parameters: Parameters,
        account: str,
        issuer: str | None,
        kind: Kind,
        *,
        counter: int = 0,
        suite: str | None = None,
    ) -> None:
        self._require_programmable()
        if not 0 <= counter < 2**64 - 1:
            raise CounterRangeError(counter)
        firmware, storage = self._firmware, self._firmware.storage
        self._require_alive()
        sealed = SealedSeed.seal(seed, self._binding(parameters), self._key)
        seed.wipe()
        content = Credential(sealed, parameters, account, issuer, kind, suite).to_bytes()
        if len(content) > storage.seed.capacity:
            raise InvalidParametersError(
                "account, issuer", f"{len(content)} bytes with them", f"up to {storage.seed.capacity}"
            )
        asleep = not storage.woken.burnt
        with firmware.writing():
            storage.woken.burn()
            if asleep:
                self._body.set_clock(self._body.moment)
            storage.counter.erase()
            if kind is not Kind.TOTP:
                storage.counter.write(counter)
            storage.seed.write(content)
        firmware.forget_credential()
        firmware.happen(Event.PROGRAM)

    def _binding(self, parameters: Parameters) -> Binding:
        return Binding(self._kept.owner_id, self._kept.fob_id, parameters)

    def _require_programmable(self) -> None:
        self._require_unfused()
        storage = self._firmware.storage
        if not storage.seed.empty:
            credential = self._firmware.credential
            raise AlreadyProvisionedError(self._kept.serial, credential.account if credential else "?")

    def _require_alive(self) -> None:
        self._firmware.settle()
        if self._firmware.mode in _UNPROGRAMMABLE:
            raise UnprogrammableError(self._kept.serial, _WHY_NO_CODE[self._firmware.mode])

    def _require_unfused(self) -> None:
        if self._firmware.storage.fuse.burnt:
            raise FuseBlownError(self._kept.serial)

    def _require_key(self) -> None:
        credential = self._firmware.credential
        if credential is not None and credential.sealed.key_id != self._key.key_id:
            raise ForeignFobKeyError(self._kept.serial, credential.sealed.key_id, self._key.key_id)
