from dataclasses import replace

import pytest

from keyfob import Algorithm, Parameters, Seed
from keyfob.errors import InvalidUriError
from keyfob.uri import parse_uri
from keyfob_verifier.errors import (
    InvalidSerialError,
    SerialTakenError,
    TokenNotFoundError,
    TokenStatusError,
)
from keyfob_verifier.records import TokenStatus
from keyfob_verifier.service import inspection, lifecycle
from keyfob_verifier.service.enrolment import Application, enrol
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.outcome import Reason
from keyfob_verifier.service.verification import Attempt, verify


def activate(held, code):
    return lifecycle.activate(held.context, DEFAULT_TENANT, "tester", held.serial, code).reason


def resync(held, first, second):
    return lifecycle.resync(held.context, DEFAULT_TENANT, "tester", held.serial, (first, second)).reason


def validate(held, code):
    (outcome,) = verify(
        held.context, [Attempt(DEFAULT_TENANT, "tester", held.serial, code, held.context.clock.now())]
    )
    return outcome.reason


def test_enrolment_tells_a_uri_that_carries_everything(hold):
    parameters = Parameters(Algorithm.SHA256, 8, 60)
    held = hold(issuer="Bank", parameters=parameters)
    told = parse_uri(held.enrolment.uri)
    assert (told.account, told.issuer, told.parameters) == ("alice", "Bank", parameters)


def test_enrolled_token_is_pending_and_its_seed_sealed(hold):
    held = hold()
    assert held.token().status is TokenStatus.PENDING
    assert held.seed.reveal() not in held.token().sealed_seed
    assert held.seed.to_base32() not in repr(held.enrolment)


def test_factory_seed_is_taken_as_it_is(hold):
    held = hold(seed=Seed(b"12345678901234567890"))
    assert held.seed.reveal() == b"12345678901234567890"


def test_serial_is_unique_and_a_second_enrolment_changes_nothing(hold):
    first = hold(serial="A-1")
    with pytest.raises(SerialTakenError):
        hold(serial="A-1")
    assert first.token().account == "alice"
    assert activate(first, first.code()) is Reason.ACCEPTED


@pytest.mark.parametrize("serial", ["", " ", "a b", "a/b", "ä", "x" * 65, "a\n"])
def test_malformed_serial_is_refused(context, serial):
    with pytest.raises(InvalidSerialError):
        enrol(context, DEFAULT_TENANT, "tester", Application(account="alice", serial=serial))


def test_account_that_no_uri_can_carry_is_refused_before_anything_is_stored(context):
    with pytest.raises(InvalidUriError):
        enrol(context, DEFAULT_TENANT, "tester", Application(account="a:b", serial="X"))
    with pytest.raises(TokenNotFoundError):
        inspection.show(context, DEFAULT_TENANT, "X")


def test_first_code_activates(hold):
    held = hold()
    assert activate(held, held.code()) is Reason.ACCEPTED
    assert held.token().status is TokenStatus.ACTIVE


@pytest.mark.parametrize("steps_later", [-2, 2])
def test_first_code_of_a_clock_a_minute_off_activates(hold, steps_later):
    held = hold()
    assert activate(held, held.code(steps_later)) is Reason.ACCEPTED


def test_wrong_first_code_leaves_the_token_pending_and_is_charged(hold):
    held = hold()
    assert activate(held, held.wrong_code()) is Reason.WRONG
    assert held.token().status is TokenStatus.PENDING
    assert activate(held, held.code()) is Reason.THROTTLED


def test_malformed_first_code_is_named(hold):
    held = hold()
    assert activate(held, "12345x") is Reason.MALFORMED


def test_token_is_activated_once(fob):
    with pytest.raises(TokenStatusError):
        activate(fob, fob.code())


def test_resync_finds_a_clock_beyond_the_window(fob):
    """A supply drop set the fob's clock four minutes ahead."""
    assert validate(fob, fob.code(8)) is Reason.WRONG
    fob.context.clock.advance(seconds=5)
    assert resync(fob, fob.code(8), fob.code(9)) is Reason.ACCEPTED
    fob.context.clock.advance(seconds=60)
    assert validate(fob, fob.code(8)) is Reason.ACCEPTED


def test_codes_of_a_resync_are_used(fob):
    first, second = fob.code(4), fob.code(5)
    assert resync(fob, first, second) is Reason.ACCEPTED
    assert validate(fob, second) is Reason.REPLAYED
    fob.context.clock.advance(seconds=2)
    assert resync(fob, first, second) is Reason.WRONG


