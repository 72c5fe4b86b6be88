"""The database: made, opened and asked in transactions. SQLite by default, PostgreSQL by URL."""

import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, select, text, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from keyfob_verifier.audit.chain import HASH_BYTES
from keyfob_verifier.errors import (
    DatabaseExistsError,
    DatabaseMissingError,
    InvalidDatabaseUrlError,
    StorageUnavailableError,
    UnknownSchemaError,
    UnusableDatabaseError,
)
from keyfob_verifier.records import Purpose
from keyfob_verifier.store import migrate, postgresql
from keyfob_verifier.store.api_keys import ApiKeys
from keyfob_verifier.store.audit import Audit
from keyfob_verifier.store.chains import Chains, OpenChains
from keyfob_verifier.store.checkpoints import Checkpoints, SigningKeys
from keyfob_verifier.store.keys import DataKeys
from keyfob_verifier.store.people import People, Sessions
from keyfob_verifier.store.questions import Questions
from keyfob_verifier.store.roles import Roles
from keyfob_verifier.store.schema import installation
from keyfob_verifier.store.sealed_seeds import SealedSeeds
from keyfob_verifier.store.stored_answers import StoredAnswers
from keyfob_verifier.store.support import SupportRecords
from keyfob_verifier.store.survey import Survey
from keyfob_verifier.store.tenants import Tenants
from keyfob_verifier.store.throttles import KnownSources, Throttles
from keyfob_verifier.store.tokens import Tokens

BUSY_TIMEOUT_S = 15
TURN_S = 0.001
"""How often a writer asks for the place of SQLite's one writer, which has no queue.

SQLite's own busy handler asks ever more rarely, ten times a second in the end, and so never meets the short gap between
two transactions of a process that is busy without a pause.
"""
_BEGIN = "sqlite_begin"


class Transaction:
    """What can be read and written within one transaction.

    Attributes:
        connection: for the store itself.
    """

    def __init__(self, connection: Connection, free: OpenChains) -> None:
        self.connection = connection
        self.tenants = Tenants(connection)
        self.roles = Roles(connection)
        self.tokens = Tokens(connection)
        self.throttles = Throttles(connection)
        self.known_sources = KnownSources(connection)
        self.stored_answers = StoredAnswers(connection)
        self.questions = Questions(connection)
        self.support = SupportRecords(connection)
        self.audit = Audit(connection, free)
        self.chains = Chains(connection)
        self.checkpoints = Checkpoints(connection)
        self.signing_keys = SigningKeys(connection)
        self.api_keys = ApiKeys(connection)
        self.people = People(connection)
        self.sessions = Sessions(connection)
        self.survey = Survey(connection)
        self.data_keys = DataKeys(connection)
        self.sealed_seeds = SealedSeeds(connection)

    def touch(self) -> None:
        """Writes something that changes nothing."""
        self.connection.execute(update(installation).values(id=1))


class Store:
    """An open database of the present schema.

    Attributes:
        purpose: what it was created for.
    """

    def __init__(self, engine: Engine, purpose: Purpose) -> None:
        self._engine = engine
        self._chains = OpenChains()
        self.purpose = purpose

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that is committed, and durable, when the block ends, and undone when it raises.

        On SQLite it holds the database's one writer's place from the start.

        Raises:
            StorageUnavailableError: the database cannot be reached, locked or written.
        """
        with _typed_errors(), self._engine.connect() as connection:
            writer = connection.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
            transaction, ended = Transaction(writer, self._chains), False
            try:
                with writer.begin():
                    yield transaction
                    ended = True
            except BaseException:
                if not ended:  # after a commit that failed nobody knows where its chain stands: it is left
                    transaction.audit.undone()
                raise
            transaction.audit.committed()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that only reads.

        Raises:
            StorageUnavailableError: the database cannot be reached.
        """
        with _typed_errors(), self._engine.connect() as connection:
            yield Transaction(connection, self._chains)

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        """A transaction that reads the database as it is at one moment, however long it takes.

        Raises:
            StorageUnavailableError: the database cannot be reached.
        """
        with _typed_errors(), self._engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin(), postgresql.unhurried(connection):
                yield Transaction(connection, self._chains)

    def probe(self) -> None:
        """Writes a little and waits until it is durable: whether the database can be written again.

        Raises:
            StorageUnavailableError: it cannot.
        """
        with self.write() as transaction:
            transaction.touch()

    def clock(self, now: Callable[[], float]) -> tuple[float, float] | None:
        """How far the host's clock is ahead of the database's, and how wrong that may be, both in seconds.

        None where the database has no clock of its own.

        Args:
            now: the host's Unix time.

        Raises:
            StorageUnavailableError: the database does not answer.
        """
        if self._engine.dialect.name != "postgresql":
            return None
        with _typed_errors(), self._engine.connect() as connection:
            asked_at = now()
            told = connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one()
            answered_at = now()
        return (asked_at + answered_at) / 2.0 - float(told), abs(answered_at - asked_at) / 2.0

    def close(self) -> None:
        """Lets go of every connection."""
        self._engine.dispose()


