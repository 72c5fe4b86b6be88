import threading

import pytest
from sqlalchemy import text

from databases import connected
from keyfob.diagnostics import FAILURES, InvalidReportError
from keyfob.errors import InvalidParametersError
from keyfob_verifier.errors import (
    DamagedSupportRecordError,
    ReportSerialError,
    SupportRecordNotFoundError,
    SupportStateError,
    TokenNotFoundError,
)
from keyfob_verifier.records import SupportChange, SupportState, TokenStatus
from keyfob_verifier.service import lifecycle, support
from keyfob_verifier.service.installation import DEFAULT_TENANT
from support_samples import report_of

OPEN, IN_PROGRESS, RESOLVED = SupportState


@pytest.fixture
def held(hold):
    return hold(serial="KF-1")


@pytest.fixture
def add(context, held):
    """Opens a support record on a token."""
    return lambda serial="KF-1", note="": support.add(
        context, DEFAULT_TENANT, "tester", serial, report_of(serial), note=note
    )


@pytest.fixture
def move(context):
    """Moves a support record on."""
    return lambda record_id, state, note="", actor="tester": support.update(
        context, DEFAULT_TENANT, actor, record_id, state, note=note
    )


def listed(context, **wanted):
    return [record.id for record in support.page(context, DEFAULT_TENANT, **{"limit": 100} | wanted)]


def audited(context, actions=("support-add", "support-update")):
    with context.store.read() as transaction:
        entries = transaction.audit.latest(DEFAULT_TENANT, "KF-1", 100)
    return [(e.at, e.actor, e.action, e.outcome) for e in reversed(entries) if e.action in actions]


def test_record_keeps_the_report_and_is_open(context, add):
    case = add(note="it shows an 8 as a 6")
    record = case.record
    assert (record.serial, record.state, record.report) == ("KF-1", OPEN, report_of("KF-1"))
    assert record.failures == (FAILURES["E30"], FAILURES["E40"])
    assert case.changes == (SupportChange(context.clock.now(), "tester", OPEN, "it shows an 8 as a 6"),)
    assert support.show(context, DEFAULT_TENANT, record.id) == case


def test_history_tells_when_who_and_why(context, add, move):
    opened_at = context.clock.now()
    record_id = add(note="dark").record.id
    for state, note in ((IN_PROGRESS, "on it"), (RESOLVED, "new battery"), (OPEN, "dark again")):
        context.clock.advance(seconds=60)
        case = move(record_id, state, note, actor=f"who makes it {state}"[:64])
    shown = support.show(context, DEFAULT_TENANT, record_id)
    assert shown == case
    assert shown.changes == (
        SupportChange(opened_at, "tester", OPEN, "dark"),
        SupportChange(opened_at + 60, "who makes it in-progress", IN_PROGRESS, "on it"),
        SupportChange(opened_at + 120, "who makes it resolved", RESOLVED, "new battery"),
        SupportChange(opened_at + 180, "who makes it open", OPEN, "dark again"),
    )
    assert (shown.record.state, shown.record.opened_at, shown.record.changed_at) == (
        OPEN,
        opened_at,
        opened_at + 180,
    )
    assert audited(context) == [
        (change.at, change.actor, "support-update" if index else "support-add", change.state)
        for index, change in enumerate(shown.changes)
    ]


def test_only_the_next_state_follows(context, add, move):
    record_id = add().record.id
    for known, follows in ((OPEN, IN_PROGRESS), (IN_PROGRESS, RESOLVED), (RESOLVED, OPEN)):
        before = support.show(context, DEFAULT_TENANT, record_id), audited(context)
        assert before[0].record.state is known
        for wanted in set(SupportState) - {follows}:
            with pytest.raises(SupportStateError) as caught:
                move(record_id, wanted)
            assert (caught.value.found, caught.value.allowed) == (known, follows)
        assert (support.show(context, DEFAULT_TENANT, record_id), audited(context)) == before
        assert move(record_id, follows).record.state is follows


