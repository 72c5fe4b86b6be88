"""A database in one portable file: an SQLite file with all its rows and a manifest, whichever kind they came from.

It has the tables of the schema, without Alembic's mark of a database that is in use: nothing serves it by mistake.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    Connection,
    Double,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    event,
    func,
    insert,
    inspect,
    select,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from keyfob.durable import whole_file
from keyfob_verifier.backup_errors import (
    BackupExistsError,
    BackupNotWrittenError,
    DamagedBackupError,
    NotABackupError,
)
from keyfob_verifier.errors import UnknownSchemaError
from keyfob_verifier.records import Purpose
from keyfob_verifier.store import migrate
from keyfob_verifier.store.chains import OpenChains
from keyfob_verifier.store.database import Store, Transaction, empty_database
from keyfob_verifier.store.digest import RowsDigest
from keyfob_verifier.store.schema import installation, metadata, sessions, stored_answers

FORMAT = 1
CHUNK_ROWS = 500

Advance = Callable[[int], object]
"""Is told of each further handful of rows."""

_manifest = MetaData()
_backup = Table(
    "backup",
    _manifest,
    Column("format", Integer, nullable=False),
    Column("schema", String(32), nullable=False),
    Column("made_at", Double, nullable=False),
)
_contents = Table(
    "backup_contents",
    _manifest,
    Column("name", String(64), primary_key=True),
    Column("columns", Text, nullable=False),
    Column("row_count", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
)


class Restored(NamedTuple):
    """A database that was made from a backup and is not committed yet.

    Attributes:
        transaction: within which it is changed before anybody can open it.
        purpose: what the backup's database was created for.
        made_at: the Unix time of the backup.
        row_count: how many rows the backup has.
    """

    transaction: Transaction
    purpose: Purpose
    made_at: float
    row_count: int


def count_rows(store: Store) -> int:
    """How many rows a backup would have, about. Raises `StorageUnavailableError`."""
    counts = [select(func.count()).select_from(table) for table in metadata.tables.values()]
    with store.snapshot() as source:
        return sum(source.connection.scalar(count) or 0 for count in counts)


def rows_in(path: Path) -> int:
    """How many rows a backup says it has. Raises `NotABackupError`."""
    if not path.is_file():
        raise NotABackupError(path)
    try:
        with _file(path) as connection:
            return connection.scalar(select(func.sum(_contents.c.row_count))) or 0
    except DatabaseError:
        raise NotABackupError(path) from None


def write_backup(store: Store, path: Path, made_at: float, advance: Advance) -> int:
    """Writes all that a database holds at one moment into a new file of mode 0600, whole or not at all.

    The file is on the disk on return. Writers of the database are not kept waiting.

    Returns:
        How many rows it has.

    Raises:
        BackupExistsError: there is such a file.
        BackupNotWrittenError: the system does not take it.
        UnknownSchemaError: a newer keyfob has changed the database meanwhile.
        StorageUnavailableError: the database does not answer.
    """
    if path.exists():
        raise BackupExistsError(path)
    try:
        with whole_file(path) as unfinished, store.snapshot() as source, _file(unfinished) as target:
            return _write_all(source.connection, target, made_at, advance)
    except FileExistsError:
        raise BackupExistsError(path) from None
    except OSError as error:
        raise BackupNotWrittenError(path, error.strerror or str(error)) from None
    except DatabaseError as error:
        raise BackupNotWrittenError(path, str(error.orig)) from error


@contextmanager
def restored_database(path: Path, url: str, advance: Advance) -> Iterator[Restored]:
    """Makes a database from a backup; it comes into being when the block ends, or not at all when it raises.

    Sessions and answers that could have been asked for again are left out.

    Raises:
        NotABackupError: the file is none, or one from a newer keyfob's backup.
        DamagedBackupError: it does not hold what its manifest says.
        UnknownSchemaError: the database that it was made of was a newer keyfob's.
        DatabaseExistsError: there is a database already at the URL.
        StorageUnavailableError: it cannot be made there.
    """
    with _sound_copy(path) as (source, made_at), empty_database(url) as target:
        row_count = 0
        for table in metadata.sorted_tables:
            for chunk in _chunks(source, table):
                target.execute(insert(table), _named(table, chunk))
                row_count += len(chunk)
                advance(len(chunk))
            _count_on(target, table)
        for table in (sessions, stored_answers):
            target.execute(delete(table))
        purpose = Purpose(target.execute(select(installation.c.purpose)).scalar_one())
        yield Restored(Transaction(target, OpenChains()), purpose, made_at, row_count)


def _write_all(source: Connection, target: Connection, made_at: float, advance: Advance) -> int:
    revision = migrate.current_revision(source)
    if revision is None or not migrate.is_current(revision):
        raise UnknownSchemaError(str(revision))
    migrate.upgrade(target)
    migrate.unmark(target)
    _manifest.create_all(target)
    target.execute(insert(_backup), {"format": FORMAT, "schema": revision, "made_at": made_at})
    row_count = 0
    for table in metadata.sorted_tables:
        digest = RowsDigest()
        for chunk in _chunks(source, table):
            digest.add(chunk)
            target.execute(insert(table), _named(table, chunk))
            advance(len(chunk))
        row_count += digest.row_count
        target.execute(insert(_contents), _described(table, digest))
    return row_count


def _described(table: Table, digest: RowsDigest) -> dict[str, object]:
    columns = ",".join(column.name for column in table.columns)
    return {
        "name": table.name,
        "columns": columns,
        "row_count": digest.row_count,
        "sha256": digest.hexdigest(),
    }


@contextmanager
def _sound_copy(path: Path) -> Iterator[tuple[Connection, float]]:
    """A checked copy of a backup, brought to the present schema, and when the backup was made."""
    with tempfile.TemporaryDirectory(prefix="keyfob-restore-") as directory:
        copy = Path(directory) / "backup.db"
        try:
            shutil.copyfile(path, copy)
        except OSError:
            raise NotABackupError(path) from None
        try:
            with _file(copy) as connection:
                revision, made_at = _checked(connection, path)
        except DatabaseError:
            raise NotABackupError(path) from None
        with _file(copy) as connection:
            _manifest.drop_all(connection)
            migrate.mark(connection, revision)
            migrate.upgrade(connection)
            yield connection, made_at


def _checked(connection: Connection, path: Path) -> tuple[str, float]:
    kind, revision, made_at = connection.execute(select(_backup)).one()
    described = connection.execute(select(_contents)).all()
    if kind != FORMAT:
        raise NotABackupError(path)
    if revision not in migrate.known_revisions():
        raise UnknownSchemaError(revision)
    present = set(inspect(connection).get_table_names()) - set(_manifest.tables)
    if odd := present ^ {row.name for row in described}:
        raise DamagedBackupError(path, min(odd))
    for name, columns, row_count, sha256 in described:
        if _digest_of(connection, name, columns.split(",")) != (row_count, sha256):
            raise DamagedBackupError(path, name)
    return revision, made_at


def _digest_of(connection: Connection, name: str, columns: Sequence[str]) -> tuple[int, str] | None:
    digest = RowsDigest()
    try:
        table = Table(name, MetaData(), autoload_with=connection)
        if {column.name for column in table.columns} != set(columns):
            return None
        for chunk in _chunks(connection, table, columns):
            digest.add(chunk)
    except (DatabaseError, TypeError, ValueError):
        return None
    return digest.row_count, digest.hexdigest()


def _chunks(connection: Connection, table: Table, names: Sequence[str] = ()) -> Iterator[Sequence[Any]]:
    """A table's rows, some hundred at a time, by their primary key: in the same order in every database."""
    columns = [table.columns[name] for name in names] or list(table.columns)
    query = select(*columns).order_by(*(_plainly(connection, column) for column in table.primary_key))
    result = connection.execution_options(yield_per=CHUNK_ROWS).execute(query)
    yield from result.partitions()


