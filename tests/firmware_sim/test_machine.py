"""The transition table, once more by hand; and what follows from it."""

import pytest

from keyfob_firmware.machine import REST, RESTS, STAY, TRANSITIONS, Do, Event, If, State, resting, transition

S, E = State, Event

POWER = {E.POWER_OFF: [(None, S.DEAD)], E.POWER_UP: [(None, REST)]}
HARM = {**POWER, E.TAMPER: [(None, S.TAMPERED)]}
AWAKE_HARM = {
    **HARM,
    E.PROGRAM: [(None, REST)],
    E.TEST: [(None, S.SELF_TEST)],
    E.DAMAGE: [(None, S.RECOVERY)],
}
READY_PRESS = [(If.PROTECTED, S.PIN_ENTRY), (If.ASKED, S.CHALLENGE), (None, S.LIT)]
WRONG = [(If.EXHAUSTED, S.PIN_BLOCKED), (None, STAY)]
RIGHT = [(If.ASKED, S.CHALLENGE), (None, S.LIT)]
TYPED = {E.KEY: [(None, STAY)], E.CLEAR: [(None, STAY)], E.PRESS: [(None, REST)], E.DARK: [(None, REST)]}
READY_EVENTS = {**AWAKE_HARM, E.PRESS: READY_PRESS, E.HOLD: [(None, S.INFORMATION)]}

EXPECTED = {
    S.SHIPPING: {**HARM, E.PROGRAM: [(None, REST)], E.HOLD: [(None, REST)]},
    S.UNPROVISIONED: {**AWAKE_HARM, E.PRESS: [(None, STAY)], E.HOLD: [(None, S.INFORMATION)]},
    S.IDLE: {**READY_EVENTS, E.BATTERY_LOW: [(None, S.LOW_BATTERY)]},
    S.LOW_BATTERY: READY_EVENTS,
    S.PIN_ENTRY: {
        **AWAKE_HARM,
        **TYPED,
        E.ENTER: [(None, STAY)],
        E.PIN_RIGHT: RIGHT,
        E.PIN_WRONG: WRONG,
    },
    S.CHALLENGE: {**AWAKE_HARM, **TYPED, E.ENTER: [(None, S.LIT)]},
    S.LIT: {
        **AWAKE_HARM,
        E.PRESS: [(None, STAY)],
        E.HOLD: [(None, S.INFORMATION)],
        E.DARK: [(None, REST)],
    },
    S.INFORMATION: {**AWAKE_HARM, E.PRESS: [(None, STAY)], E.DARK: [(None, REST)]},
    S.SELF_TEST: {**AWAKE_HARM, E.PRESS: [(None, REST)], E.DARK: [(None, REST)]},
    S.PIN_BLOCKED: {**AWAKE_HARM, E.PRESS: [(None, STAY)], E.HOLD: [(None, S.RECOVERY)]},
    S.RECOVERY: {
        **AWAKE_HARM,
        E.PRESS: [(None, STAY)],
        E.HOLD: [(None, STAY)],
        E.RESTART: [(None, REST)],
        E.ERASE: [(If.FUSED, STAY), (None, REST)],
    },
    S.DEAD: POWER,
    S.TAMPERED: {**POWER, E.PRESS: [(None, STAY)]},
}

_TYPING_ONLY = {E.KEY, E.CLEAR, E.ENTER}
_ANSWERS = {E.PIN_RIGHT, E.PIN_WRONG}
_OPTIONS = {E.RESTART, E.ERASE}
_NEVER_AWAKE = _TYPING_ONLY | _ANSWERS | _OPTIONS | {E.BATTERY_LOW}

IGNORED = {
    S.SHIPPING: _NEVER_AWAKE | {E.PRESS, E.DARK, E.TEST, E.DAMAGE},
    S.UNPROVISIONED: _NEVER_AWAKE | {E.DARK},
    S.IDLE: (_NEVER_AWAKE | {E.DARK}) - {E.BATTERY_LOW},
    S.LOW_BATTERY: _NEVER_AWAKE | {E.DARK},
    S.PIN_ENTRY: _OPTIONS | {E.BATTERY_LOW, E.HOLD},
    S.CHALLENGE: _OPTIONS | _ANSWERS | {E.BATTERY_LOW, E.HOLD},
    S.LIT: _NEVER_AWAKE,
    S.INFORMATION: _NEVER_AWAKE | {E.HOLD},
    S.SELF_TEST: _NEVER_AWAKE | {E.HOLD},
    S.PIN_BLOCKED: _NEVER_AWAKE | {E.DARK},
    S.RECOVERY: (_NEVER_AWAKE | {E.DARK}) - _OPTIONS,
    S.DEAD: set(E) - {E.POWER_OFF, E.POWER_UP},
    S.TAMPERED: set(E) - {E.POWER_OFF, E.POWER_UP, E.PRESS},
}


