import pytest

from fob_samples import NOON, SECRET
from fob_starts import LOW, PIN, STARTS, Bench, made, pressed
from keyfob.parameters import Parameters
from keyfob.seed import Seed
from keyfob_firmware.display import Icon
from keyfob_firmware.faults import BitFlip

DARK = ("", 0, frozenset())
CODE = Seed(SECRET).code(int(NOON) // 30, Parameters())
LOCK, ERROR, BATTERY = Icon.LOCK, Icon.ERROR, Icon.BATTERY


def seen_of(fob):
    screen = fob.screen()
    return screen.cells.strip(), screen.bar, screen.icons


@pytest.mark.parametrize(
    ("start", "text", "bar", "icons"),
    [
        ("lit", CODE, 6, set()),
        ("lit-low", CODE, 6, {BATTERY}),
        ("pin-entry", "PIn  5", 0, {LOCK}),
        ("pin-entry-last", "PIn  1", 0, {LOCK}),
        ("challenge", "ASk", 0, set()),
        ("information", "000001", 0, set()),
        ("information-low", "000001", 0, {BATTERY}),
        ("self-test", "PASS", 0, set()),
        ("blocked", "bLOCd", 0, {LOCK, ERROR}),
        ("recovery-blocked", "r t E", 2, {ERROR}),
        ("recovery-damaged", "r t E", 2, {ERROR}),
        ("tampered", "tAMPEr", 0, {ERROR}),
    ],
)
def test_each_lit_state_has_its_screen(start, text, bar, icons):
    assert seen_of(Bench(start).fob) == (text, bar, frozenset(icons))


@pytest.mark.parametrize(
    "start", ["shipping", "unprovisioned", "idle", "low", "pin-idle", "dead", "dead-box"]
)
def test_each_dark_state_shows_nothing(start):
    assert seen_of(Bench(start).fob) == DARK


@pytest.mark.parametrize("start", STARTS)
def test_every_screen_goes_dark_in_time(start):
    assert seen_of(Bench(start).wait(25.01).fob) == DARK


def test_press_without_a_seed_shows_dashes():
    assert seen_of(pressed(Bench("unprovisioned").fob)) == ("------", 0, frozenset())


@pytest.mark.parametrize(("after_s", "bar"), [(0.0, 6), (4.9, 6), (5.0, 5), (14.9, 4), (15.0, 3), (24.9, 2)])
def test_bar_shrinks_as_the_code_ages(after_s, bar):
    assert Bench("lit").wait(after_s).fob.screen().bar == bar


def test_typed_pin_is_shown_as_dashes_only():
    bench = Bench("pin-entry")
    bench.fob.type(PIN)
    assert seen_of(bench.fob) == ("----", 0, frozenset({LOCK}))


def test_typed_question_is_shown_from_its_end():
    bench = Bench("challenge")
    bench.fob.type("12345678")
    assert bench.shown == "345678"


def test_information_tells_serial_version_and_charge():
    fob = Bench("information").fob
    pages = []
    for _ in range(3):
        pages.append(fob.screen().cells.strip())
        pressed(fob)
    assert pages == ["000001", "F 1-0", "b 100"]


def test_self_test_shows_the_first_failure():
    fob, _ = made()
    fob.inject(BitFlip("seed", 40, 1))
    fob.replace_battery(LOW, button_held=True)
    assert seen_of(fob) == ("E10", 0, frozenset({ERROR, BATTERY}))


@pytest.mark.parametrize("digits", [6, 7, 8, 10])
def test_display_has_a_cell_for_each_digit(digits):
    fob, _ = made(kind=None)
    fob.program(Seed(SECRET), Parameters(digits=digits))
    assert fob.press().code == fob.screen().cells
    assert len(fob.screen().cells) == digits
