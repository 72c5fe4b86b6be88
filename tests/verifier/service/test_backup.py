import itertools
import math
import sqlite3
import stat
from copy import copy
from dataclasses import replace
from functools import partial

import pytest
from alembic import command
from alembic.config import Config
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import MetaData, select, text

from databases import connected
from keyfob import Parameters, VirtualClock
from keyfob_verifier.backup_errors import (
    BackupExistsError,
    BackupNotWrittenError,
    ClockBehindBackupError,
    DamagedBackupError,
    NotABackupError,
)
from keyfob_verifier.decide.policies import POLICIES
from keyfob_verifier.errors import DatabaseExistsError, DatabaseMissingError, VerifierError, WrongPurposeError
from keyfob_verifier.records import Purpose, TokenKind, TokenStatus
from keyfob_verifier.service import lifecycle, questions, support
from keyfob_verifier.service.backup import back_up
from keyfob_verifier.service.installation import DEFAULT_TENANT, initialise, open_installation
from keyfob_verifier.service.outcome import Reason
from keyfob_verifier.service.restore import guarded_token, highest_step, restore
from keyfob_verifier.service.verification import Attempt, verify
from keyfob_verifier.store import backup as store_backup
from keyfob_verifier.store import migrate
from keyfob_verifier.store.database import open_database
from keyfob_verifier.store.digest import RowsDigest
from keyfob_verifier.store.schema import metadata, sessions, stored_answers
from kind_samples import ASKED, TIMED, CountingToken
from support_samples import report_of

DAY_S = 86_400.0
START = 1_800_000_000.0


FROM_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what cannot depend on the database that a backup is made of."""


def unseen(_rows):
    """Nobody looks on."""


@pytest.fixture
def backup(context, tmp_path):
    """Makes a backup of the installation and gives its file."""
    return lambda: back_up(context.store, tmp_path / "backup.keyfob", context.clock, unseen).path


@pytest.fixture(params=["sqlite", "postgresql"])
def target_url(request, tmp_path):
    """Where there is no database yet: of each kind, whichever kind the backup was made of."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/restored/verifier.db"
    return request.getfixturevalue("new_postgres_database")()


@pytest.fixture
def restored(target_url, kek_path, clock):
    """Restores a backup, opens what came of it, and keeps what was said of it."""
    opened = []

    def make(path):
        said = restore(path, target_url, clock, "tester", unseen)
        context = open_installation(target_url, kek_path, Purpose.PRODUCTION, clock)
        opened.append(context)
        return context, said

    yield make
    for context in opened:
        context.store.close()


def rows(url, table):
    columns = sorted(table.columns, key=lambda column: column.name)
    with connected(url) as connection:
        query = select(*columns).order_by(*(table.primary_key.columns))
        return sorted(map(repr, connection.execute(query)))


def submit(context, serial, code):
    (outcome,) = verify(context, [Attempt(DEFAULT_TENANT, "tester", serial, code, context.clock.now())])
    return outcome.reason


def token_of(context, serial):
    with context.store.read() as transaction:
        return transaction.tokens.get(DEFAULT_TENANT, serial)


def test_backup_has_every_row_and_is_for_its_owner_alone(database_url, context, fob, backup):
    support.add(context, DEFAULT_TENANT, "tester", fob.serial, report_of(fob.serial))
    path = backup()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for table in metadata.sorted_tables:
        assert rows(f"sqlite:///{path}", table) == rows(database_url, table)
    assert list(path.parent.glob(".*")) == []


@FROM_SQLITE
def test_backup_is_served_by_no_verifier(backup):
    """Codes that were used since would work again."""
    with pytest.raises(DatabaseMissingError):
        open_database(f"sqlite:///{backup()}")


@FROM_SQLITE
def test_backup_holds_no_seed_in_the_clear(fob, backup):
    content = backup().read_bytes()
    assert fob.seed.reveal() not in content
    assert fob.serial.encode() in content


@FROM_SQLITE
def test_backup_is_useless_without_its_key(backup, fob, clock, target_url, tmp_path):
    restore(backup(), target_url, clock, "tester", unseen)
    others = tmp_path / "others" / "kek.key"
    initialise(f"sqlite:///{tmp_path}/other/verifier.db", others, Purpose.PRODUCTION, clock)
    with pytest.raises(VerifierError) as caught:
        open_installation(target_url, others, Purpose.PRODUCTION, clock)
    assert "key" in caught.value.code or "kek" in caught.value.code


