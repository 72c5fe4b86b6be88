import pytest

from fob_samples import SECRET, tells
from fob_starts import LOW, STARTS, Bench, made, pressed
from keyfob.diagnostics import parse_report, report_to_json
from keyfob.parameters import Algorithm
from keyfob.seed import Seed
from keyfob_firmware import selftest
from keyfob_firmware.errors import PowerFailedError
from keyfob_firmware.faults import (
    BitFlip,
    BrownOut,
    DeadSegments,
    FlatBattery,
    RateJump,
    StoppedOscillator,
    StuckButton,
    Tamper,
)
from keyfob_firmware.state import REPORTS_KEPT


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (BitFlip("seed", 40, 1), "E10"),
        (BitFlip("pin", 20, 1), "E12"),
        (BitFlip("pin-failures", 8, 1), "E12"),
        (RateJump(251.0), "E20"),
        (RateJump(-251.0), "E20"),
        (StoppedOscillator(60.0), "E21"),
        (DeadSegments(((0, "a"),)), "E30"),
        (StuckButton(), "E50"),
        (Tamper(), "E60"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.kind,
)
def test_fault_is_found_and_nothing_else(fault, code):
    fob, _ = made(pin="4711")
    fob.inject(fault)
    assert fob.diagnose().failures == (code,)


def test_lost_counter_is_found():
    fob, _ = made(kind=None)
    fob.program_counter(Seed(SECRET))
    fob.inject(BitFlip("counter", 8, 1))
    assert fob.diagnose().failures == ("E11",)


def test_low_battery_is_found():
    fob, _ = made(battery=LOW)
    assert fob.diagnose().failures == ("E40",)


def test_flat_battery_is_found():
    fob, _ = made()
    fob.inject(FlatBattery())
    assert set(fob.diagnose().failures) == {"E21", "E40", "E41"}


def test_torn_write_is_found_at_the_start_after_it():
    fob, _ = made(kind=None)
    fob.inject(BrownOut(after_writes=60))
    with pytest.raises(PowerFailedError):
        fob.program(Seed(SECRET))
    assert fob.diagnose().failures == ("E13",)
    fob.replace_battery()
    assert fob.diagnose().failures == ()


@pytest.mark.parametrize(
    ("algorithm", "code"), list(zip(Algorithm, ["E01", "E02", "E03"], strict=True)), ids=str
)
def test_hash_that_computes_wrongly_is_found(algorithm, code, monkeypatch):
    def broken(key, counter, parameters):
        return selftest_hotp(key, counter + (parameters.algorithm is algorithm), parameters)

    selftest_hotp = selftest.hotp
    monkeypatch.setattr(selftest, "hotp", broken)
    fob, _ = made()
    assert fob.diagnose().failures == (code,)


@pytest.mark.parametrize("rate_ppm", [249.0, -249.0])
def test_rate_within_the_limits_passes(rate_ppm):
    fob, _ = made()
    fob.inject(RateJump(rate_ppm))
    assert fob.diagnose().failures == ()


@pytest.mark.parametrize("start", STARTS)
def test_report_of_every_state_survives_its_file_and_tells_no_secret(start):
    fob = Bench(start).fob
    report = fob.diagnose()
    content = report_to_json(report)
    assert parse_report(content) == report
    assert report.state == fob.mode
    assert not tells(content.decode(), SECRET)


def test_testing_changes_nothing_but_the_history():
    fob, _ = made()
    before = fob.state
    report = fob.diagnose()
    assert fob.state.memory == before.memory
    assert fob.state.mode == before.mode
    assert fob.state.reports == (*before.reports, report)


def test_counters_stand_in_the_report():
    fob, _ = made(pin="4711")
    pressed(fob)
    fob.replace_battery()
    pressed(fob)
    counters = fob.diagnose().counters
    assert counters == {"presses": 2, "boots": 1, "interrupted_boots": 0, "pin_failures": 0}


def test_only_the_last_reports_are_kept():
    fob, clock = made()
    for _ in range(REPORTS_KEPT + 3):
        clock.advance(seconds=1)
        last = fob.diagnose()
    assert len(fob.state.reports) == REPORTS_KEPT
    assert fob.state.reports[-1] == last
