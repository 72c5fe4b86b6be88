"""What /v1/validate hands on of a request, and what it refuses before any code is looked at."""

import pytest


@pytest.fixture
def validate(running, new_key, fob):
    """Submits a code of the active token, as a caller who may do nothing else."""
    key = new_key("validator").api_key

    def submit(code, headers=None, **more):
        body = {"serial": fob.serial, "code": code, **more}
        return running.ask("POST", "/v1/validate", api_key=key, headers=headers, json=body)

    return submit


def test_answer_that_was_lost_is_given_again_for_the_same_key(validate, fob):
    code = fob.code()
    asked = [validate(code, {"Idempotency-Key": "k" * 32}) for _ in range(2)]
    assert [answer.json() for answer in asked] == [{"answer": "accepted"}] * 2
    assert validate(code, {"Idempotency-Key": "l" * 32}).json() == {"answer": "refused"}
    assert validate(code).json() == {"answer": "refused"}


def test_attacker_elsewhere_does_not_lock_out_whoever_is_where_they_always_are(validate, fob):
    assert validate(fob.code(), source="home").json() == {"answer": "accepted"}
    fob.context.clock.advance(seconds=60)
    assert validate(fob.wrong_code(), source="elsewhere").json() == {"answer": "refused"}
    assert validate(fob.code(), source="elsewhere").json() == {"answer": "refused"}, "it has to wait"
    assert validate(fob.code(), source="home").json() == {"answer": "accepted"}


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_key_of_no_length_or_too_great_a_one_is_refused_and_nothing_recorded(validate, fob, key):
    refused = validate(fob.code(), {"Idempotency-Key": key})
    assert refused.status_code == 422
    assert "idempotency-key" in refused.json()["detail"]
    assert validate(fob.code()).json() == {"answer": "accepted"}


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_body_that_does_not_say_that_it_is_json_is_refused(running, new_key, fob, media_type):
    """A page of somebody else's can send those without asking; it cannot send JSON."""
    body = f'{{"serial": "{fob.serial}", "code": "{fob.code()}"}}'
    refused = running.ask(
        "POST", "/v1/validate", api_key=new_key().api_key, headers={"Content-Type": media_type}, content=body
    )
    assert refused.status_code == 422
    accepted = running.ask(
        "POST",
        "/v1/validate",
        api_key=new_key().api_key,
        headers={"Content-Type": "application/json; charset=utf-8"},
        content=body,
    )
    assert accepted.json()["answer"] == "accepted", "nothing was used by what was refused"


@pytest.mark.parametrize("source", ["", "x" * 256, 7])
def test_source_that_cannot_be_one_is_refused(validate, fob, source):
    refused = validate(fob.code(), source=source)
    assert refused.status_code == 422
    assert "source" in refused.json()["detail"]