def test_codes_that_are_not_consecutive_do_not_resync(fob):
    before = fob.token().drift
    assert resync(fob, fob.code(4), fob.code(6)) is Reason.WRONG
    fob.context.clock.advance(seconds=60)
    assert resync(fob, fob.code(5), fob.code(4)) is Reason.WRONG
    assert fob.token().drift == before


def test_resync_does_not_reach_back_behind_a_used_code(fob):
    assert validate(fob, fob.code()) is Reason.ACCEPTED
    assert resync(fob, fob.code(-1), fob.code()) is Reason.WRONG


def test_revoked_token_stays_revoked(context, fob):
    revoked = lifecycle.revoke(context, DEFAULT_TENANT, "tester", fob.serial)
    fob.context.clock.advance(days=1)
    again = lifecycle.revoke(context, DEFAULT_TENANT, "tester", fob.serial)
    assert again.revoked_at == revoked.revoked_at
    with pytest.raises(TokenStatusError):
        resync(fob, fob.code(), fob.code(1))


def test_token_that_needs_a_resync_validates_nothing_before_and_is_active_after(context, fob):
    with context.store._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE tokens SET status = 'resync-required'")
    assert validate(fob, fob.code(-1)) is Reason.NOT_ACTIVE
    assert resync(fob, fob.wrong_code(), fob.wrong_code()) is Reason.WRONG
    assert fob.token().status is TokenStatus.RESYNC_REQUIRED
    context.clock.advance(seconds=2)
    assert resync(fob, fob.code(), fob.code(1)) is Reason.ACCEPTED
    assert fob.token().status is TokenStatus.ACTIVE


def test_resync_searches_once_in_a_back_off(fob, monkeypatch):
    searched = []
    finds = lifecycle.find_run
    monkeypatch.setattr(lifecycle, "find_run", lambda *given: searched.append(1) or finds(*given))
    for _ in range(5):
        resync(fob, fob.code(4), fob.code(6))
    assert len(searched) == 1


def test_resync_with_codes_of_another_length_is_wrong_and_charged(fob):
    assert resync(fob, "12345678", "12345678") is Reason.WRONG
    assert resync(fob, fob.code(4), fob.code(5)) is Reason.THROTTLED


@pytest.mark.parametrize("act", [lifecycle.activate, lifecycle.revoke])
def test_unknown_token_is_named(context, act):
    arguments = ["123456"] if act is lifecycle.activate else []
    with pytest.raises(TokenNotFoundError) as caught:
        act(context, DEFAULT_TENANT, "tester", "NOBODY", *arguments)
    assert caught.value.serial == "NOBODY"


def test_view_shows_drift_and_no_seed(fob):
    shown = inspection.show(fob.context, DEFAULT_TENANT, fob.serial)
    assert shown.status == "active"
    assert abs(shown.drift.offset_s) < 60
    assert 0 < shown.drift.offset_sd_s < 60
    assert 0 < shown.drift.rate_sd_ppm < 100
    assert fob.seed.to_base32() not in repr(shown)


def test_uncertainty_grows_while_a_fob_lies_in_a_drawer(fob):
    now = inspection.show(fob.context, DEFAULT_TENANT, fob.serial).drift
    fob.context.clock.advance(days=100)
    later = inspection.show(fob.context, DEFAULT_TENANT, fob.serial).drift
    assert later.offset_sd_s > now.offset_sd_s


def test_pages_hold_every_token_once_in_order(context, hold):
    for serial in ("C", "A", "B"):
        hold(serial=serial)
    first = inspection.page(context, DEFAULT_TENANT, "", 2)
    second = inspection.page(context, DEFAULT_TENANT, first[-1].serial, 2)
    assert [token.serial for token in first + second] == ["A", "B", "C"]


def test_other_owners_token_is_not_found(fob):
    with pytest.raises(TokenNotFoundError):
        inspection.show(fob.context, "somebody else", fob.serial)


def test_state_left_by_another_policy_keeps_its_replay_guard(fob):
    code = fob.code()
    assert validate(fob, code) is Reason.ACCEPTED
    fob.context = replace(fob.context, policy="fixed")
    assert validate(fob, code) is Reason.REPLAYED
    fob.context.clock.advance(seconds=30)
    assert validate(fob, fob.code()) is Reason.ACCEPTED
    fob.context = replace(fob.context, policy="credible")
    assert validate(fob, code) is not Reason.ACCEPTED
    fob.context.clock.advance(seconds=30)
    assert validate(fob, fob.code()) is Reason.ACCEPTED
