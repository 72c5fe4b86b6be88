"""What a fault looks like to the fob's holder, and what to the verifier."""

import re
from pathlib import Path

import pytest

from keyfob import SealingKey, VirtualClock
from keyfob.oscillator import Crystal, Oscillator
from keyfob_firmware.display import Icon
from keyfob_firmware.errors import NoCodeError
from keyfob_firmware.faults import (
    FAULTS,
    BitFlip,
    BouncingButton,
    BrownOut,
    ClockStep,
    DeadSegments,
    FlatBattery,
    RateJump,
    StoppedOscillator,
    StuckButton,
    Tamper,
    TemperatureShock,
)
from keyfob_firmware.fob import Fob
from keyfob_firmware.machine import State
from keyfob_firmware.state import FobState
from keyfob_verifier.attempts import token_subject
from keyfob_verifier.records import Purpose
from keyfob_verifier.service import lifecycle
from keyfob_verifier.service.enrolment import Application, enrol
from keyfob_verifier.service.installation import DEFAULT_TENANT, initialise, open_installation
from keyfob_verifier.service.verification import Attempt, verify

START = 1_800_000_000.0
SERIAL = "FAULTY-1"
PAGE = Path(__file__).parents[2] / "docs" / "faults.md"


class Holder:
    """Somebody with a fob, whose token is active, and the verifier."""

    def __init__(self, context, clock):
        self.context, self.clock = context, clock
        enrolled = enrol(context, DEFAULT_TENANT, "tester", Application(account="alice", serial=SERIAL))
        oscillator = Oscillator(crystal=Crystal(0.0), made_at=START, wander_seed=1)
        self.fob = Fob(FobState.new(SERIAL, oscillator), SealingKey.generate(), clock)
        self.fob.provision(enrolled.uri)
        assert lifecycle.activate(context, DEFAULT_TENANT, "tester", SERIAL, self.read()).reason == "accepted"
        clock.advance(seconds=60)
        assert self.logs_in() == "accepted"
        clock.advance(seconds=60)

    def read(self):
        """Presses the button, and reads what is seen."""
        return self.fob.press().seen

    def types(self, code):
        (outcome,) = verify(self.context, [Attempt(DEFAULT_TENANT, "tester", SERIAL, code, self.clock.now())])
        return outcome.reason

    def logs_in(self):
        return self.types(self.read())

    def resynchronizes(self):
        first = self.fob.press()
        self.clock.advance(seconds=first.changes_in_s + 1)
        codes = first.code, self.fob.press().code
        reason = lifecycle.resync(self.context, DEFAULT_TENANT, "tester", SERIAL, codes).reason
        self.clock.advance(seconds=60)
        return reason

    def failures_left(self):
        with self.context.store.write() as transaction:
            token = transaction.tokens.get(DEFAULT_TENANT, SERIAL)
            counted = transaction.throttles.lock(DEFAULT_TENANT, [token_subject(token.id)]).values()
        return min((failures.state.budget for failures in counted), default=self.context.throttle.budget)


@pytest.fixture
def holder(tmp_path):
    clock = VirtualClock(START)
    place = f"sqlite:///{tmp_path}/data/verifier.db", tmp_path / "keys" / "kek.key", Purpose.TEST
    initialise(*place, clock)
    context = open_installation(*place, clock)
    yield Holder(context, clock)
    context.store.close()


@pytest.mark.parametrize("seconds", [200.0, -200.0])
def test_clock_step_is_refused_until_two_codes_are_sent(holder, seconds):
    holder.fob.inject(ClockStep(seconds))
    assert holder.read().isdigit()
    assert holder.logs_in() == "wrong"
    holder.clock.advance(seconds=300)
    assert holder.resynchronizes() == "accepted"
    assert holder.logs_in() == "accepted"


def test_stopped_oscillator_shows_one_code_and_is_refused_until_two_codes_are_sent(holder):
    holder.fob.inject(StoppedOscillator(240.0))
    first = holder.read()
    assert holder.types(first) == "accepted"
    holder.clock.advance(seconds=40)
    assert holder.read() == first
    assert "E21" in holder.fob.diagnose().failures
    assert holder.types(first) == "replayed"
    holder.clock.advance(seconds=240)
    assert holder.logs_in() == "wrong"
    holder.clock.advance(seconds=60)
    assert holder.resynchronizes() == "accepted"
    assert holder.logs_in() == "accepted"


def test_rate_jump_is_followed_by_daily_logins(holder):
    holder.fob.inject(RateJump(40.0))
    for _ in range(30):
        holder.clock.advance(days=1)
        assert holder.logs_in() == "accepted"
    assert holder.fob.now() - holder.clock.now() > 100


