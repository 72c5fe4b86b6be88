"""Tokens of random suites, asked and answered at random, held against a plain model of what may happen."""

import itertools
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attempt_samples import attempt
from keyfob import VirtualClock
from keyfob_verifier.records import MovingFactor, Purpose
from keyfob_verifier.service.installation import initialise, open_installation
from keyfob_verifier.service.outcome import Answer
from keyfob_verifier.service.verification import verify
from kind_samples import AnsweringToken
from ocra_samples import ALPHABETS, suites

START = 1_800_000_000.0

people = (f"person {number}" for number in itertools.count())


@pytest.fixture(scope="module")
def context():
    """One installation for all examples, each with a person of its own."""
    clock = VirtualClock(START)
    with tempfile.TemporaryDirectory() as directory:
        place = f"sqlite:///{directory}/data/verifier.db", Path(directory) / "keys" / "kek.key", Purpose.TEST
        initialise(*place, clock)
        opened = open_installation(*place, clock)
        yield opened
        opened.store.close()


def can_be_enrolled(suite):
    """With responses of which no two are alike by chance."""
    if suite.digits < 9:
        return False
    if suite.counter:
        return suite.time_step_s is None or suite.time_step_s >= 30
    return suite.time_step_s is not None or suite.question_length >= 8


def what_is_used(token, code):
    """What no second answer may have in common with an accepted one."""
    token = token.token()
    if token.moving_factor is MovingFactor.COUNTER:
        return token.drift.last_step
    return token.drift.last_step, code


def answered(token, act, question):
    """What is sent for a question: the right answer or another one."""
    if act == "wrong":
        return token.wrong_answer(question)
    return token.answer(question, session=b"x") if act == "another session" else token.answer(question)


def expected(token, act):
    """The answer that the model is sure of; None where it is not."""
    is_asked = token.token().moving_factor is MovingFactor.QUESTION
    if act == "asked" or (act == "own" and not is_asked):
        return Answer.ACCEPTED
    if act in {"own", "wrong"} or (act == "another session" and token.suite.session_bytes is not None):
        return Answer.REFUSED
    return None


@settings(max_examples=settings.default.max_examples // 2)
@given(
    suite=suites.filter(can_be_enrolled),
    acts=st.lists(
        st.tuples(
            st.sampled_from(["own", "asked", "again", "wrong", "another session"]),
            st.floats(0.0, 29.0),
            st.integers(1, 3),
        ),
        min_size=1,
        max_size=8,
    ),
    data=st.data(),
)
def test_right_answers_are_accepted_once_and_wrong_ones_never(context, suite, acts, data):
    token = AnsweringToken(context, str(suite), account=next(people))
    code, question = token.activate()
    sent, used = [(code, question)], {what_is_used(token, code)}
    letters = st.text(ALPHABETS[suite.question], min_size=1, max_size=suite.question_length)
    for act, gap_s, copies in acts:
        context.clock.advance(seconds=3600.0)
        if act == "again":
            code, question = data.draw(st.sampled_from(sent))
        else:
            question = data.draw(letters) if act == "own" else token.ask()
            code = answered(token, act, question)
        sent.append((code, question))
        context.clock.advance(seconds=min(gap_s, (suite.time_step_s or 60) / 2))
        copy = attempt(token, code, challenge=token.challenge(question))
        outcomes = verify(context, [copy] * copies)
        accepted = [outcome for outcome in outcomes if outcome.answer is Answer.ACCEPTED]
        assert len(accepted) <= 1
        if accepted:
            new = what_is_used(token, code)
            assert new not in used
            used.add(new)
        if (sure := expected(token, act)) is not None:
            assert outcomes[0].answer is sure, outcomes