@FROM_SQLITE
def test_existing_file_is_not_written_over(backup, tmp_path):
    (tmp_path / "backup.keyfob").write_text("mine")
    with pytest.raises(BackupExistsError):
        backup()
    assert (tmp_path / "backup.keyfob").read_text() == "mine"


@FROM_SQLITE
def test_backup_into_a_missing_directory_is_refused(context, tmp_path):
    with pytest.raises(BackupNotWrittenError):
        back_up(context.store, tmp_path / "none" / "backup", context.clock, unseen)


def test_backup_that_fails_half_way_leaves_nothing(context, fob, tmp_path):
    def give_up(_rows):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(context.store, tmp_path / "backup.keyfob", context.clock, give_up)
    assert list(tmp_path.glob("*backup*")) == list(tmp_path.glob(".*")) == []


def test_backup_is_of_one_moment_and_keeps_nobody_waiting(context, hold, backup, tmp_path):
    """Tokens that are enrolled while it is written are not in it, nor anything that goes with them."""
    hold(serial="BEFORE")
    told = []

    def enrol_meanwhile(rows):
        if not told:
            hold(serial="MEANWHILE")
        told.append(rows)

    made = back_up(context.store, tmp_path / "backup.keyfob", context.clock, enrol_meanwhile)
    url = f"sqlite:///{made.path}"
    with connected(url) as connection:
        assert connection.scalars(text("SELECT serial FROM tokens")).all() == ["BEFORE"]
        enrolled = "SELECT serial FROM audit WHERE action = 'enrol'"
        assert connection.scalars(text(enrolled)).all() == ["BEFORE"]
    assert sum(told) == made.row_count
    assert token_of(context, "MEANWHILE")


@FROM_SQLITE
@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE tokens SET account = 'mallory'",
        "UPDATE tokens SET drift_last_step = drift_last_step - 1",
        "UPDATE tokens SET sealed_seed = CAST('x' AS BLOB)",
        "DELETE FROM audit WHERE sequence = 1",
        "INSERT INTO tenants VALUES ('another', 'another', 1.0)",
        "DROP TABLE support_changes",
        "CREATE TABLE more (id INTEGER PRIMARY KEY)",
        "ALTER TABLE tokens ADD COLUMN more TEXT",
        "UPDATE backup_contents SET row_count = row_count + 1 WHERE name = 'tokens'",
    ],
)
def test_damaged_backup_is_refused_and_no_database_made(fob, backup, damage, tmp_path, clock):
    path = backup()
    with sqlite3.connect(path) as connection:
        connection.execute(damage)
    connection.close()
    url = f"sqlite:///{tmp_path}/restored/verifier.db"
    with pytest.raises(DamagedBackupError):
        restore(path, url, clock, "tester", unseen)
    assert not (tmp_path / "restored").exists()


@pytest.mark.parametrize("content", [b"", b"Dear reader, " * 500])
def test_file_that_is_no_backup_is_refused(tmp_path, clock, content):
    (tmp_path / "letter").write_bytes(content)
    for path in (tmp_path / "letter", tmp_path / "nothing", tmp_path):
        with pytest.raises(NotABackupError):
            restore(path, f"sqlite:///{tmp_path}/restored/verifier.db", clock, "tester", unseen)


@FROM_SQLITE
def test_backup_of_a_later_form_is_refused(backup, tmp_path, clock):
    path = backup()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE backup SET format = 2")
    connection.close()
    with pytest.raises(NotABackupError):
        restore(path, f"sqlite:///{tmp_path}/restored/verifier.db", clock, "tester", unseen)


def test_database_that_is_there_is_left_alone(database_url, fob, backup, clock):
    path = backup()
    with pytest.raises(DatabaseExistsError):
        restore(path, database_url, clock, "tester", unseen)
    assert submit(fob.context, fob.serial, fob.code()) is Reason.ACCEPTED


@pytest.mark.parametrize("revision", ["0003", "0004", "0005"])
def test_backup_that_an_older_keyfob_made_is_brought_to_the_present_schema(fob, backup, restored, revision):
    path = backup()
    age(path, revision)
    context, _ = restored(path)
    assert token_of(context, fob.serial).drift.last_step > fob.token().drift.last_step
    fob.context.clock.advance(days=1)
    assert submit(context, fob.serial, fob.code()) is Reason.ACCEPTED


