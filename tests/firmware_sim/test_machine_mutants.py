"""Whether anybody would notice if the transition table were wrong: scenarios, and mutants that they must kill."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from fob_samples import NOON, SECRET
from fob_starts import PIN, STARTS, Bench, made, pressed
from keyfob.errors import KeyfobError
from keyfob.parameters import Parameters
from keyfob.seed import Seed
from keyfob_firmware import machine
from keyfob_firmware.errors import NoCodeError
from keyfob_firmware.machine import AWAKE, RESTS, STAY, TRANSITIONS, Event, State

S, E = State, Event


class Scenario(NamedTuple):
    events: frozenset[Event]
    run: Callable[[], None]


SCENARIOS = []


def scenario(*events):
    def add(run):
        SCENARIOS.append(Scenario(frozenset(events), run))
        return run

    return add


def _leads(start, event, mode, shows):
    def run():
        bench = Bench(start)
        if event is E.DARK:
            bench.wait(25.5)
        else:
            bench.wait(20.0)
            bench.tell(event)
        assert bench.fob.mode is mode
        assert (bench.fob.screen().cells.strip() != "") is shows
        if shows and event is not E.DARK:
            # what lit it lit it for its whole time
            bench.wait(10.0)
            assert bench.shown
            assert bench.fob.mode is mode

    SCENARIOS.append(Scenario(frozenset({event}), run))


for _start, _event, _mode, _shows in (
    ("shipping", E.HOLD, S.UNPROVISIONED, False),
    ("shipping", E.PRESS, S.SHIPPING, False),
    ("shipping", E.PROGRAM, S.SHIPPING, False),
    ("idle", E.PRESS, S.LIT, True),
    ("low", E.PRESS, S.LIT, True),
    ("pin-idle", E.PRESS, S.PIN_ENTRY, True),
    ("pin-low", E.PRESS, S.PIN_ENTRY, True),
    ("ocra-idle", E.PRESS, S.CHALLENGE, True),
    ("challenge-low", E.PRESS, S.LOW_BATTERY, False),
    ("both-idle", E.PRESS, S.PIN_ENTRY, True),
    ("lit", E.PRESS, S.LIT, True),
    ("unprovisioned", E.PRESS, S.UNPROVISIONED, True),
    ("blocked", E.PRESS, S.PIN_BLOCKED, True),
    ("tampered", E.PRESS, S.TAMPERED, True),
    ("pin-entry", E.PRESS, S.IDLE, False),
    ("pin-entry-low", E.PRESS, S.LOW_BATTERY, False),
    ("challenge", E.PRESS, S.IDLE, False),
    ("self-test", E.PRESS, S.IDLE, False),
    ("information", E.PRESS, S.INFORMATION, True),
    ("recovery-damaged", E.PRESS, S.RECOVERY, True),
    ("dead", E.PRESS, S.DEAD, False),
    ("idle", E.HOLD, S.INFORMATION, True),
    ("low", E.HOLD, S.INFORMATION, True),
    ("lit", E.HOLD, S.INFORMATION, True),
    ("unprovisioned", E.HOLD, S.INFORMATION, True),
    ("blocked", E.HOLD, S.RECOVERY, True),
    ("idle", E.BATTERY_LOW, S.LOW_BATTERY, False),
    ("unprovisioned", E.BATTERY_LOW, S.UNPROVISIONED, False),
    ("pin-entry", E.DARK, S.IDLE, False),
    ("pin-entry-low", E.DARK, S.LOW_BATTERY, False),
    ("challenge", E.DARK, S.IDLE, False),
    ("lit", E.DARK, S.IDLE, False),
    ("lit-low", E.DARK, S.LOW_BATTERY, False),
    ("information", E.DARK, S.IDLE, False),
    ("information-blank", E.DARK, S.UNPROVISIONED, False),
    ("information-low", E.DARK, S.LOW_BATTERY, False),
    ("self-test", E.DARK, S.IDLE, False),
    ("blocked", E.DARK, S.PIN_BLOCKED, False),
    ("recovery-damaged", E.DARK, S.RECOVERY, False),
    ("recovery-stumbling", E.RESTART, S.IDLE, False),
    ("recovery-fused", E.ERASE, S.RECOVERY, True),
    ("idle", E.ERASE, S.IDLE, False),
):
    _leads(_start, _event, _mode, _shows)
for _start, _state in STARTS.items():
    _leads(_start, E.POWER_OFF, S.DEAD, False)
    if _state.mode in AWAKE:
        _leads(_start, E.TEST, S.SELF_TEST, True)
        _leads(_start, E.DAMAGE, S.RECOVERY, True)
    if _state.mode in AWAKE | {S.SHIPPING}:
        _leads(_start, E.TAMPER, S.TAMPERED, True)


def _rests(start, event, mode):
    def run():
        starts = STARTS[start].starts
        bench = Bench(start).tell(event)
        assert bench.fob.mode is mode
        assert bench.fob.state.starts == starts + (event is E.POWER_UP)

    SCENARIOS.append(Scenario(frozenset({event}), run))


for _start, _state in STARTS.items():
    _mode = {
        "shipping": S.SHIPPING, "unprovisioned": S.UNPROVISIONED, "information-blank": S.UNPROVISIONED,
        "low": S.LOW_BATTERY, "pin-low": S.LOW_BATTERY, "pin-entry-low": S.LOW_BATTERY,
        "challenge-low": S.LOW_BATTERY, "lit-low": S.LOW_BATTERY, "information-low": S.LOW_BATTERY,
        "blocked": S.PIN_BLOCKED, "recovery-blocked": S.PIN_BLOCKED,
        "recovery-damaged": S.RECOVERY, "recovery-fused": S.RECOVERY, "recovery-stumbling": S.RECOVERY,
        "dead": S.DEAD, "dead-box": S.DEAD, "tampered": S.TAMPERED,
    }.get(_start, S.IDLE)  # fmt: skip
    _rests(_start, E.POWER_UP, _mode)
    _rests(_start, E.PROGRAM, _mode)
for _start, _mode in (("recovery-damaged", S.RECOVERY), ("recovery-blocked", S.PIN_BLOCKED)):
    _rests(_start, E.RESTART, _mode)


@scenario(E.KEY)
def keys_are_shown_and_light():
    for start, shown in (("pin-entry", "--"), ("challenge", "12")):
        bench = Bench(start)
        bench.fob.type("1")
        bench.wait(20.0)
        bench.fob.type("2")
        assert bench.wait(10.0).shown == shown


@scenario(E.CLEAR)
def clear_begins_anew():
    for start, shown in (("pin-entry", "PIn  5"), ("challenge", "ASk")):
        bench = Bench(start)
        bench.fob.type("1")
        bench.wait(20.0)
        bench.fob.clear()
        assert bench.wait(10.0).shown == shown


@scenario(E.CLEAR)
def clear_keeps_a_pin_that_was_right():
    bench = Bench("pin-entry-both")
    pressed(bench.fob)
    pressed(bench.fob)
    with pytest.raises(NoCodeError):
        bench.fob.enter(PIN)
    bench.fob.clear()
    assert bench.ram.pin == PIN


@scenario(E.PROGRAM, E.POWER_OFF)
def nothing_typed_outlives_programming_or_the_power():
    for start, state in STARTS.items():
        for end, states in ((E.PROGRAM, AWAKE | {S.SHIPPING}), (E.POWER_OFF, State)):
            bench = Bench(start)
            bench.ram.typed = "1"
            bench.tell(end)
            assert (bench.ram.typed == "") is (state.mode in states)


@scenario(E.PRESS)
def question_is_asked_with_a_low_battery_too():
    bench = Bench("challenge-low").tell(E.PRESS)
    assert bench.tell(E.PRESS).fob.mode is S.CHALLENGE


@scenario(E.PIN_RIGHT)
def counter_goes_on_behind_a_pin():
    fob, clock = made(kind=None)
    fob.set_pin(PIN)
    fob.program_counter(Seed(SECRET))
    for counter in range(3):
        assert pressed(fob).enter(PIN).step == counter
        clock.advance(seconds=30.0)


@scenario(E.PRESS, E.DARK, E.PROGRAM, E.POWER_OFF)
def whatever_ends_typing_forgets_it():
    for end in (E.PRESS, E.DARK, E.PROGRAM, E.POWER_OFF):
        bench = Bench("pin-entry")
        bench.fob.type("12")
        assert bench.ram.typed == "12"
        bench.tell(end)
        assert bench.ram.typed == ""
    bench = Bench("challenge")
    bench.fob.enter("12345678")
    assert bench.wait(30.0).fob.display() is None
    assert bench.ram.answer is None


@scenario(E.ENTER, E.PIN_RIGHT)
def right_pin_leads_to_the_code():
    bench = Bench("pin-entry")
    assert bench.fob.enter(PIN).code == Seed(SECRET).code(int(NOON) // 30, Parameters())
    assert bench.fob.mode is S.LIT


@scenario(E.ENTER, E.PIN_RIGHT)
def right_pin_leads_to_the_question_and_lights():
    bench = Bench("pin-entry-both")
    bench.fob.type(PIN)
    bench.wait(24.0)
    bench.tell(E.ENTER)
    assert bench.fob.mode is S.CHALLENGE
    assert bench.wait(20.0).shown == "ASk"
    assert bench.fob.mode is S.CHALLENGE


@scenario(E.ENTER)
def question_is_answered():
    bench = Bench("challenge")
    # RFC 6287, appendix C.1
    assert bench.fob.enter("11111111").code == "243178"
    assert bench.fob.mode is S.LIT


@scenario(E.PIN_WRONG, E.ENTER)
def wrong_pin_costs_an_attempt_and_lights():
    bench = Bench("pin-entry")
    bench.fob.type("0000")
    bench.wait(24.0)
    bench.tell(E.ENTER)
    assert bench.fob.mode is S.PIN_ENTRY
    assert bench.wait(20.0).shown == "PIn  4"


@scenario(E.PIN_WRONG, E.ENTER)
def last_wrong_pin_blocks_and_lights():
    bench = Bench("pin-entry-last")
    bench.fob.type("0000")
    bench.wait(24.0)
    bench.tell(E.ENTER)
    assert bench.fob.mode is S.PIN_BLOCKED
    assert bench.wait(20.0).shown == "bLOCd"


@scenario(E.PRESS)
def information_has_pages():
    bench = Bench("information")
    pages = []
    for _ in range(4):
        pages.append(bench.shown)
        bench.tell(E.PRESS)
    assert len(set(pages[:3])) == 3
    assert pages[3] == pages[0]


@scenario(E.PRESS)
def recovery_has_options():
    bench = Bench("recovery-damaged")
    bars = []
    for _ in range(4):
        bars.append(bench.fob.screen().bar)
        bench.tell(E.PRESS)
    assert bars == [2, 4, 6, 2]


@scenario(E.HOLD, E.RESTART, E.TEST, E.ERASE)
def recovery_does_what_its_option_says():
    for presses, mode in ((0, S.RECOVERY), (1, S.SELF_TEST), (2, S.UNPROVISIONED)):
        bench = Bench("recovery-damaged")
        for _ in range(presses):
            bench.tell(E.PRESS)
        bench.tell(E.HOLD)
        assert bench.fob.mode is mode


@scenario(E.RESTART)
def restart_forgives_interrupted_starts_for_good():
    bench = Bench("recovery-stumbling").tell(E.RESTART)
    assert bench.storage.starts.read() == 0
    assert bench.tell(E.POWER_UP).fob.mode is S.IDLE


@scenario(E.TAMPER)
def nothing_more_happens_to_what_is_dead_or_was_opened():
    for start in ("dead", "dead-box", "tampered"):
        bench = Bench(start)
        mode = bench.fob.mode
        assert bench.tell(E.TAMPER).fob.mode is mode


@scenario(E.ERASE)
def erasing_leaves_no_seed_and_no_pin():
    bench = Bench("recovery-blocked").tell(E.ERASE)
    assert bench.fob.mode is S.UNPROVISIONED
    assert bench.storage.seed.empty
    assert bench.storage.pin.empty
    assert not bench.storage.tampered.burnt


@scenario(E.ERASE)
def fused_fob_keeps_its_seed():
    assert not Bench("recovery-fused").tell(E.ERASE).storage.seed.empty


@scenario(E.TEST)
def test_writes_a_report():
    bench = Bench("idle").tell(E.TEST)
    assert [report.trigger for report in bench.fob.state.reports] == ["power-up"]


@scenario(E.TAMPER)
def tampering_wipes():
    bench = Bench("pin-idle").tell(E.TAMPER)
    assert bench.storage.seed.empty
    assert bench.storage.pin.empty
    assert bench.tell(E.POWER_UP).fob.mode is S.TAMPERED


@scenario(E.HOLD)
def waking_starts_the_clock():
    bench = Bench("shipping").tell(E.HOLD)
    before = bench.fob.now()
    assert bench.wait(60.0).fob.now() == before + 60.0


@scenario(E.PRESS)
def counter_goes_on_with_each_new_press():
    fob, clock = made(kind=None)
    fob.program_counter(Seed(SECRET))
    codes = []
    for _ in range(3):
        codes.append((fob.press().step, fob.press().step))
        clock.advance(seconds=30.0)
    assert codes == [(0, 0), (1, 1), (2, 2)]


@pytest.mark.parametrize("number", range(len(SCENARIOS)))
def test_scenario_holds_with_the_table_as_it_is(number):
    SCENARIOS[number].run()


# --- mutants of the table ---


class Mutant(NamedTuple):
    name: str
    event: Event | None
    transitions: tuple
    rests: tuple = RESTS


def _replaced(index, *news):
    return (*TRANSITIONS[:index], *news, *TRANSITIONS[index + 1 :])


def _mutants():
    for index, found in enumerate(TRANSITIONS):
        name = f"{index} {found.event}"
        yield Mutant(f"{name} gone", found.event, _replaced(index))
        for state in sorted(found.states) if len(found.states) > 1 else ():
            less = found._replace(states=found.states - {state})
            yield Mutant(f"{name} not in {state}", found.event, _replaced(index, less))
        for target in sorted({STAY, S.IDLE, S.DEAD} - {found.next}):
            yield Mutant(f"{name} to {target}", found.event, _replaced(index, found._replace(next=target)))
        if found.condition is not None:
            free = found._replace(condition=None)
            yield Mutant(f"{name} unless not {found.condition}", found.event, _replaced(index, free))
        if found.action is not None:
            idle = found._replace(action=None)
            yield Mutant(f"{name} without doing", found.event, _replaced(index, idle))
    for index, (condition, state) in enumerate(RESTS[:-1]):
        without = (*RESTS[:index], *RESTS[index + 1 :])
        yield Mutant(f"never resting {condition}", None, TRANSITIONS, without)
        always = (*RESTS[:index], (None, state), *RESTS[index + 1 :])
        yield Mutant(f"always resting {state}", None, TRANSITIONS, always)


MUTANTS = list(_mutants())


def _put_in(monkeypatch, mutant):
    monkeypatch.setattr(machine, "TRANSITIONS", mutant.transitions)
    monkeypatch.setattr(machine, "RESTS", mutant.rests)
    monkeypatch.setattr(machine, "_TRANSITIONS", machine._index())


def _killed_by(mutant):
    for each in sorted(SCENARIOS, key=lambda each: mutant.event not in each.events):
        try:
            each.run()
        except (AssertionError, KeyfobError, pytest.fail.Exception):
            return each
    return None


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_wrong_table_is_noticed(mutant, monkeypatch):
    _put_in(monkeypatch, mutant)
    assert _killed_by(mutant) is not None