def test_of_two_who_take_a_record_on_one_does(context, add, move):
    record_id = add().record.id
    outcomes = []

    def take():
        try:
            outcomes.append(move(record_id, IN_PROGRESS).record.state)
        except SupportStateError as error:
            outcomes.append(error.found)

    second = threading.Thread(target=take)
    with context.store.write() as transaction:
        assert transaction.support.lock(DEFAULT_TENANT, record_id).state is OPEN
        second.start()
        second.join(timeout=0.5)
        assert outcomes == []
        first = SupportChange(context.clock.now(), "first", IN_PROGRESS, "mine")
        transaction.support.change(record_id, first)
    second.join()
    assert outcomes == [IN_PROGRESS]
    assert [change.actor for change in support.show(context, DEFAULT_TENANT, record_id).changes] == [
        "tester",
        "first",
    ]


def test_report_of_another_fob_is_refused(context, held, hold):
    hold(serial="KF-2")
    with pytest.raises(ReportSerialError) as caught:
        support.add(context, DEFAULT_TENANT, "tester", "KF-1", report_of("KF-2"))
    assert (caught.value.serial, caught.value.found) == ("KF-1", "KF-2")
    assert listed(context) == audited(context) == []


def test_unknown_token_gets_no_record(context):
    with pytest.raises(TokenNotFoundError):
        support.add(context, DEFAULT_TENANT, "tester", "NOBODY", report_of("NOBODY"))
    with pytest.raises(TokenNotFoundError):
        listed(context, serial="NOBODY")


def test_revoked_token_can_have_a_record(context, held, add):
    assert lifecycle.revoke(context, DEFAULT_TENANT, "tester", "KF-1").status is TokenStatus.REVOKED
    assert add().record.state is OPEN


def test_note_that_cannot_be_kept_is_refused(context, add, move):
    record_id = add(note="x" * 500).record.id
    for note in ("x" * 501, "two\nlines", "\x1b[2J", "\ud800", "\x00"):
        with pytest.raises(InvalidParametersError):
            add(note=note)
        with pytest.raises(InvalidParametersError):
            move(record_id, IN_PROGRESS, note)
    assert listed(context) == listed(context, state=OPEN) == [record_id]


def test_lists_are_by_state_and_by_token_in_order(context, hold, add, move):
    hold(serial="KF-2")
    first, second, third, fourth = (add(serial).record.id for serial in ("KF-1", "KF-2", "KF-1", "KF-2"))
    move(second, IN_PROGRESS)
    move(third, IN_PROGRESS)
    assert listed(context) == [first, second, third, fourth]
    assert listed(context, state=OPEN) == [first, fourth]
    assert listed(context, state=RESOLVED) == []
    assert listed(context, serial="KF-1") == [first, third]
    assert listed(context, serial="KF-1", state=IN_PROGRESS) == [third]
    assert listed(context, limit=3) == [first, second, third]
    assert listed(context, after=third, limit=3) == [fourth]


def test_other_owners_records_are_not_found(context, add):
    record_id = add().record.id
    with pytest.raises(SupportRecordNotFoundError):
        support.show(context, "somebody else", record_id)
    with pytest.raises(SupportRecordNotFoundError):
        support.update(context, "somebody else", "tester", record_id, IN_PROGRESS)
    with pytest.raises(TokenNotFoundError):
        support.add(context, "somebody else", "tester", "KF-1", report_of("KF-1"))
    assert support.page(context, "somebody else", limit=100) == []


@pytest.mark.parametrize("change", ["report = '{}'", "state = 'lost'"])
def test_altered_record_is_named(context, database_url, add, change):
    record_id = add().record.id
    with connected(database_url) as connection:
        connection.execute(text(f"UPDATE support_records SET {change}"))
    with pytest.raises(DamagedSupportRecordError) as caught:
        support.show(context, DEFAULT_TENANT, record_id)
    assert caught.value.record_id == record_id
    assert not isinstance(caught.value, InvalidReportError)