def age(path, revision):
    """Makes a backup what a keyfob of an older schema would have made of the same installation."""
    with connected(f"sqlite:///{path}") as connection:
        head = connection.scalar(text("SELECT schema FROM backup"))
        migrate.mark(connection, head)
        config = Config()
        config.set_main_option("script_location", str(migrate._HERE))
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
        migrate.unmark(connection)
        connection.execute(text("UPDATE backup SET schema = :revision"), {"revision": revision})
        connection.execute(text("DELETE FROM backup_contents"))
        known = MetaData()
        known.reflect(connection)
        for name in known.tables.keys() - {"backup", "backup_contents"}:
            digest = RowsDigest()
            for chunk in store_backup._chunks(connection, known.tables[name]):
                digest.add(chunk)
            row = store_backup._described(known.tables[name], digest)
            connection.execute(store_backup._contents.insert(), row)


@FROM_SQLITE
def test_clock_behind_the_backup_restores_nothing(backup, fob, tmp_path):
    path, behind = backup(), VirtualClock(fob.context.clock.now() - 1.0)
    with pytest.raises(ClockBehindBackupError):
        restore(path, f"sqlite:///{tmp_path}/restored/verifier.db", behind, "tester", unseen)
    with pytest.raises(DatabaseMissingError):
        open_database(f"sqlite:///{tmp_path}/restored/verifier.db")


def test_backup_of_a_test_database_is_not_restored(tmp_path, clock):
    url = f"sqlite:///{tmp_path}/test/verifier.db"
    initialise(url, tmp_path / "test-keys" / "kek.key", Purpose.TEST, clock)
    store = open_database(url)
    path = back_up(store, tmp_path / "backup.keyfob", clock, unseen).path
    store.close()
    with pytest.raises(WrongPurposeError):
        restore(path, f"sqlite:///{tmp_path}/restored/verifier.db", clock, "tester", unseen)


def test_code_used_after_the_backup_is_refused_and_the_next_ones_work_once_the_wait_is_over(
    fob, clock, backup, restored
):
    path, used = backup(), []
    for _ in range(5):
        used.append(fob.code())
        assert submit(fob.context, fob.serial, used[-1]) is Reason.ACCEPTED
        clock.advance(seconds=30)
    context, said = restored(path)
    assert said.wait_s < 7.5 * 60.0
    for code in used:
        assert submit(context, fob.serial, code) is not Reason.ACCEPTED
        clock.advance(seconds=20)
    clock.advance(seconds=said.wait_s)
    assert submit(context, fob.serial, fob.code()) is Reason.ACCEPTED


def test_token_that_was_activated_after_the_backup_is_not_activated_with_that_code_again(
    context, hold, backup, restored
):
    held = hold()
    path, code = backup(), held.code()
    assert lifecycle.activate(context, DEFAULT_TENANT, "tester", held.serial, code).reason is Reason.ACCEPTED
    anew, said = restored(path)
    assert token_of(anew, held.serial).status is TokenStatus.PENDING
    again = lifecycle.activate(anew, DEFAULT_TENANT, "tester", held.serial, code)
    assert again.reason is not Reason.ACCEPTED
    context.clock.advance(seconds=said.wait_s + 30.0)
    later = lifecycle.activate(anew, DEFAULT_TENANT, "tester", held.serial, held.code())
    assert later.reason is Reason.ACCEPTED


def in_restored(token, context):
    """The same token in its holder's hand, for the verifier on the restored database."""
    same = copy(token)
    same.context = context
    return same


def test_counter_token_needs_two_codes_after_a_restore(pressed, backup, restored):
    path = backup()
    assert pressed.reason(21) is Reason.ACCEPTED
    context, said = restored(path)
    anew = in_restored(pressed, context)
    assert (said.to_resync, said.wait_s) == (1, 0.0)
    assert anew.token().status is TokenStatus.RESYNC_REQUIRED
    assert [anew.reason(counter) for counter in (20, 21, 22)] == [Reason.NOT_ACTIVE] * 3
    assert anew.resync(25).reason is Reason.ACCEPTED
    assert [anew.reason(counter) for counter in (25, 26, 27)] == [
        Reason.WRONG,
        Reason.REPLAYED,
        Reason.ACCEPTED,
    ]


def test_pending_counter_token_is_activated_by_its_resync_after_a_restore(context, backup, restored):
    token = CountingToken(context)
    anew = in_restored(token, restored(backup())[0])
    assert anew.resync(3).reason is Reason.ACCEPTED
    assert anew.token().activated_at == context.clock.now()
    assert anew.reason(5) is Reason.ACCEPTED


