"""What is believed between two codes, and the limits that physics sets to it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyfob.parameters import Parameters
from keyfob_verifier.decide.belief import believed, capped, model_of
from keyfob_verifier.decide.estimator import SMALLEST_OFFSET_VARIANCE, SMALLEST_RATE_VARIANCE, predict
from keyfob_verifier.decide.policies.credible import CredibleWindow
from keyfob_verifier.decide.state import NO_STEP, State

SETTINGS = CredibleWindow.for_token(Parameters())
MODEL = model_of(SETTINGS)
AT = 1_800_000_000.0
DAY_S = 86_400.0
STATE = State(60_000_000, AT, 5.0, 2e-6, 9.0, 1e-7, 1e-12, 3.0, AT)


class TestModel:
    def test_settings_are_turned_into_seconds(self):
        assert (MODEL.slowest, MODEL.fastest) == pytest.approx((-45e-6, 25e-6))
        assert MODEL.rate_walk * DAY_S == pytest.approx(0.25e-6**2)
        assert MODEL.offset_walk * DAY_S == pytest.approx(0.25)
        assert MODEL.reach_rate * 365 * DAY_S == pytest.approx(3 * 20 * 31.536)

    def test_a_crystal_without_tolerance_still_leaves_a_doubt(self):
        certain = SETTINGS._replace(grade_ppm=0.0, ageing_ppm=0.0, temperature_ppm=0.0)
        assert model_of(certain).rate_variance == SMALLEST_RATE_VARIANCE

    def test_a_policy_s_model_is_worked_out_once(self):
        assert SETTINGS.model is SETTINGS.model
        assert SETTINGS.model == MODEL
        assert SETTINGS._replace(grade_ppm=5.0).model != MODEL


class TestBelieved:
    def test_within_the_limits_it_is_what_was_predicted(self):
        predicted = predict(STATE[2:7], 9 * DAY_S, MODEL.rate_walk, MODEL.offset_walk)
        found, low_s, high_s = believed(MODEL, STATE, AT + 9 * DAY_S)
        assert found == predicted
        assert capped(MODEL, predicted, low_s, high_s) is predicted

    @given(
        st.tuples(st.floats(-1e7, 1e7), st.floats(-1.0, 1.0)),
        st.tuples(st.floats(0.0, 1e12), st.floats(-0.999, 0.999), st.floats(0.0, 1.0)),
        st.tuples(st.floats(-1e6, 1e6), st.floats(0.0, 1e6)),
    )
    def test_nothing_leaves_the_limits(self, means, doubts, room):
        offset_variance, correlation, rate_variance = doubts
        covariance = correlation * math.sqrt(offset_variance) * math.sqrt(rate_variance)
        low_s, high_s = room[0], room[0] + room[1]
        drift = (*means, offset_variance, covariance, rate_variance)
        kept_s, kept_rate, variance, shared, doubt = capped(MODEL, drift, low_s, high_s)
        assert low_s <= kept_s <= high_s
        assert MODEL.slowest <= kept_rate <= MODEL.fastest
        assert variance >= SMALLEST_OFFSET_VARIANCE
        assert SMALLEST_RATE_VARIANCE <= doubt <= MODEL.rate_variance * (1.0 + 1e-12)
        assert shared**2 <= variance * doubt


class TestEnvelope:
    def test_it_widens_with_the_age_of_the_proof(self):
        assert believed(MODEL, STATE, AT)[1:] == (-57.0, 63.0)
        assert believed(MODEL, STATE, AT + 10 * DAY_S)[1:] == pytest.approx((-57.0 - 51.84, 63.0 + 51.84))

    def test_before_the_first_proof_the_seed_file_is_doubted_too(self):
        assert believed(MODEL, STATE._replace(last_step=NO_STEP), AT)[1:] == pytest.approx(
            (-57.0 - 588.0, 63.0 + 588.0)
        )
