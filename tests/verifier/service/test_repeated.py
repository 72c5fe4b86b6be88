"""An attempt made again because its answer was lost gets that answer, and is neither decided nor charged again."""

import threading
from collections import Counter

import pytest
from sqlalchemy import select

from attempt_samples import attempt, failures_of, outcome_of, reason_of, statements_of
from keyfob_verifier.errors import StaleRowError, StorageUnavailableError
from keyfob_verifier.service import verification
from keyfob_verifier.service.installation import DEFAULT_TENANT, open_installation
from keyfob_verifier.service.outcome import Reason
from keyfob_verifier.service.repeated import FORGOTTEN_AT_ONCE, KEPT_S
from keyfob_verifier.service.verification import verify
from keyfob_verifier.store.schema import stored_answers
from kind_samples import QUESTION

KEY = "2f6c"


def test_accepted_code_is_accepted_again_for_who_asks_again(fob):
    code = fob.code()
    first = outcome_of(fob, code, idempotency_key=KEY)
    fob.context.clock.advance(seconds=KEPT_S - 1)
    again = outcome_of(fob, code, idempotency_key=KEY)
    assert (first.reason, first.repeated) == (Reason.ACCEPTED, False)
    assert again == first._replace(repeated=True)
    assert fob.token().version == 3


def test_refused_code_is_charged_once(fob):
    wrong = fob.wrong_code()
    reasons = [outcome_of(fob, wrong, idempotency_key=KEY).reason for _ in range(5)]
    assert reasons == [Reason.WRONG] * 5
    assert failures_of(fob)[0].state.streak == 1


def test_wait_is_told_again(fob):
    reason_of(fob, fob.wrong_code())
    first = outcome_of(fob, fob.code(), idempotency_key=KEY)
    assert first.reason is Reason.THROTTLED
    assert outcome_of(fob, fob.code(), idempotency_key=KEY) == first._replace(repeated=True)


@pytest.mark.parametrize(
    "other", [{"idempotency_key": "other"}, {"actor": "other"}, {"idempotency_key": None}]
)
def test_another_attempt_is_decided_anew(fob, other):
    code = fob.code()
    first = attempt(fob, code, idempotency_key=KEY)
    assert verify(fob.context, [first])[0].reason is Reason.ACCEPTED
    assert verify(fob.context, [first._replace(**other)])[0].reason is Reason.REPLAYED


def test_another_code_under_the_same_key_is_decided(fob):
    assert reason_of(fob, fob.code(), idempotency_key=KEY) is Reason.ACCEPTED
    assert reason_of(fob, fob.code(1), idempotency_key=KEY) is Reason.ACCEPTED


def test_blanks_make_no_other_code(fob):
    code = fob.code()
    assert reason_of(fob, code, idempotency_key=KEY) is Reason.ACCEPTED
    assert outcome_of(fob, f" {code[:3]} {code[3:]}", idempotency_key=KEY).repeated


def test_after_a_minute_it_is_an_attempt_like_any_other(fob):
    code = fob.code()
    assert reason_of(fob, code, idempotency_key=KEY) is Reason.ACCEPTED
    fob.context.clock.advance(seconds=KEPT_S)
    assert reason_of(fob, code, idempotency_key=KEY) is not Reason.ACCEPTED
    assert reason_of(fob, fob.code(), idempotency_key=KEY) is Reason.THROTTLED


def test_clock_put_back_makes_old_answers_no_younger(fob):
    code = fob.code()
    now = fob.context.clock.now()
    assert reason_of(fob, code, steady_at=now + 1e6, idempotency_key=KEY) is Reason.ACCEPTED
    assert reason_of(fob, code, steady_at=now, idempotency_key=KEY) is Reason.REPLAYED


