"""All that a bench keeps, in one SQLite file: its fobs, their seeds sealed, its time, and the hash of its API key."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pydantic import TypeAdapter, ValidationError

from keyfob_firmware.bench.clock import Setting
from keyfob_firmware.bench.errors import (
    BenchFileInaccessibleError,
    BenchFileInUseError,
    NotABenchFileError,
)
from keyfob_firmware.fob_file import state_from_json, state_to_json
from keyfob_firmware.state import FobState

APPLICATION_ID: Final = 0x6B664221
"""Marks the file as a bench's: "kfB!"."""

VERSION: Final = 1

_TABLES = (
    "CREATE TABLE fobs (serial TEXT PRIMARY KEY, state BLOB NOT NULL)",
    "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {VERSION}",
)
_SETTING = TypeAdapter(Setting)


class StateFile:
    """A bench's file, open, and locked against every other bench until it is closed.

    Args:
        path: where it is; made, for its owner alone, where there is none.

    Raises:
        BenchFileInUseError: another bench has it open.
        NotABenchFileError: it is something else.
        BenchFileInaccessibleError: the system refuses.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._reporting():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            # one thread at a time uses it: the bench's lock sees to that
            self._database = sqlite3.connect(path, timeout=0.0, isolation_level=None, check_same_thread=False)
        try:
            with self._reporting():
                self._take()
        except BaseException:
            self._database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes it, and lets others open it."""
        self._database.close()

    def fobs(self) -> list[FobState]:
        """Every fob as it was last kept, the oldest first.

        Raises:
            FobFileError: one of them was altered.
            BenchFileInaccessibleError: the system refuses.
        """
        with self._reporting():
            rows = self._database.execute("SELECT state FROM fobs ORDER BY rowid").fetchall()
        return [state_from_json(self.path, content) for (content,) in rows]

    def keep(self, state: FobState) -> None:
        """Keeps a fob as it is now; it is on the disk on return. Raises `BenchFileInaccessibleError`."""
        with self._reporting():
            self._database.execute(
                "INSERT INTO fobs VALUES (?, ?) ON CONFLICT (serial) DO UPDATE SET state = excluded.state",
                (state.serial, state_to_json(state)),
            )

    def drop(self, serial: str) -> None:
        """Forgets a fob, and overwrites what was kept of it. Raises `BenchFileInaccessibleError`."""
        with self._reporting():
            self._database.execute("DELETE FROM fobs WHERE serial = ?", (serial,))

    def clock(self) -> Setting:
        """How the bench's clock was left. Raises `NotABenchFileError`, `BenchFileInaccessibleError`."""
        text = self._read("clock")
        try:
            return Setting() if text is None else _SETTING.validate_json(text)
        except ValidationError:
            raise NotABenchFileError(self.path) from None

    def keep_clock(self, setting: Setting) -> None:
        """Keeps how the bench's clock is set. Raises `BenchFileInaccessibleError`."""
        self._write("clock", _SETTING.dump_json(setting).decode())

    def api_key_hash(self) -> str | None:
        """The hash of the API key that was made for this bench; None if none was."""
        return self._read("api-key-sha256")

    def keep_api_key_hash(self, digest: str) -> None:
        """Keeps another hash in its place. Raises `BenchFileInaccessibleError`."""
        self._write("api-key-sha256", digest)

    def _take(self) -> None:
        execute = self._database.execute
        execute("PRAGMA locking_mode = EXCLUSIVE")
        execute("PRAGMA secure_delete = ON")
        execute("BEGIN EXCLUSIVE")
        try:
            if not execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for statement in _TABLES:
                    execute(statement)
            marks = tuple(
                execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
            )
            if marks != (APPLICATION_ID, VERSION):
                raise NotABenchFileError(self.path)
        finally:
            execute("COMMIT")

    def _read(self, name: str) -> str | None:
        with self._reporting():
            row = self._database.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def _write(self, name: str, value: str) -> None:
        with self._reporting():
            self._database.execute(
                "INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, value),
            )

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            match getattr(error, "sqlite_errorcode", None):
                case sqlite3.SQLITE_BUSY:
                    raise BenchFileInUseError(self.path) from None
                case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
                    raise NotABenchFileError(self.path) from None
                case _:
                    raise BenchFileInaccessibleError(self.path, str(error)) from None
        except OSError as error:
            raise BenchFileInaccessibleError(self.path, error.strerror or str(error)) from None
