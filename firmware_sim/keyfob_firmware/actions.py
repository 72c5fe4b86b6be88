"""The machine's actions and conditions, one function each."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from keyfob.ocra import OcraSuite, hash_pin, ocra, parse_question
from keyfob_firmware.body import CURRENTS
from keyfob_firmware.credential import Kind
from keyfob_firmware.machine import Do, Event, If
from keyfob_firmware.ram import Ram
from keyfob_firmware.secret_slot import DamagedSecretError

if TYPE_CHECKING:
    from keyfob_firmware.firmware import Firmware

MAX_INTERRUPTED_STARTS = 5
"""After so many starts in a row that lost their power the next one leads to recovery."""

OPTIONS = (Event.RESTART, Event.TEST, Event.ERASE)
"""What recovery offers, in the order in which short presses go through it."""

INFORMATION_PAGES = 3

MAX_TYPED = 64
"""The characters of the longest question (RFC 6287, section 6.3)."""


def wake(fob: "Firmware") -> None:
    """The oscillator swings from now on."""
    fob.storage.woken.burn()
    fob.body.start_clock()


def start(fob: "Firmware") -> Event | None:
    """Counts the start until it is complete, mends what was torn, and looks whether the case is open."""
    fob.starts += 1
    fob.ram = Ram()
    fob.body.take(CURRENTS.charge_boot_uah)
    storage = fob.storage
    interrupted = fob.interrupted_starts()
    if interrupted < MAX_INTERRUPTED_STARTS:
        storage.starts.write(interrupted + 1)
    fob.ram.torn = storage.mend()
    fob.forget_credential()
    fob.inspect()
    fob.body.memory.checkpoint()
    if interrupted < MAX_INTERRUPTED_STARTS:
        storage.starts.write(0)
        fob.ram.stumbles = 0
    return Event.TAMPER if fob.body.case_open and not storage.tampered.burnt else None


def take_code(fob: "Firmware") -> None:
    """Checks the seed, uses up a counter before its code is shown, and lights the display."""
    fob.check_seed()
    credential = fob.credential
    if credential is not None and credential.kind is Kind.HOTP:
        counter = fob.storage.counter.read()
        fob.storage.counter.write(counter + 1)
        fob.ram.counter = counter
    fob.light()


def take_key(fob: "Firmware") -> None:
    """Takes one more character; beyond the longest question it takes none."""
    fob.ram.typed = (fob.ram.typed + fob.key_pressed)[:MAX_TYPED]
    fob.light()


def clear_typed(fob: "Firmware") -> None:
    """Forgets the keys since the last enter; a PIN that was right still counts."""
    fob.ram.typed = ""
    fob.light()


def forget_typed(fob: "Firmware") -> None:
    """Forgets what nobody is to see later."""
    fob.ram.typed, fob.ram.pin, fob.ram.answer, fob.ram.counter = "", "", None, None


def check_pin(fob: "Firmware") -> Event:
    """Tells whether the typed PIN is right; the attempt is counted first."""
    typed, fob.ram.typed = fob.ram.typed, ""
    if not fob.pin.check(typed):
        return Event.PIN_WRONG
    fob.ram.pin = typed
    return Event.PIN_RIGHT


def answer(fob: "Firmware") -> None:
    """Answers the typed question."""
    fob.check_seed()
    credential, typed = fob.credential, fob.ram.typed
    fob.ram.typed = ""
    if credential is None or credential.suite is None:
        raise DamagedSecretError
    suite = OcraSuite.parse(credential.suite)
    question = parse_question(typed, suite)
    counter = None
    if suite.counter:
        counter = fob.storage.counter.read()
        fob.storage.counter.write(counter + 1)
    step = None if suite.time_step_s is None else int(fob.body.own_time() // suite.time_step_s)
    pin_hash = None if suite.pin_hash is None else hash_pin(fob.ram.pin, suite)
    with credential.sealed.open(fob.binding, fob.key) as seed:
        fob.ram.answer = ocra(
            seed.reveal(), suite, question=question, counter=counter, pin_hash=pin_hash, step=step
        )
    fob.ram.counter, fob.ram.pin = counter, ""
    fob.light()


def turn_page(fob: "Firmware") -> None:
    """Shows the next of the device information."""
    fob.page = (fob.page + 1) % INFORMATION_PAGES
    fob.light()


def next_option(fob: "Firmware") -> None:
    """Goes to the next of recovery's options."""
    # the first press only lights what was dark
    if fob.lit_for_s():
        fob.page = (fob.page + 1) % len(OPTIONS)
    fob.light()


def choose(fob: "Firmware") -> Event:
    """Does what the shown option says."""
    return OPTIONS[fob.page]


def forgive_starts(fob: "Firmware") -> None:
    """Forgets interrupted starts."""
    fob.storage.starts.write(0)
    fob.ram.stumbles = 0


def test_itself(fob: "Firmware") -> None:
    """Tests itself, and shows what it found."""
    fob.report("power-up")
    fob.light()


def erase(fob: "Firmware") -> None:
    """Wipes seed and PIN, and begins anew."""
    fob.storage.erase_secrets()
    fob.storage.starts.write(0)
    fob.ram = Ram()
    fob.forget_credential()


def zeroize(fob: "Firmware") -> None:
    """Wipes seed and PIN for good."""
    fob.storage.zeroize()
    fob.ram = Ram()
    fob.forget_credential()
    fob.light()


ACTIONS: Mapping[Do, Callable[["Firmware"], Event | None]] = {
    Do.WAKE: wake,
    Do.START: start,
    Do.LIGHT: lambda fob: fob.light(),
    Do.TAKE_CODE: take_code,
    Do.TYPE: take_key,
    Do.CLEAR_TYPED: clear_typed,
    Do.FORGET_TYPED: forget_typed,
    Do.CHECK_PIN: check_pin,
    Do.ANSWER: answer,
    Do.TURN_PAGE: turn_page,
    Do.NEXT_OPTION: next_option,
    Do.CHOOSE: choose,
    Do.FORGIVE_STARTS: forgive_starts,
    Do.TEST: test_itself,
    Do.ERASE: erase,
    Do.ZEROIZE: zeroize,
}

CONDITIONS: Mapping[If, Callable[["Firmware"], bool]] = {
    If.FLAT: lambda fob: fob.body.is_flat,
    If.TAMPERED: lambda fob: fob.storage.tampered.burnt,
    If.ASLEEP: lambda fob: not fob.storage.woken.burnt,
    If.STUMBLING: lambda fob: fob.ram.stumbles >= MAX_INTERRUPTED_STARTS,
    If.DAMAGED: lambda fob: fob.ram.damaged,
    If.EMPTY: lambda fob: fob.storage.seed.empty,
    If.EXHAUSTED: lambda fob: fob.pin.is_set and fob.pin.attempts_left() == 0,
    If.LOW: lambda fob: fob.body.is_low,
    If.PROTECTED: lambda fob: fob.pin.is_set,
    If.ASKED: lambda fob: fob.credential is not None and fob.credential.kind is Kind.OCRA,
    If.FUSED: lambda fob: fob.storage.fuse.burnt,
}