def test_no_answer_that_may_have_been_accepted_lives_again(holding, clock, backup, restored):
    """Neither to the same question nor to a new one; the next step's answer does."""
    token, path = holding(TIMED), backup()
    shown = [(token.answer(question), question) for question in ("1", "2")]
    shown += [(token.answer("3", steps_later=1), "3"), (token.answer("4", steps_later=2), "4")]
    for code, question in shown[:2]:
        assert token.reason(code, question) is Reason.ACCEPTED
    context, said = restored(path)
    anew, last_step = in_restored(token, context), token_of(context, token.serial).drift.last_step
    assert last_step > clock.now() // 60 + 2
    while clock.now() // 60 < last_step:
        code, question = shown[int(clock.now() // 60) % len(shown)]
        assert anew.reason(code, question) is not Reason.ACCEPTED
        now = int(clock.now() // 60)
        for step in range(now - 1, min(now + 2, last_step)):
            clock.advance(seconds=2)
            question = f"{step % 10**8}"
            assert anew.reason(anew.answer(question, steps_later=step - now), question) is not Reason.ACCEPTED
        clock.move_to((now + 1) * 60.0)
    assert said.wait_s <= (last_step + 1) * 60.0 - START
    clock.advance(seconds=3600)
    assert anew.reason(anew.answer("1"), "1") is Reason.ACCEPTED


def test_answer_of_a_step_ahead_of_the_clock_is_used_after_a_restore(holding, clock, backup, restored):
    """By a clock that ran ahead when it was accepted, and was right when the backup was made."""
    token, ahead_s = holding(TIMED), 30 * DAY_S
    step_s = int(ahead_s // 60)
    code, now = token.answer("1", steps_later=step_s), clock.now()
    named = {"at": now + ahead_s, "steady_at": now, "learns": False}
    assert token.reason(code, "1", **named) is Reason.ACCEPTED
    anew = in_restored(token, restored(backup())[0])
    clock.advance(seconds=ahead_s)
    for steps in range(-2, 3):
        assert anew.reason(code, "1", at=clock.now() + 60 * steps) is not Reason.ACCEPTED
        clock.advance(seconds=60)


def test_open_questions_are_closed_by_a_restore_and_answered_ones_stay_so(holding, backup, restored):
    token = holding(ASKED)
    used = token.ask()
    code = token.answer(used)
    assert token.reason(code, used) is Reason.ACCEPTED
    asked = token.ask()
    context, said = restored(backup())
    anew = in_restored(token, context)
    assert (said.to_resync, said.wait_s) == (0, 0.0)
    assert anew.reason(anew.answer(asked), asked) is Reason.QUESTION_NOT_OPEN
    context.clock.advance(seconds=60)
    assert anew.reason(code, used) is Reason.QUESTION_NOT_OPEN
    context.clock.advance(seconds=60)
    digits = [0, *map(int, used[1:]), int(used[0]) - 1]
    repeat = partial(next, itertools.cycle(digits))
    assert (
        questions.ask(context, DEFAULT_TENANT, "tester", token.serial, lambda _limit: repeat()).question
        == used
    )
    assert anew.reason(code, used) is Reason.QUESTION_NOT_OPEN
    context.clock.advance(seconds=60)
    question = anew.ask()
    assert anew.reason(anew.answer(question), question) is Reason.ACCEPTED


def test_everything_else_comes_back_as_it_was(database_url, target_url, fob, *, context, backup, restored):
    support.add(context, DEFAULT_TENANT, "tester", fob.serial, report_of(fob.serial))
    path = backup()
    anew, said = restored(path)
    changed = {"tokens", "audit", "audit_chains", "sessions", "stored_answers"}
    for table in metadata.sorted_tables:
        if table.name not in changed:
            assert rows(target_url, table) == rows(database_url, table), table.name
    before, after = token_of(context, fob.serial), token_of(anew, fob.serial)
    assert after.drift.last_step > before.drift.last_step
    assert after == replace(before, drift=after.drift, version=before.version + 1)
    assert after.drift._replace(last_step=0) == before.drift._replace(last_step=0)
    assert (said.token_count, said.to_resync) == (1, 0)


def test_restored_database_goes_on_counting(context, fob, backup, restored):
    """New rows have numbers of their own in PostgreSQL too, whose counters are not among the rows."""
    support.add(context, DEFAULT_TENANT, "tester", fob.serial, report_of(fob.serial))
    anew, _ = restored(backup())
    case = support.add(anew, DEFAULT_TENANT, "tester", fob.serial, report_of(fob.serial))
    assert case.record.id == 2
    with anew.store.read() as transaction:
        assert {entry.action for entry in transaction.audit.latest(DEFAULT_TENANT, None, 50)} >= {
            "enrol",
            "restore",
            "support-add",
        }


def test_restoring_ends_sessions_and_forgets_answers(context, backup, restored, target_url):
    with context.store.write() as transaction:
        connection = transaction.connection
        connection.execute(
            stored_answers.insert(),
            {"digest": b"1", "reason": "accepted", "step": 1, "retry_after_s": 0.0, "at": 1.0},
        )
    restored(backup())
    assert rows(target_url, stored_answers) == rows(target_url, sessions) == []


@FROM_SQLITE
@pytest.mark.parametrize(
    ("kind", "suite", "status", "expected"),
    [
        (TokenKind.HOTP, None, TokenStatus.ACTIVE, TokenStatus.RESYNC_REQUIRED),
        (TokenKind.HOTP, None, TokenStatus.PENDING, TokenStatus.RESYNC_REQUIRED),
        (TokenKind.HOTP, None, TokenStatus.REVOKED, TokenStatus.REVOKED),
        (TokenKind.OCRA, "OCRA-1:HOTP-SHA1-6:C-QN08", TokenStatus.ACTIVE, TokenStatus.RESYNC_REQUIRED),
        (TokenKind.OCRA, "OCRA-1:HOTP-SHA1-6:QN08", TokenStatus.ACTIVE, TokenStatus.ACTIVE),
        (TokenKind.TOTP, None, TokenStatus.ACTIVE, TokenStatus.ACTIVE),
    ],
)
def test_token_with_a_counter_needs_a_resynchronization(fob, kind, suite, status, expected):
    known = replace(fob.token(), kind=kind, suite=suite, status=status)
    guarded = guarded_token(known, fob.context.clock.now())
    assert guarded.status is expected
    assert guarded == known or expected is TokenStatus.RESYNC_REQUIRED or guarded.drift > known.drift


@FROM_SQLITE
def test_last_step_is_never_put_back(fob):
    ahead = replace(fob.token(), drift=fob.token().drift._replace(last_step=2**40))
    assert guarded_token(ahead, fob.context.clock.now()) == ahead


@given(
    policy_name=st.sampled_from(sorted(POLICIES)),
    grade_ppm=st.sampled_from([5.0, 20.0]),
    pace=st.floats(-1.0, 1.0),
    before=st.lists(st.floats(60.0, 30 * DAY_S), min_size=1, max_size=4),
    since=st.lists(st.tuples(st.floats(30.0, 60 * DAY_S), st.floats(1.0, 40.0)), min_size=1, max_size=6),
    jump=st.tuples(st.integers(0, 5), st.floats(-120.0, 120.0)),
    rest_s=st.floats(0.0, DAY_S),
)
def test_no_code_of_a_real_fob_is_newer_than_what_is_refused(
    *, policy_name, grade_ppm, pace, before, since, jump, rest_s
):
    """Whatever a fob did since the backup: drift, log in late, lose its battery once, be resynchronized."""
    policy, step_s = POLICIES[policy_name](Parameters(), grade_ppm), 30.0
    begin = at = 1.8e9
    state = policy.prove(policy.enrol(at, 0.0), at, math.floor(at / step_s))
    jumped_s = 0.0

    def log_in(state, delay_s):
        offset_s = (at - begin) * pace * grade_ppm * 1e-6 + jumped_s
        step = math.floor((at - delay_s + offset_s) / step_s)
        first, last = policy.window(state, at)
        if state.last_step < step and first <= step <= last:
            return policy.accept(state, at, step), step
        first, last = policy.search(state, at)
        if state.last_step + 1 < step and first < step <= last:
            return policy.prove(state, at, step), step
        return state, -1

    for gap_s in before:
        at += gap_s
        state, _ = log_in(state, 8.0)
    known, used = state, []
    for place, (gap_s, delay_s) in enumerate(since):
        at += gap_s
        jumped_s += jump[1] if place == jump[0] else 0.0
        state, step = log_in(state, delay_s)
        used.append(step)
    assert highest_step(policy, known, at + rest_s) >= max(used)
