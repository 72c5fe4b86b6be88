"""The database: made, opened and asked in transactions. SQLite by default, PostgreSQL by URL."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from keyfob_verifier.errors import (
    DatabaseExistsError,
    DatabaseMissingError,
    InvalidDatabaseUrlError,
    StorageUnavailableError,
    UnknownSchemaError,
    UnusableDatabaseError,
)
from keyfob_verifier.records import Purpose
from keyfob_verifier.store import migrate
from keyfob_verifier.store.audit import Audit
from keyfob_verifier.store.keys import ApiKeys, DataKeys
from keyfob_verifier.store.schema import installation
from keyfob_verifier.store.support import SupportRecords
from keyfob_verifier.store.tenants import Tenants
from keyfob_verifier.store.tokens import Tokens

BUSY_TIMEOUT_S = 15
_BEGIN = "sqlite_begin"


class Transaction:
    """What can be read and written within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self.tenants = Tenants(connection)
        self.tokens = Tokens(connection)
        self.support = SupportRecords(connection)
        self.audit = Audit(connection)
        self.api_keys = ApiKeys(connection)
        self.data_keys = DataKeys(connection)


class Store:
    """An open database of the present schema.

    Attributes:
        purpose: what it was created for.
    """

    def __init__(self, engine: Engine, purpose: Purpose) -> None:
        self._engine = engine
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
            with writer.begin():
                yield Transaction(writer)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that only reads.

        Raises:
            StorageUnavailableError: the database cannot be reached.
        """
        with _typed_errors(), self._engine.connect() as connection:
            yield Transaction(connection)

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
            connection.execute(
                insert(installation),
                {"id": 1, "purpose": purpose.value, "created_at": created_at},
            )
            yield Transaction(connection)
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
        with writer.begin():
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
        event.listen(engine, "connect", _limit_postgresql)
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


def _limit_postgresql(connection: Any, _record: object) -> None:
    """No wait for somebody else's lock, and no query, outlasts the callers' patience."""
    connection.autocommit = True
    with connection.cursor() as cursor:
        for setting in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            cursor.execute(f"SET {setting} = '{BUSY_TIMEOUT_S}s'")
    connection.autocommit = False


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))


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
