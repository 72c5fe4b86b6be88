import pytest

from keyfob import Parameters, Seed
from keyfob_verifier.decide.policies.credible import CredibleWindow
from keyfob_verifier.decide.resync import find_run
from keyfob_verifier.service import finding
from keyfob_verifier.service.finding import WIDE_STEPS, finder

SEED = Seed(bytes(range(20)))
PARAMETERS = Parameters()
NOW = 1_800_000_000.0
STEP = int(NOW) // 30


@pytest.fixture(params=["with the batch kernel", "without"])
def find(request, monkeypatch):
    if request.param == "without":
        monkeypatch.setattr(finding, "find_spec", lambda name: None)
    return finder(SEED, PARAMETERS)


def test_every_step_of_a_wide_range_that_has_the_code_is_found(find):
    """A six-digit code comes up by chance as well, about once in a million steps."""
    first, last = STEP - WIDE_STEPS // 2, STEP + WIDE_STEPS
    found = find(SEED.code(STEP, PARAMETERS), first, last)
    assert STEP in found
    assert all(SEED.code(step, PARAMETERS) == SEED.code(STEP, PARAMETERS) for step in found)
    assert find(SEED.code(last, PARAMETERS), last, last) == [last]


def test_two_codes_a_month_away_are_found_where_a_policy_allows_it(find):
    wide = CredibleWindow.for_token(PARAMETERS)._replace(
        resync_steps=WIDE_STEPS, enrolment_spread_s=30.0 * WIDE_STEPS, supply_step_s=30.0 * WIDE_STEPS
    )
    away = STEP + WIDE_STEPS // 2
    codes = [SEED.code(away, PARAMETERS), SEED.code(away + 1, PARAMETERS)]
    found = find_run(wide, wide.enrol(NOW, 0.0), codes, NOW, find)
    assert found is not None
    assert found.last_step == away + 1
