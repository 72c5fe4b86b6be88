"""How far those get who have a fob's codes, but not its seed: the late relay, and codes hoarded for later."""

import pytest

from attempt_samples import activate, outcome_of, reason_of
from keyfob import Parameters
from keyfob_verifier.decide.policies.credible import CredibleWindow
from keyfob_verifier.decide.resync import find_run, step_by_step
from keyfob_verifier.service import lifecycle
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.next_code import NEXT_CODE_STEPS
from keyfob_verifier.service.outcome import Reason

DAY_S = 86_400.0
STEP_S = 30
AT = 1_800_000_000.0
POLICY = CredibleWindow.for_token(Parameters())


@pytest.fixture
def database_url(tmp_path):
    """What is tested here lies above the database; test_verification.py has a pair over each kind."""
    return f"sqlite:///{tmp_path}/data/verifier.db"


def oldest_in_window(fob):
    """The oldest code that the window holds: what a relay that knows everything about the verifier waits for."""
    context, token = fob.context, fob.token()
    policy, known = context.policy_for(token), context.drift_of(token)
    first, _ = policy.window(known, context.clock.now())
    return max(first, known.last_step + 1)


class TestRelay:
    """It gets each code of a perfect fob, and submits it as late as it is accepted, every time."""

    def test_window_is_not_walked_away(self, fob):
        lateness_s = []
        for _ in range(90):
            fob.context.clock.advance(days=1)
            step = oldest_in_window(fob)
            assert reason_of(fob, fob.seed.code(step, fob.parameters)) is Reason.ACCEPTED
            lateness_s.append(fob.context.clock.now() - (step + 1) * STEP_S)
        assert max(lateness_s) <= furthest_lateness_s(90)
        assert max(lateness_s) < 1200.0

    @pytest.mark.parametrize(("days", "bound_s"), [(30, 700), (365, 2500)])
    def test_lateness_stays_within_the_physical_envelope(self, days, bound_s):
        """A year of it: what three times the crystal's grade allows, two steps for the proof, and the window."""
        state = POLICY.prove(POLICY.enrol(AT, 0.0), AT, int(AT) // STEP_S)
        latest_s = 0.0
        for day in range(1, days + 1):
            at = AT + day * DAY_S
            first, _ = POLICY.window(state, at)
            step = max(first, state.last_step + 1)
            latest_s = max(latest_s, at - (step + 1) * STEP_S)
            state = POLICY.accept(state, at, step)
        assert latest_s <= furthest_lateness_s(days)
        assert latest_s < bound_s


def furthest_lateness_s(days):
    envelope_s = POLICY.envelope_floor_steps * STEP_S + POLICY.envelope_grades * 20e-6 * days * DAY_S
    return envelope_s + POLICY.max_steps * STEP_S + 30.0


def oldest_pair_s(state, at):
    """How old two consecutive codes of a perfect fob may be, and still be found at `at` as a pair."""
    code_at = "{:010d}".format
    now, oldest = int(at) // STEP_S, None
    for age_steps in range(1, 2 * NEXT_CODE_STEPS):
        pair = [code_at(now - age_steps - 1), code_at(now - age_steps)]
        if find_run(POLICY, state, pair, at, step_by_step(code_at), reach_steps=NEXT_CODE_STEPS):
            oldest = age_steps
    return oldest * STEP_S


class TestHoardedPair:
    """Somebody reads two consecutive codes off an unattended fob, and uses them later. Its owner does not log in."""

    @pytest.mark.parametrize(("unused_days", "bound_s"), [(0.5, 420), (7, 480), (30, 600), (365, 3600)])
    def test_pair_is_good_for_minutes_and_not_for_hours(self, unused_days, bound_s):
        state = POLICY.prove(
            POLICY.enrol(AT - 60 * DAY_S, 0.0), AT - 60 * DAY_S, int(AT - 60 * DAY_S) // STEP_S
        )
        for day in range(-59, 1):
            at = AT + day * DAY_S
            state = POLICY.accept(state, at, int(at - 8.0) // STEP_S)
        age_s = oldest_pair_s(state, AT + unused_days * DAY_S)
        assert age_s <= bound_s

    @pytest.mark.parametrize("hours", [1, 10])
    def test_morning_s_pair_is_worth_nothing_in_the_evening(self, context, fob, hours):
        codes = fob.code(), fob.code(1)
        context.clock.advance(seconds=hours * 3600.0)
        assert reason_of(fob, codes[0]) is Reason.WRONG
        context.clock.advance(seconds=5.0)
        assert reason_of(fob, codes[1]) is Reason.WRONG_AS_PAIR
        context.clock.advance(seconds=5.0)
        resync = lifecycle.resync(context, DEFAULT_TENANT, "tester", fob.serial, codes)
        assert resync.reason is Reason.WRONG

    def test_pair_that_is_found_moves_the_belief_and_the_owner_s_fob_is_found_again(self, context, fob):
        """A pair of five minutes ago makes the verifier believe in a slow fob; the owner's next two codes mend it."""
        codes = fob.code(), fob.code(1)
        context.clock.advance(seconds=240.0)
        assert reason_of(fob, codes[0]) is Reason.WRONG
        context.clock.advance(seconds=5.0)
        assert reason_of(fob, codes[1]) is Reason.ACCEPTED_AS_PAIR
        context.clock.advance(seconds=3600.0)
        assert reason_of(fob, fob.code()) is Reason.WRONG
        context.clock.advance(seconds=30.0)
        assert reason_of(fob, fob.code()) is Reason.ACCEPTED_AS_PAIR
        context.clock.advance(seconds=60.0)
        assert reason_of(fob, fob.code()) is Reason.ACCEPTED


class TestGuesser:
    def test_no_more_guesses_than_budget_and_refill_and_no_pair_among_them(self, context, hold):
        held = activate(hold())
        compared, started = 0, context.clock.now()
        while context.clock.now() - started < DAY_S:
            outcome = outcome_of(held, held.wrong_code())
            compared += outcome.reason in {Reason.WRONG, Reason.WRONG_AS_PAIR}
            assert outcome.reason is not Reason.ACCEPTED_AS_PAIR
            context.clock.advance(seconds=max(outcome.retry_after_s, 0.5))
        assert compared <= context.throttle.budget + 24 * context.throttle.refill_per_hour + 1
