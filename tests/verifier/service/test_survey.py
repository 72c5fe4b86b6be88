import pytest

from keyfob_verifier.records import AuditEntry, TokenStatus
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.outcome import Answer, Reason
from keyfob_verifier.service.survey import newest_refusals, search, survey
from keyfob_verifier.service.verification import Attempt, verify


@pytest.fixture
def record(context):
    def record(action, outcome, tenant_id=DEFAULT_TENANT):
        with context.store.write() as transaction:
            entry = AuditEntry(context.clock.now(), "tester", action, "KF-1", outcome)
            transaction.audit.append(tenant_id, [entry])

    return record


def fail(context, clock, held, times):
    for _ in range(times):
        attempt = Attempt(DEFAULT_TENANT, "tester", held.serial, held.wrong_code(), clock.now())
        verify(context, [attempt])
        clock.advance(seconds=301)


def test_refusals_are_what_was_not_accepted_newest_first(context, record):
    for reason in Reason:
        record("validate", reason.value)
        record("validate", f"repeated-{reason.value}")
    record("enrol", "pending")
    record("sign-in", "wrong-password")
    found = [entry.outcome for entry in newest_refusals(context, DEFAULT_TENANT, 100)]
    refused = [reason.value for reason in Reason if reason.answer is not Answer.ACCEPTED]
    assert found[0] == "wrong-password"
    assert sorted(found[1:]) == sorted([*refused, *(f"repeated-{word}" for word in refused)])
    assert len(newest_refusals(context, DEFAULT_TENANT, 3)) == 3


def test_another_tenants_refusals_are_not_seen(context, record):
    record("validate", "wrong", tenant_id="other")
    assert newest_refusals(context, DEFAULT_TENANT, 10) == []


def test_token_is_locked_until_its_budget_has_refilled(context, clock, fob):
    fail(context, clock, fob, 9)
    assert survey(context, DEFAULT_TENANT, 10).locked == ()
    fail(context, clock, fob, 1)
    (locked,) = survey(context, DEFAULT_TENANT, 10).locked
    assert (locked.serial, locked.standing) == (fob.serial, "unknown")
    clock.advance(seconds=locked.wait_s - 1.0)
    assert survey(context, DEFAULT_TENANT, 10).locked
    clock.advance(seconds=2.0)
    assert survey(context, DEFAULT_TENANT, 10).locked == ()


def test_tokens_are_counted_by_status_in_their_tenant(context, fob, hold):
    hold()
    assert survey(context, DEFAULT_TENANT, 10).count == {
        TokenStatus.PENDING: 1,
        TokenStatus.ACTIVE: 1,
        TokenStatus.RESYNC_REQUIRED: 0,
        TokenStatus.REVOKED: 0,
    }
    assert set(survey(context, "other", 10).count.values()) == {0}


def test_search_is_by_the_beginning_whatever_the_case(context, hold):
    hold(serial="KF-A1", account="alice@example.org")
    hold(serial="KF-a2", account="Bob@example.org")
    hold(serial="X_1", account="bob@example.org")
    for prefix, serials in {
        "KF-A": ["KF-A1", "KF-a2"],
        "bob@": ["KF-a2", "X_1"],
        "x_": ["X_1"],
        "x%": [],
        "": ["KF-A1", "KF-a2", "X_1"],
        "\x00": [],
        "\\": [],
    }.items():
        found = search(context, DEFAULT_TENANT, prefix, "", 10)
        assert sorted(token.serial for token in found) == serials
        assert search(context, "other", prefix, "", 10) == []
        assert len(search(context, DEFAULT_TENANT, prefix, "", 1)) == min(1, len(serials))
