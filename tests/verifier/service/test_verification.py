from dataclasses import replace

import pytest
from sqlalchemy import text, update

from attempt_samples import attempt, failures_of, outcome_of, statements_of
from attempt_samples import reason_of as reason
from keyfob_verifier.errors import DamagedTokenError, StorageUnavailableError
from keyfob_verifier.service import lifecycle
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.outcome import Answer, Reason
from keyfob_verifier.service.verification import verify
from keyfob_verifier.store.schema import tokens


def submit(fob, *codes, **named):
    return verify(fob.context, [attempt(fob, code, **named) for code in codes])


def record_of(fob):
    with fob.context.store.read() as transaction:
        return transaction.audit.latest(DEFAULT_TENANT, fob.serial, 100)


def test_present_code_is_accepted_once(fob):
    code = fob.code()
    assert reason(fob, code) is Reason.ACCEPTED
    assert reason(fob, code) is Reason.REPLAYED


def test_one_code_many_times_in_a_batch_is_accepted_once(fob):
    outcomes = submit(fob, *[fob.code()] * 8)
    assert [outcome.reason for outcome in outcomes].count(Reason.ACCEPTED) == 1
    assert outcomes[0].reason is Reason.ACCEPTED


def test_each_attempt_of_a_batch_is_decided_on_what_the_one_before_left(fob, hold, context):
    other = hold(account="bob")
    lifecycle.activate(context, DEFAULT_TENANT, "tester", other.serial, other.code(-1))
    outcomes = verify(
        context,
        [
            attempt(fob, fob.code(-1)),
            attempt(other, other.code()),
            attempt(fob, fob.code()),
            attempt(fob, fob.code(-1)),
            attempt(other, other.code()),
        ],
    )
    assert [outcome.reason for outcome in outcomes] == [
        Reason.ACCEPTED,
        Reason.ACCEPTED,
        Reason.ACCEPTED,
        Reason.REPLAYED,
        Reason.REPLAYED,
    ]


def test_older_code_is_refused_after_a_newer_one(fob):
    older = fob.code(-1)
    assert reason(fob, fob.code()) is Reason.ACCEPTED
    assert reason(fob, older) is Reason.REPLAYED


def test_code_used_for_activation_is_used(context, hold):
    held = hold()
    code = held.code()
    assert lifecycle.activate(context, DEFAULT_TENANT, "tester", held.serial, code).reason is Reason.ACCEPTED
    assert reason(held, code) is Reason.REPLAYED


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", Reason.MALFORMED),
        ("12345", Reason.MALFORMED),
        ("12345678901", Reason.MALFORMED),
        ("123  456", Reason.MALFORMED),
        ("１２３４５６", Reason.MALFORMED),
        ("12345a", Reason.MALFORMED),
        ("-12345", Reason.MALFORMED),
        ("1" * 10_000, Reason.MALFORMED),
    ],
)
def test_malformed_code_is_named_and_costs_nothing(fob, typed, expected):
    assert reason(fob, typed) is expected
    assert failures_of(fob) == [None, None]


def test_code_with_a_space_is_accepted(fob):
    code = fob.code()
    assert reason(fob, f"{code[:3]} {code[3:]}") is Reason.ACCEPTED


def test_unknown_token_is_refused_as_a_wrong_code_is(fob):
    (unknown,) = submit(fob, "123456", serial="NOBODY")
    (wrong,) = submit(fob, fob.wrong_code())
    assert (unknown.reason, wrong.reason) == (Reason.UNKNOWN_TOKEN, Reason.WRONG)
    assert unknown.answer is wrong.answer is Answer.REFUSED


def test_pending_token_validates_nothing(hold):
    held = hold()
    assert reason(held, held.code()) is Reason.NOT_ACTIVE


def test_revoked_token_validates_nothing(context, fob):
    lifecycle.revoke(context, DEFAULT_TENANT, "tester", fob.serial)
    assert reason(fob, fob.code()) is Reason.NOT_ACTIVE


def test_failures_lead_to_a_back_off_and_then_to_a_lock(fob, clock):
    wrong = fob.wrong_code()
    assert reason(fob, wrong) is Reason.WRONG
    (throttled,) = submit(fob, fob.code())
    assert (throttled.reason, throttled.answer) == (Reason.THROTTLED, Answer.RETRY_AFTER)
    assert throttled.retry_after_s == pytest.approx(1.0)
    for _ in range(9):
        clock.advance(seconds=300)
        assert reason(fob, fob.wrong_code()) in {Reason.WRONG, Reason.LOCKED}
    clock.advance(seconds=300)
    (locked,) = submit(fob, fob.code())
    assert locked.reason is Reason.LOCKED
    clock.advance(seconds=locked.retry_after_s + 1)
    assert reason(fob, fob.code()) is Reason.ACCEPTED