def test_rate_jump_is_refused_after_a_long_pause(holder):
    holder.fob.inject(RateJump(300.0))
    assert "E20" in holder.fob.diagnose().failures
    holder.clock.advance(days=200)
    assert holder.read().isdigit()
    assert holder.logs_in() == "wrong"


def test_temperature_shock_is_within_the_window(holder):
    holder.fob.inject(TemperatureShock(-20.0, 43_200.0))
    holder.clock.advance(seconds=43_200)
    assert -4.0 < holder.fob.now() - holder.clock.now() < -2.0
    assert holder.logs_in() == "accepted"


def test_brown_out_during_a_press_is_dark_and_the_next_press_is_accepted(holder):
    holder.fob.inject(BrownOut())
    with pytest.raises(NoCodeError, match="dark"):
        holder.read()
    assert not holder.fob.lit().parts
    assert holder.logs_in() == "accepted"


def test_many_brown_outs_lead_to_recovery_and_a_restart_out_of_it(holder):
    holder.fob.inject(BrownOut(after_writes=16, times=6))
    with pytest.raises(NoCodeError, match="recovery"):
        holder.read()
    holder.fob.hold()
    assert holder.logs_in() == "accepted"


def test_flipped_bit_of_the_seed_gives_an_error_and_no_code(holder):
    holder.fob.inject(BitFlip("seed", 40, 3))
    for _ in range(3):
        with pytest.raises(NoCodeError):
            holder.read()
    assert holder.fob.display() is None
    assert Icon.ERROR in holder.fob.screen().icons
    assert holder.fob.diagnose().failures == ("E10",)


def test_stuck_button_does_nothing(holder):
    holder.fob.inject(StuckButton())
    with pytest.raises(NoCodeError, match="dark"):
        holder.read()
    assert not holder.fob.lit().parts
    assert holder.fob.diagnose().failures == ("E50",)


def test_bouncing_button_is_felt_once(holder):
    holder.fob.inject(BouncingButton())
    presses = holder.fob.state.presses
    assert holder.logs_in() == "accepted"
    assert holder.fob.state.presses == presses + 1


def test_dead_segments_are_misread_refused_and_counted(holder):
    # an 8 without its middle segment reads as a 0
    holder.fob.inject(DeadSegments(((0, "g"),)))
    while not holder.fob.press().code.startswith("8"):
        holder.clock.advance(seconds=30)
    budget = holder.failures_left()
    reading = holder.fob.press()
    assert reading.seen == f"0{reading.code[1:]}"
    assert holder.types(reading.seen) == "wrong"
    assert holder.failures_left() < budget
    assert holder.fob.diagnose().failures == ("E30",)


def test_flat_battery_is_dark_and_another_one_leaves_the_clock_behind(holder):
    holder.fob.inject(FlatBattery())
    with pytest.raises(NoCodeError, match="no power"):
        holder.read()
    assert not holder.fob.lit().parts
    holder.clock.advance(seconds=200)
    holder.fob.replace_battery()
    assert holder.clock.now() - holder.fob.now() == pytest.approx(200, abs=1)
    assert holder.logs_in() == "wrong"
    holder.clock.advance(seconds=60)
    assert holder.resynchronizes() == "accepted"
    assert holder.logs_in() == "accepted"


def test_fob_that_was_without_power_for_days_is_found_no_more(holder):
    holder.fob.inject(FlatBattery())
    holder.clock.advance(days=2)
    holder.fob.replace_battery()
    assert holder.read().isdigit()
    assert holder.logs_in() == "wrong"
    assert holder.resynchronizes() == "wrong"


def test_tampered_fob_is_wiped_and_gives_no_code(holder):
    holder.fob.inject(Tamper())
    with pytest.raises(NoCodeError, match="wiped its seed"):
        holder.read()
    assert holder.fob.screen().cells == "tAMPEr"
    assert holder.fob.state.credential is None
    holder.fob.replace_battery()
    assert holder.fob.mode is State.TAMPERED
    assert "E60" in holder.fob.diagnose().failures


@pytest.mark.parametrize("name", FAULTS)
def test_page_of_faults_tells_what_user_and_verifier_see(name):
    sections = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)
    (section,) = [section for section in sections if section.startswith(f"{name}\n")]
    assert f"`{FAULTS[name].__name__}(" in section
    assert "\nThe user\n: " in section
    assert "\nThe verifier\n: " in section


def test_page_tells_of_no_other_faults():
    assert re.findall(r"^## (.*)$", PAGE.read_text(), flags=re.MULTILINE) == list(FAULTS)