@pytest.mark.parametrize("state", State)
def test_each_event_is_either_expected_or_ignored(state):
    assert set(EXPECTED[state]) | IGNORED[state] == set(Event)
    assert not set(EXPECTED[state]) & IGNORED[state]


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("state", State)
def test_event_leads_where_the_table_says(state, event):
    if event in IGNORED[state]:
        for condition in (None, *If):
            assert transition(state, event, lambda asked, held=condition: asked is held) is None
        return
    choices = EXPECTED[state][event]
    for held in (None, *If):
        wanted = next(target for condition, target in choices if condition in {None, held})
        assert transition(state, event, lambda asked, held=held: asked is held).next == wanted


def test_condition_is_asked_only_as_far_as_needed():
    asked = []
    transition(S.IDLE, E.PRESS, lambda condition: asked.append(condition) or condition is If.PROTECTED)
    assert asked == [If.PROTECTED]


@pytest.mark.parametrize(
    ("holding", "state"),
    [
        ({If.FLAT, If.TAMPERED, If.DAMAGED}, S.DEAD),
        ({If.TAMPERED, If.ASLEEP, If.EMPTY}, S.TAMPERED),
        ({If.ASLEEP, If.STUMBLING, If.EMPTY}, S.SHIPPING),
        ({If.STUMBLING, If.LOW}, S.RECOVERY),
        ({If.DAMAGED, If.EXHAUSTED}, S.RECOVERY),
        ({If.EMPTY, If.EXHAUSTED, If.LOW}, S.UNPROVISIONED),
        ({If.EXHAUSTED, If.LOW}, S.PIN_BLOCKED),
        ({If.LOW}, S.LOW_BATTERY),
        (set(), S.IDLE),
    ],
)
def test_fob_rests_where_the_worst_of_its_troubles_says(holding, state):
    assert resting(holding.__contains__) is state


def _ways(events=frozenset(Event)):
    """From each state, where its events can lead; with every state that it may come to rest in."""
    rest = {state for _, state in RESTS}
    ways = {state: set() for state in State}
    for found in TRANSITIONS:
        for state in found.states if found.event in events else ():
            ways[state] |= rest if found.next == REST else {state} if found.next == STAY else {found.next}
    return ways


def _reached(ways, start):
    found, new = {start}, {start}
    while new:
        new = {state for known in new for state in ways[known]} - found
        found |= new
    return found


def test_every_state_can_be_reached_from_the_box():
    assert _reached(_ways(), S.SHIPPING) == set(State)


@pytest.mark.parametrize("state", [state for state in State if state is not S.TAMPERED])
def test_every_state_but_tampered_can_be_left(state):
    assert _ways()[state] - {state}


def test_tampered_fob_is_left_by_no_event_but_for_its_power():
    leads = _ways()[S.TAMPERED]
    assert leads == {S.TAMPERED, S.DEAD} | {state for _, state in RESTS}
    # with power back it rests, and what outranks a burnt tamper mark is only a flat battery
    assert RESTS[:2] == ((If.FLAT, S.DEAD), (If.TAMPERED, S.TAMPERED))


def test_only_the_documented_options_power_and_harm_lead_out_of_recovery():
    out = {
        found.event
        for found in TRANSITIONS
        if S.RECOVERY in found.states and found.next not in {STAY, S.RECOVERY}
    }
    assert out == {E.RESTART, E.TEST, E.ERASE, E.PROGRAM, E.POWER_OFF, E.POWER_UP, E.TAMPER}


def test_every_condition_and_every_action_is_used():
    conditions = {found.condition for found in TRANSITIONS} | {condition for condition, _ in RESTS}
    assert conditions == {None, *If}
    assert {found.action for found in TRANSITIONS} == {None, *Do}
