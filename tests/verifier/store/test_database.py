import stat
import subprocess
import sys
import threading
import time

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from databases import connected
from keyfob_verifier.errors import (
    DatabaseMissingError,
    InvalidDatabaseUrlError,
    StaleRowError,
    StorageUnavailableError,
    UnusableDatabaseError,
)
from keyfob_verifier.records import Purpose
from keyfob_verifier.service.installation import DEFAULT_TENANT, initialise
from keyfob_verifier.store import database
from keyfob_verifier.store.database import new_database, open_database, shown
from keyfob_verifier.store.schema import metadata


def test_migrations_make_the_tables_that_the_code_expects(database_url, api_key):
    with connected(database_url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_database_is_made_whole_or_not_at_all(database_url):
    with pytest.raises(ZeroDivisionError), new_database(database_url, Purpose.TEST, 1.0):
        raise ZeroDivisionError
    with pytest.raises(DatabaseMissingError):
        open_database(database_url)
    with connected(database_url) as connection:
        assert inspect(connection).get_table_names() == []


@pytest.mark.parametrize(
    "url", ["", "x", "sqlite://", "sqlite:///:memory:", "mysql://a/b", "sqlite:///file::memory:?uri=true"]
)
def test_url_that_keeps_nothing_is_refused(url):
    with pytest.raises(InvalidDatabaseUrlError):
        open_database(url)


def test_missing_database_is_named_and_not_made(tmp_path):
    with pytest.raises(DatabaseMissingError):
        open_database(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


def test_file_that_is_no_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "letter.db"
    path.write_text("Dear reader, " * 500)
    before = path.read_bytes()
    with pytest.raises(UnusableDatabaseError):
        open_database(f"sqlite:///{path}")
    with pytest.raises(UnusableDatabaseError), new_database(f"sqlite:///{path}", Purpose.TEST, 1.0):
        pass
    assert path.read_bytes() == before


def test_database_cut_short_is_refused(tmp_path):
    path = tmp_path / "cut.db"
    with new_database(f"sqlite:///{path}", Purpose.TEST, 1.0):
        pass
    whole = path.read_bytes()
    assert not path.with_name("cut.db-wal").exists() or path.with_name("cut.db-wal").stat().st_size == 0
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises((UnusableDatabaseError, StorageUnavailableError, DatabaseMissingError)):
        open_database(f"sqlite:///{path}")


def test_unreachable_server_is_unavailable_and_its_password_not_told():
    url = "postgresql://user:sesame@127.0.0.1:1/keyfob"
    with pytest.raises(StorageUnavailableError) as caught:
        open_database(url)
    assert "sesame" not in str(caught.value)
    assert "sesame" not in shown(url)


def test_lock_that_somebody_keeps_is_not_waited_for_for_ever(
    new_postgres_database, kek_path, clock, monkeypatch
):
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 1)
    url = new_postgres_database()
    initialise(url, kek_path, Purpose.TEST, clock)
    store = open_database(url)
    with connected(url) as somebody:
        somebody.execute(text("LOCK TABLE tokens"))
        with pytest.raises(StorageUnavailableError) as caught, store.write() as transaction:
            transaction.tokens.lock(DEFAULT_TENANT, ["A"])
    assert "timeout" in caught.value.reason
    with store.write() as transaction:
        assert transaction.tokens.lock(DEFAULT_TENANT, ["A"]) == {}
    store.close()


def test_sqlite_file_is_for_its_owner_alone(tmp_path):
    path = tmp_path / "data" / "verifier.db"
    with new_database(f"sqlite:///{path}", Purpose.TEST, 1.0):
        pass
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_sqlite_writes_are_durable_and_logged_ahead(tmp_path):
    with new_database(f"sqlite:///{tmp_path}/a.db", Purpose.TEST, 1.0):
        pass
    store = open_database(f"sqlite:///{tmp_path}/a.db")
    with store._engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2
    store.close()


def test_write_that_raises_leaves_nothing(context, hold):
    held = hold()

    def change_and_fail():
        with context.store.write() as transaction:
            token = transaction.tokens.lock(DEFAULT_TENANT, [held.serial])[held.serial]
            transaction.tokens.change([(token, token)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_and_fail()
    assert held.token().version == 1


def test_row_that_changed_meanwhile_is_stale(context, hold):
    held = hold()
    known = held.token()
    with context.store.write() as transaction:
        transaction.tokens.change([(known, known)])
    with pytest.raises(StaleRowError), context.store.write() as transaction:
        transaction.tokens.change([(known, known)])
    assert held.token().version == 2


def test_writers_of_one_row_wait_for_each_other(context, hold):
    """Each of eight writers reads what the one before it wrote."""
    held = hold()

    def write_once():
        with context.store.write() as transaction:
            token = transaction.tokens.lock(DEFAULT_TENANT, [held.serial])[held.serial]
            transaction.tokens.change([(token, token)])

    threads = [threading.Thread(target=write_once) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert held.token().version == 9


def test_token_comes_back_as_it_was(context, hold):
    held = hold(issuer="Bank", grade_ppm=5.0, clock_offset_s=-3.25)
    assert held.token() == held.enrolment.token


BUSY_WRITER = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], timeout=15, isolation_level=None)
print("begun", flush=True)
while True:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE installation SET id = id")
    time.sleep(0.004)
    connection.execute("COMMIT")
"""


@pytest.fixture
def quiet_url(tmp_path, kek_path, clock):
    """An SQLite database that nobody writes to."""
    initialise(url := f"sqlite:///{tmp_path}/data/verifier.db", kek_path, Purpose.PRODUCTION, clock)
    return url


@pytest.fixture
def busy_url(quiet_url):
    """An SQLite database that another process writes to, one transaction after the other."""
    path = str(database.sqlite_path(quiet_url))
    with subprocess.Popen([sys.executable, "-c", BUSY_WRITER, path], stdout=subprocess.PIPE) as writer:
        writer.stdout.readline()
        yield quiet_url
        assert writer.poll() is None
        writer.kill()


def test_process_that_writes_without_a_pause_leaves_others_their_turn(busy_url):
    store = open_database(busy_url)
    began = time.monotonic()
    for _ in range(5):
        store.probe()
    assert time.monotonic() - began < 10.0
    store.close()


def test_writer_gives_up_when_its_patience_ends(quiet_url, monkeypatch):
    store = open_database(quiet_url)
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.3)
    with connected(quiet_url) as holder:
        holder.exec_driver_sql("UPDATE installation SET id = id")
        began = time.monotonic()
        with pytest.raises(StorageUnavailableError, match="locked"):
            store.probe()
        assert 0.3 <= time.monotonic() - began < 5.0
    store.probe()
    store.close()