def _plainly(connection: Connection, column: Column[Any]) -> Any:
    """A column by its bytes, not by a language's rules."""
    plain = connection.dialect.name == "postgresql" and isinstance(column.type, String)
    return column.collate("C") if plain else column


def _named(table: Table, rows: Sequence[Any]) -> list[dict[str, Any]]:
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in rows]


def _count_on(connection: Connection, table: Table) -> None:
    """Lets PostgreSQL number new rows after those that are there; SQLite does so by itself."""
    counted = table.autoincrement_column
    if counted is None or connection.dialect.name != "postgresql":
        return
    highest = connection.scalar(select(func.max(counted)))
    if highest is not None:
        sequence = func.pg_get_serial_sequence(table.name, counted.name)
        connection.execute(select(func.setval(sequence, highest)))


@contextmanager
def _file(path: Path) -> Iterator[Connection]:
    """A file that nobody else knows of, open for one transaction: a failure leaves it to be thrown away."""
    engine = create_engine(URL.create("sqlite", database=str(path)), poolclass=NullPool, hide_parameters=True)
    event.listen(engine, "connect", _unguarded)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _unguarded(connection: Any, _record: object) -> None:
    for pragma in ("journal_mode = OFF", "synchronous = OFF"):
        connection.execute(f"PRAGMA {pragma}")
