"""Budgets as rows: written over what was read or not at all, and never by two that wait for each other."""

import threading

import pytest

from keyfob_verifier.attempts import Failures, Standing, StoredAnswer, ThrottleKey
from keyfob_verifier.decide.throttle import ThrottleState
from keyfob_verifier.errors import StaleRowError, StorageUnavailableError
from keyfob_verifier.service.writing import written

T = "default"
KEYS = [ThrottleKey(f"token:{name}", standing) for name in "abcdef" for standing in Standing]
STATE = ThrottleState(9.0, 1000.0, 1, 1001.0)


def write(context, changes):
    with context.store.write() as transaction:
        transaction.throttles.write(T, changes)


def read(context, keys=KEYS, tenant_id=T):
    with context.store.write() as transaction:
        return transaction.throttles.lock(tenant_id, {key.subject for key in keys})


def test_rows_come_back_as_they_were(context):
    rows = {KEYS[0]: Failures(STATE), KEYS[1]: Failures(STATE._replace(streak=4), 0, b"sealed", 1000.5)}
    write(context, rows)
    assert read(context) == {
        KEYS[0]: Failures(STATE, 1),
        KEYS[1]: Failures(STATE._replace(streak=4), 1, b"sealed", 1000.5),
    }
    assert read(context, KEYS[:2], "another") == {}


def test_subjects_are_found_whatever_characters_they_are_of(context):
    """Many are looked for at once, as one array or document, whose own signs they may have."""
    odd = [
        'token:"a"',
        "token:{b,c}",
        "token:\\d",
        "token:NULL",
        "token:', (e)",
        "token:%s?",
        "token:\u00e9\U0001f511",
    ]
    rows = {ThrottleKey(subject, Standing.UNKNOWN): Failures(STATE) for subject in odd}
    write(context, {**rows, KEYS[0]: Failures(STATE)})
    assert read(context, rows).keys() == rows.keys()
    assert read(context, []) == {}


def test_row_that_changed_meanwhile_is_stale(context):
    write(context, {KEYS[0]: Failures(STATE)})
    for known_version in (0, 2):
        with pytest.raises(StaleRowError):
            write(context, {KEYS[0]: Failures(STATE, known_version), KEYS[2]: Failures(STATE)})
    assert list(read(context)) == [KEYS[0]]
    write(context, {KEYS[0]: Failures(STATE._replace(budget=1.0), 1)})
    assert read(context)[KEYS[0]] == Failures(STATE._replace(budget=1.0), 2)


def test_old_rows_are_forgotten_and_no_more_than_so_many(context):
    write(context, {key: Failures(STATE._replace(at=float(number))) for number, key in enumerate(KEYS)})
    with context.store.write() as transaction:
        transaction.throttles.forget(T, 6.0, 4)
    assert len(read(context)) == len(KEYS) - 4
    with context.store.write() as transaction:
        transaction.throttles.forget("another", 100.0, 100)
        transaction.throttles.forget(T, 6.0, 100)
    assert [row.state.at for row in read(context).values()] == [6.0, 7.0, 8.0, 9.0, 10.0, 11.0]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_row_that_somebody_holds_is_not_waited_for(context):
    write(context, {key: Failures(STATE) for key in KEYS[:3]})
    with context.store.write() as holder:
        holder.throttles.lock(T, {KEYS[0].subject})
        with context.store.write() as transaction:
            transaction.throttles.forget(T, 2000.0, 100)
    assert set(read(context)) == set(KEYS[:2])


@pytest.mark.parametrize("present", [0, 4])
def test_writers_of_the_same_rows_each_count(context, present):
    """Eight writers, half of them with the keys in the opposite order, add one failure each to every row."""
    write(context, {key: Failures(STATE._replace(streak=0)) for key in KEYS[:present]})
    gate, faults = threading.Barrier(8), []

    def add_one(keys):
        def work(transaction):
            rows = transaction.throttles.lock(T, [key.subject for key in keys])
            known = {key: rows.get(key, Failures(STATE._replace(streak=0))) for key in keys}
            transaction.throttles.write(
                T,
                {
                    key: Failures(row.state._replace(streak=row.state.streak + 1), row.version)
                    for key, row in known.items()
                },
            )

        gate.wait(30)
        try:
            for _ in range(3):
                written(context.store, work)
        except StorageUnavailableError as fault:
            faults.append(fault)

    threads = [
        threading.Thread(target=add_one, args=(KEYS[::-1] if number % 2 else KEYS,)) for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert {row.state.streak for row in read(context).values()} == {24}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_two_that_come_to_wait_for_each_other_are_told_to_begin_again(context):
    """One of them read before the other's row was there, and has added what the other is about to add."""
    present, absent = KEYS[2], KEYS[0]
    outcomes, held = {}, threading.Event()

    def hold_and_add():
        with context.store.write() as holder:
            holder.throttles.lock(T, [present.subject])
            held.set()
            holder.throttles.write(T, {absent: Failures(STATE)})

    def add_both(other):
        with context.store.write() as late:
            assert late.throttles.lock(T, [absent.subject, present.subject]) == {}
            write(context, {present: Failures(STATE)})
            late.throttles.write(T, {absent: Failures(STATE)})
            other.start()
            assert held.wait(30)
            late.throttles.write(T, {present: Failures(STATE)})

    def note(name, work, *arguments):
        try:
            work(*arguments)
        except (StaleRowError, StorageUnavailableError) as fault:
            outcomes[name] = type(fault)

    other = threading.Thread(target=note, args=("holder", hold_and_add))
    note("late", add_both, other)
    other.join()
    assert set(outcomes.values()) == {StaleRowError}


def test_answer_that_somebody_else_stored_meanwhile_is_stale(context):
    answer = StoredAnswer("accepted", 5, 0.0, 1000.0)
    with context.store.write() as transaction:
        transaction.stored_answers.add({b"q" * 32: answer})
    with pytest.raises(StaleRowError), context.store.write() as transaction:
        transaction.stored_answers.add({b"a" * 32: answer, b"q" * 32: answer})
    with context.store.read() as transaction:
        assert transaction.stored_answers.find([b"a" * 32, b"q" * 32]) == {b"q" * 32: answer}


def test_known_sources_are_replaced(context, hold):
    token_id = hold().token().id
    for sources in ({b"1": 1.0, b"2": 2.0}, {b"2": 5.0, b"3": 3.0}):
        with context.store.write() as transaction:
            transaction.known_sources.write(T, token_id, sources)
    with context.store.read() as transaction:
        assert transaction.known_sources.of(T, [token_id, "x"]) == {
            token_id: {b"2": 5.0, b"3": 3.0},
            "x": {},
        }
        assert transaction.known_sources.of("another", [token_id]) == {token_id: {}}