def test_success_ends_the_back_off_but_does_not_refill_the_budget(fob, clock):
    reason(fob, fob.wrong_code())
    clock.advance(seconds=2)
    assert reason(fob, fob.code()) is Reason.ACCEPTED
    for failures in failures_of(fob):
        assert failures.state.streak == 0
        assert failures.state.budget < 9.01


def test_every_attempt_stands_in_the_record_with_its_reason(fob):
    code = fob.code()
    submit(fob, code, code, "x")
    entries = record_of(fob)
    assert [entry.outcome for entry in reversed(entries)] == [
        "pending",
        "accepted",
        "accepted",
        "replayed",
        "malformed",
    ]
    assert [entry.action for entry in reversed(entries)] == ["enrol", "activate"] + ["validate"] * 3
    assert all(code not in str(entry) for entry in entries)


def test_sealed_seed_of_another_row_does_not_open(fob, hold, context):
    """A row swapped in the database is refused, not verified with another token's seed."""
    other = hold(account="bob")
    stolen = other.token().sealed_seed
    with context.store._engine.begin() as connection:
        connection.execute(update(tokens).where(tokens.c.serial == fob.serial).values(sealed_seed=stolen))
    assert reason(fob, other.code()) is Reason.SEED_UNUSABLE


def test_damaged_seed_is_refused_alone(fob, hold, context):
    """The other codes of the batch are decided as if nothing were."""
    other = hold(account="bob")
    lifecycle.activate(context, DEFAULT_TENANT, "tester", other.serial, other.code(-1))
    with context.store._engine.begin() as connection:
        connection.execute(update(tokens).where(tokens.c.serial == other.serial).values(sealed_seed=b"\0"))
    outcomes = verify(context, [attempt(other, other.code()), attempt(fob, fob.code())])
    assert [outcome.reason for outcome in outcomes] == [Reason.SEED_UNUSABLE, Reason.ACCEPTED]


def test_damaged_record_is_named(fob):
    with fob.context.store._engine.begin() as connection:
        connection.execute(update(tokens).where(tokens.c.serial == fob.serial).values(digits=99))
    with pytest.raises(DamagedTokenError) as caught:
        submit(fob, "123456")
    assert caught.value.serial == fob.serial


def test_nothing_is_answered_when_the_record_cannot_be_written(fob, monkeypatch):
    """A code that cannot be recorded as used is not accepted."""
    code = fob.code()
    with fob.context.store._engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit RENAME TO audit_away"))
    with pytest.raises(StorageUnavailableError):
        submit(fob, code)
    with fob.context.store._engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_away RENAME TO audit"))
    assert reason(fob, code) is Reason.ACCEPTED


def test_untroubled_login_makes_four_statements_and_leaves_no_throttle(fob):
    with statements_of(fob.context) as statements:
        assert reason(fob, fob.code()) is Reason.ACCEPTED
    assert [statement.split()[0] for statement in statements] == ["SELECT", "SELECT", "UPDATE", "INSERT"]
    assert failures_of(fob) == [None, None]


@pytest.mark.parametrize("digits", [5, 7, 8, 10])
def test_code_of_another_length_is_wrong_if_it_could_be_some_token_s(fob, digits):
    expected = Reason.MALFORMED if digits == 5 else Reason.WRONG
    assert reason(fob, "1" * digits) is expected


def test_clock_that_is_not_believed_teaches_nothing_but_the_step(fob):
    known = fob.token().drift
    assert reason(fob, fob.code(1), learns=False) is Reason.ACCEPTED
    learned = fob.token().drift
    assert learned == known._replace(last_step=learned.last_step)
    assert learned.last_step > known.last_step
    assert reason(fob, fob.code(1), learns=False) is Reason.REPLAYED


def test_no_lesson_is_mixed_with_another_policy_s_state(fob):
    """The row's state stays that of the policy that wrote it."""
    fob.context = replace(fob.context, policy="fixed")
    assert reason(fob, fob.code(), learns=False) is Reason.ACCEPTED
    assert fob.token().policy == "credible"
    assert reason(fob, fob.code()) is Reason.REPLAYED


def test_waits_are_counted_by_the_clock_that_does_not_jump(fob):
    now = fob.context.clock.now()
    assert reason(fob, fob.wrong_code(), steady_at=now) is Reason.WRONG
    assert reason(fob, fob.code(), at=now + 0.5, steady_at=now + 0.5) is Reason.THROTTLED
    assert outcome_of(fob, fob.code(), at=now, steady_at=now + 2.0).reason is Reason.ACCEPTED


def test_pair_beyond_the_window_is_accepted_and_what_was_kept_of_it_forgotten(fob):
    codes = fob.code(8), fob.code(9)
    assert reason(fob, codes[0]) is Reason.WRONG
    assert failures_of(fob)[0].last_wrong is not None
    fob.context.clock.advance(seconds=30)
    assert reason(fob, codes[1]) is Reason.ACCEPTED_AS_PAIR
    assert failures_of(fob)[0].last_wrong is None