def test_same_attempt_twice_in_a_batch_is_decided_once(fob):
    asked = attempt(fob, fob.code(), idempotency_key=KEY)
    outcomes = verify(fob.context, [asked] * 4)
    assert [outcome.reason for outcome in outcomes] == [Reason.ACCEPTED] * 4
    assert [outcome.repeated for outcome in outcomes] == [False, True, True, True]


def test_record_tells_that_it_was_repeated(fob):
    code = fob.code()
    for _ in range(2):
        outcome_of(fob, code, idempotency_key=KEY)
    with fob.context.store.read() as transaction:
        entries = transaction.audit.latest(DEFAULT_TENANT, fob.serial, 2)
    assert [entry.outcome for entry in entries] == ["repeated-accepted", "accepted"]


def test_nothing_but_a_digest_and_the_answer_is_kept(fob):
    code = fob.code()
    outcome = outcome_of(fob, code, idempotency_key=KEY)
    with fob.context.store._engine.connect() as connection:
        (row,) = connection.execute(select(stored_answers))
    assert len(row.digest) == 32
    assert (row.reason, row.step, row.retry_after_s) == ("accepted", outcome.step, 0.0)
    assert row._fields == ("digest", "reason", "step", "retry_after_s", "at")


def test_old_answers_go_as_new_ones_come(fob):
    for number in range(FORGOTTEN_AT_ONCE):
        outcome_of(fob, "123456", serial="NOBODY", idempotency_key=f"{number}")
    fob.context.clock.advance(seconds=KEPT_S + 1)
    outcome_of(fob, fob.code(), idempotency_key=KEY)
    with fob.context.store._engine.connect() as connection:
        assert len(connection.execute(select(stored_answers)).all()) == 1


def test_attempt_without_a_key_asks_for_no_answer(fob):
    with statements_of(fob.context) as statements:
        reason_of(fob, fob.wrong_code())
    assert not any("stored_answers" in statement for statement in statements)


@pytest.mark.parametrize("serial", [None, "NOBODY"])
def test_of_two_processes_at_once_exactly_one_decides(database_url, kek_path, clock, fob, serial):
    """Each has the database open for itself, and both are let go at one moment."""
    contexts = [fob.context]
    contexts.append(open_installation(database_url, kek_path, fob.context.store.purpose, clock))
    for number in range(8):
        clock.advance(seconds=400)
        code = fob.code()
        asked = attempt(fob, code, idempotency_key=f"{number}", serial=serial or fob.serial)
        gate, outcomes = threading.Barrier(2), []

        def ask(context, asked=asked, gate=gate, outcomes=outcomes):
            gate.wait(30)
            outcomes.extend(verify(context, [asked]))

        threads = [threading.Thread(target=ask, args=(context,)) for context in contexts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expected = Reason.ACCEPTED if serial is None else Reason.UNKNOWN_TOKEN
        assert Counter(outcome.reason for outcome in outcomes) == {expected: 2}
        assert sorted(outcome.repeated for outcome in outcomes) == [False, True]
    contexts[1].store.close()


def test_batch_that_is_overtaken_again_and_again_is_given_up(fob, monkeypatch):
    """Nothing of it is written then."""

    def overtaken(*_arguments):
        raise StaleRowError

    monkeypatch.setattr(verification.Throttling, "write", overtaken)
    code = fob.code()
    with pytest.raises(StorageUnavailableError):
        outcome_of(fob, code, idempotency_key=KEY)
    monkeypatch.undo()
    assert outcome_of(fob, code, idempotency_key=KEY).reason is Reason.ACCEPTED


def test_same_answer_with_another_session_is_another_attempt(holding):
    """Else a right answer would vouch for a session that the token never saw."""
    token = holding("OCRA-1:HOTP-SHA1-6:C-QN08-S008")
    code = token.answer(QUESTION, session=b"one")
    sent = [
        token.reason(code, QUESTION, session, idempotency_key="k") for session in (b"one", b"two", b"one")
    ]
    assert sent == [Reason.ACCEPTED, Reason.WRONG, Reason.ACCEPTED]
