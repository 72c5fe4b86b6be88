"""What the fob does when: every state, every event and every transition, on this page.

A transition happens in one of its states, upon its event, if its condition holds; the first that fits counts. Its
action is done and the fob is in the next state: `STAY` is the one it was in, `REST` the first in `RESTS` whose condition
holds. An event for which there is no transition is ignored.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, Literal, NamedTuple


class State(StrEnum):
    """What the fob is doing."""

    SHIPPING = "shipping"  # in its box: the oscillator stands still
    UNPROVISIONED = "unprovisioned"  # no seed
    IDLE = "idle"  # dark, ready
    LOW_BATTERY = "low-battery"  # dark, ready, for some weeks more
    PIN_ENTRY = "pin-entry"  # lit: asks for the PIN
    CHALLENGE = "challenge"  # lit: asks for the verifier's question
    LIT = "lit"  # shows a code
    INFORMATION = "information"  # shows serial number, firmware version, battery
    SELF_TEST = "self-test"  # shows what the self-test found
    PIN_BLOCKED = "pin-blocked"  # too many wrong PINs
    RECOVERY = "recovery"  # shows the ways out: restart, test, erase
    DEAD = "dead"  # no power
    TAMPERED = "tampered"  # opened: the seed is gone


class Event(StrEnum):
    """What happens to it."""

    PRESS = "press"  # the button, for less than a second and a half
    HOLD = "hold"  # the button, for longer
    KEY = "key"  # a digit of the keypad
    CLEAR = "clear"  # the keypad's way to begin anew
    ENTER = "enter"  # the keypad's way to send what was typed
    DARK = "dark"  # the display's time is over
    PROGRAM = "program"  # a seed or a PIN was written
    POWER_UP = "power-up"  # power came (back)
    BATTERY_LOW = "battery-low"
    POWER_OFF = "power-off"  # the battery is flat, or was taken out
    TAMPER = "tamper"  # the case was opened
    # what the fob tells itself
    PIN_RIGHT = "pin-right"
    PIN_WRONG = "pin-wrong"
    RESTART = "restart"
    TEST = "test"  # recovery's option, or the button was held when power came
    ERASE = "erase"
    DAMAGE = "damage"  # an integrity check failed


class If(StrEnum):
    """What a transition may depend on."""

    TAMPERED = "tampered"
    FLAT = "battery flat"
    ASLEEP = "never woken"
    STUMBLING = "too many interrupted starts"
    DAMAGED = "memory damaged"
    EMPTY = "no seed"
    EXHAUSTED = "too many wrong PINs"
    LOW = "battery low"
    PROTECTED = "PIN set"
    ASKED = "answers questions"
    FUSED = "fuse blown"


class Do(StrEnum):
    """What the firmware does in a transition."""

    WAKE = "start the oscillator"
    START = "count the start, mend torn writes"
    LIGHT = "light the display"
    TAKE_CODE = "take the next code"
    TYPE = "take a digit"
    CLEAR_TYPED = "forget the keys since the last enter"
    FORGET_TYPED = "forget what was typed"
    CHECK_PIN = "count the attempt, then check it"
    ANSWER = "answer the question"
    TURN_PAGE = "next page"
    NEXT_OPTION = "next option"
    CHOOSE = "do what the option says"
    FORGIVE_STARTS = "forget interrupted starts"
    TEST = "test itself"
    ERASE = "erase seed and PIN"
    ZEROIZE = "wipe the seed"


REST: Final = "rest"
STAY: Final = "stay"
Next = State | Literal["rest", "stay"]

RESTS = (
    (If.FLAT, State.DEAD),
    (If.TAMPERED, State.TAMPERED),
    (If.ASLEEP, State.SHIPPING),
    (If.STUMBLING, State.RECOVERY),
    (If.DAMAGED, State.RECOVERY),
    (If.EMPTY, State.UNPROVISIONED),
    (If.EXHAUSTED, State.PIN_BLOCKED),
    (If.LOW, State.LOW_BATTERY),
    (None, State.IDLE),
)


class Transition(NamedTuple):
    """From any of `states`, upon `event`, if `condition` holds: do `action`, and go on to `next`."""

    states: frozenset[State]
    event: Event
    condition: If | None
    action: Do | None
    next: Next


S, E = State, Event
ALL = frozenset(State)
AWAKE = ALL - {S.DEAD, S.TAMPERED, S.SHIPPING}
READY = frozenset({S.IDLE, S.LOW_BATTERY})
TYPING = frozenset({S.PIN_ENTRY, S.CHALLENGE})
SHOWING = TYPING | {S.LIT, S.INFORMATION, S.SELF_TEST}


def _in(*states: State) -> frozenset[State]:
    return frozenset(states)


TRANSITIONS = (
    # --- the button ---
    Transition(READY, E.PRESS, If.PROTECTED, Do.LIGHT, S.PIN_ENTRY),
    Transition(READY, E.PRESS, If.ASKED, Do.LIGHT, S.CHALLENGE),
    Transition(READY, E.PRESS, None, Do.TAKE_CODE, S.LIT),
    Transition(_in(S.LIT, S.UNPROVISIONED, S.PIN_BLOCKED, S.TAMPERED), E.PRESS, None, Do.LIGHT, STAY),
    Transition(TYPING | {S.SELF_TEST}, E.PRESS, None, Do.FORGET_TYPED, REST),
    Transition(_in(S.INFORMATION), E.PRESS, None, Do.TURN_PAGE, STAY),
    Transition(_in(S.RECOVERY), E.PRESS, None, Do.NEXT_OPTION, STAY),
    Transition(READY | {S.LIT, S.UNPROVISIONED}, E.HOLD, None, Do.LIGHT, S.INFORMATION),
    Transition(_in(S.PIN_BLOCKED), E.HOLD, None, Do.LIGHT, S.RECOVERY),
    Transition(_in(S.RECOVERY), E.HOLD, None, Do.CHOOSE, STAY),
    Transition(_in(S.SHIPPING), E.HOLD, None, Do.WAKE, REST),
    # --- the keypad ---
    Transition(TYPING, E.KEY, None, Do.TYPE, STAY),
    Transition(TYPING, E.CLEAR, None, Do.CLEAR_TYPED, STAY),
    Transition(_in(S.CHALLENGE), E.ENTER, None, Do.ANSWER, S.LIT),
    Transition(_in(S.PIN_ENTRY), E.ENTER, None, Do.CHECK_PIN, STAY),
    Transition(_in(S.PIN_ENTRY), E.PIN_RIGHT, If.ASKED, Do.LIGHT, S.CHALLENGE),
    Transition(_in(S.PIN_ENTRY), E.PIN_RIGHT, None, Do.TAKE_CODE, S.LIT),
    Transition(_in(S.PIN_ENTRY), E.PIN_WRONG, If.EXHAUSTED, Do.LIGHT, S.PIN_BLOCKED),
    Transition(_in(S.PIN_ENTRY), E.PIN_WRONG, None, Do.LIGHT, STAY),
    # --- recovery: the only ways out ---
    Transition(_in(S.RECOVERY), E.RESTART, None, Do.FORGIVE_STARTS, REST),
    Transition(_in(S.RECOVERY), E.ERASE, If.FUSED, Do.LIGHT, STAY),
    Transition(_in(S.RECOVERY), E.ERASE, None, Do.ERASE, REST),
    # --- time, power and harm ---
    Transition(SHOWING, E.DARK, None, Do.FORGET_TYPED, REST),
    Transition(AWAKE | {S.SHIPPING}, E.PROGRAM, None, Do.FORGET_TYPED, REST),
    Transition(AWAKE, E.TEST, None, Do.TEST, S.SELF_TEST),
    Transition(AWAKE, E.DAMAGE, None, Do.LIGHT, S.RECOVERY),
    Transition(_in(S.IDLE), E.BATTERY_LOW, None, None, S.LOW_BATTERY),
    Transition(ALL, E.POWER_OFF, None, Do.FORGET_TYPED, S.DEAD),
    Transition(ALL, E.POWER_UP, None, Do.START, REST),
    Transition(AWAKE | {S.SHIPPING}, E.TAMPER, None, Do.ZEROIZE, S.TAMPERED),
)


class Step(NamedTuple):
    """What is to be done, and where that leads."""

    action: Do | None
    next: Next


def _index() -> Mapping[tuple[State, Event], tuple[Transition, ...]]:
    return {
        (state, event): tuple(t for t in TRANSITIONS if state in t.states and t.event == event)
        for state in State
        for event in Event
    }


_TRANSITIONS = _index()


def transition(state: State, event: Event, holds: Callable[[If], bool]) -> Step | None:
    """What an event does to a fob in a state; None where it ignores it.

    Args:
        state: the state it is in.
        event: what happens.
        holds: tells whether a condition holds now; asked only as far as needed.
    """
    for found in _TRANSITIONS[state, event]:
        if found.condition is None or holds(found.condition):
            return Step(found.action, found.next)
    return None


def resting(holds: Callable[[If], bool]) -> State:
    """The state that a fob comes to rest in."""
    for condition, state in RESTS:
        if condition is None or holds(condition):
            return state
    raise AssertionError("the last of RESTS holds always")