@contextmanager
def new_database(url: str, purpose: Purpose, created_at: float) -> Iterator[Transaction]:
    """Makes a database of the present schema; what the block adds comes into being with it, or neither does.

    Raises:
        DatabaseExistsError: there is one.
        InvalidDatabaseUrlError: keyfob has no use for such a URL.
        StorageUnavailableError: it cannot be made there.
    """
    with empty_database(url) as connection:
        row = {"id": 1, "purpose": purpose.value, "created_at": created_at}
        connection.execute(insert(installation), row)
        transaction = Transaction(connection, OpenChains())
        transaction.chains.found(secrets.token_bytes(HASH_BYTES), created_at)
        yield transaction


@contextmanager
def empty_database(url: str) -> Iterator[Connection]:
    """Makes the tables of the present schema; they come into being with what the block adds, or not at all.

    Raises what `new_database` raises.
    """
    engine = _engine(url)
    path = sqlite_path(url)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.chmod(0o600)
    try:
        with _typed_errors(), _sound_file(), engine.begin() as connection:
            if migrate.current_revision(connection) is not None:
                raise DatabaseExistsError(shown(url))
            migrate.upgrade(connection)
            yield connection
    finally:
        engine.dispose()


def open_database(url: str) -> Store:
    """Opens a database, and brings an older one to the present schema.

    Raises:
        DatabaseMissingError: there is none.
        UnknownSchemaError: it is from a newer keyfob.
        StorageUnavailableError: it cannot be reached.
    """
    path = sqlite_path(url)
    if path is not None and not path.exists():
        raise DatabaseMissingError(shown(url))
    engine = _engine(url)
    try:
        purpose = _read_purpose(engine, url)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine, purpose)


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite URL; None for another database."""
    parsed = _parse(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    return Path(parsed.database)


def shown(url: str) -> str:
    """A database URL as it may be shown: without its password."""
    return _parse(url).set(query={}).render_as_string(hide_password=True)


def _read_purpose(engine: Engine, url: str) -> Purpose:
    with _typed_errors(), _sound_file():
        with engine.connect() as connection:
            revision = migrate.current_revision(connection)
        if revision is None:
            raise DatabaseMissingError(shown(url))
        if revision not in migrate.known_revisions():
            raise UnknownSchemaError(revision)
        if not migrate.is_current(revision):
            _upgrade(engine)
        with engine.connect() as connection:
            return Purpose(connection.execute(select(installation.c.purpose)).scalar_one())


def _upgrade(engine: Engine) -> None:
    """Brings an older database to the present schema; of several processes that try, one does it."""
    with engine.connect() as connection:
        writer = connection.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
        with writer.begin(), postgresql.unhurried(writer):
            if engine.dialect.name == "postgresql":
                writer.execute(text("LOCK TABLE alembic_version IN EXCLUSIVE MODE"))
            migrate.upgrade(writer)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise InvalidDatabaseUrlError from None
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise InvalidDatabaseUrlError
    in_memory = parsed.database in {None, "", ":memory:"} or bool(parsed.query)
    if parsed.get_backend_name() == "sqlite" and in_memory:
        raise InvalidDatabaseUrlError
    return parsed


def _engine(url: str) -> Engine:
    parsed = _parse(url)
    if parsed.get_backend_name() == "postgresql":
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            connect_args={"connect_timeout": BUSY_TIMEOUT_S},
            isolation_level="READ COMMITTED",  # a row that was waited for is read as its last writer left it
            hide_parameters=True,
            pool_pre_ping=True,
        )
        event.listen(engine, "do_connect", _connect_patiently)
        event.listen(engine, "connect", _prepare_postgresql)
        return engine
    engine = create_engine(
        parsed.set(drivername="sqlite"), hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_S}
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = (
        None  # transactions begin where _begin_sqlite says, not where the driver guesses
    )
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _connect_patiently(
    _dialect: object, _record: object, _arguments: object, parameters: dict[str, Any]
) -> postgresql.PatientConnection:
    return postgresql.connect(**parameters)


def _prepare_postgresql(connection: Any, _record: object) -> None:
    postgresql.prepare(connection, BUSY_TIMEOUT_S)


def _begin_sqlite(connection: Connection) -> None:
    begin = connection.get_execution_options().get(_BEGIN, "BEGIN")
    if begin == "BEGIN":
        connection.exec_driver_sql(begin)
    else:
        _begin_in_turn(connection, begin)


def _begin_in_turn(connection: Connection, begin: str) -> None:
    driver: Any = connection.connection.driver_connection
    impatient_at = time.monotonic() + BUSY_TIMEOUT_S
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        while not _has_begun(driver, begin):
            if time.monotonic() >= impatient_at:
                connection.exec_driver_sql(begin)  # its error is the one that callers know
                return
            time.sleep(TURN_S)
    finally:
        driver.execute(f"PRAGMA busy_timeout = {round(BUSY_TIMEOUT_S * 1000)}")


def _has_begun(driver: Any, begin: str) -> bool:
    try:
        driver.execute(begin)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            return False
        raise
    return True


@contextmanager
def _typed_errors() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, PoolTimeoutError) as error:
        said = error.orig if isinstance(error, DBAPIError) else error
        raise StorageUnavailableError(" ".join(str(said).split())) from error


@contextmanager
def _sound_file() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        if type(error) is DatabaseError and isinstance(error.orig, sqlite3.DatabaseError):
            raise UnusableDatabaseError(str(error.orig)) from error
        raise
