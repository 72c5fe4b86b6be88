"""What a caller is told of a code: without the permission to diagnose, nothing but accepted or refused."""

import pytest

from keyfob_verifier.access import BUILT_IN_ROLES, Caller, Permission
from keyfob_verifier.api.answers import answer
from keyfob_verifier.api.problems import RetryLaterError
from keyfob_verifier.errors import UnreadableCodeError
from keyfob_verifier.service.outcome import Answer, Outcome, Reason

VALIDATOR = Caller("default", "key", "validator", BUILT_IN_ROLES["validator"])
DESK = Caller("default", "desk", "desk", frozenset({Permission.VALIDATE, Permission.DIAGNOSE}))
OUTCOMES = [Outcome(reason, retry_after_s=2.5) for reason in Reason if reason is not Reason.MALFORMED]
ACCEPTED = {Reason.ACCEPTED, Reason.ACCEPTED_AS_PAIR}


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: outcome.reason)
def test_validator_cannot_tell_refusals_apart(outcome):
    told = answer(outcome, VALIDATOR).model_dump(exclude_none=True)
    assert told == {"answer": "accepted" if outcome.reason in ACCEPTED else "refused"}


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: outcome.reason)
def test_who_may_diagnose_learns_the_reason_and_how_long_to_wait(outcome):
    if outcome.reason in {Reason.THROTTLED, Reason.LOCKED}:
        with pytest.raises(RetryLaterError) as caught:
            answer(outcome, DESK)
        assert caught.value.retry_after_s == 3
    else:
        assert answer(outcome, DESK).reason is outcome.reason


@pytest.mark.parametrize("caller", [VALIDATOR, DESK], ids=["validator", "desk"])
def test_what_cannot_be_a_code_is_named_to_everybody(caller):
    with pytest.raises(UnreadableCodeError):
        answer(Outcome(Reason.MALFORMED), caller)


def test_reasons_of_a_success_are_two():
    assert {reason for reason in Reason if reason.answer is Answer.ACCEPTED} == ACCEPTED


def test_locked_token_is_answered_as_a_wrong_code_is_to_the_byte(running, new_key, fob):
    keys = {role: new_key(role).api_key for role in ("validator", "admin")}

    def ask(role, code, serial=fob.serial):
        question = {"serial": serial, "code": code}
        return running.ask("POST", "/v1/validate", api_key=keys[role], json=question)

    wrong, throttled = ask("validator", fob.wrong_code()), ask("validator", fob.code())
    nobody, malformed = ask("validator", "123456", "NOBODY"), ask("validator", "12345")
    other_length = ask("validator", "12345678")
    assert [response.status_code for response in (wrong, throttled, nobody, other_length)] == [200] * 4
    assert wrong.content == throttled.content == nobody.content == other_length.content
    assert sorted(wrong.headers) == sorted(throttled.headers) == sorted(nobody.headers)
    assert malformed.status_code == 422
    assert "6 digits" not in malformed.text
    told = ask("admin", fob.code())
    assert (told.status_code, told.headers["retry-after"]) == (429, "1")
