"""A fleet in one file: an SQLite database with a document for each fob, as fob files hold it, by serial.

Its `application_id` is `APPLICATION_ID` and its `user_version` is `VERSION`; the one table is `fobs`. The seeds are sealed,
and the key is elsewhere.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from keyfob.clock import Clock
from keyfob.durable import create_file
from keyfob.seed import SealingKey
from keyfob_firmware.errors import (
    FleetExistsError,
    FleetInaccessibleError,
    FleetMissingError,
    FleetVersionError,
    NotAFleetError,
    NotInFleetError,
)
from keyfob_firmware.fob import Fob
from keyfob_firmware.fob_file import state_from_json, state_to_json
from keyfob_firmware.state import FobState

APPLICATION_ID: Final = 0x6B_66_6F_62
VERSION: Final = 1
PATIENCE_S = 30.0
"""How long a fob waits for another one of its fleet to be put down."""

_TABLE = "CREATE TABLE fobs (serial TEXT NOT NULL PRIMARY KEY, fob BLOB NOT NULL) STRICT"


class FleetFile:
    """An open fleet file, to be closed: a context manager.

    Args:
        path: where it is.

    Raises:
        FleetMissingError: it is not there.
        NotAFleetError: it is something else.
        FleetVersionError: it is of another format version.
        FleetInaccessibleError: the system refuses.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise FleetMissingError(path)
        with self._reporting():
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=PATIENCE_S, isolation_level=None
            )
        try:
            self._require_fleet()
        except BaseException:
            self._connection.close()
            raise

    @classmethod
    def open(cls, path: Path) -> Self:
        """The fleet in a file. Raises what the constructor raises."""
        return cls(path)

    @classmethod
    def create(cls, path: Path, states: Iterable[FobState]) -> Self:
        """Writes a new fleet, mode 0600: it appears under its name complete, and is on the disk then.

        Raises:
            FleetExistsError: the file exists already, and is left as it is.
            FleetInaccessibleError: the system refuses.
        """
        content = _database(states)
        try:
            create_file(path, content)
        except FileExistsError:
            raise FleetExistsError(path) from None
        except OSError as error:
            raise FleetInaccessibleError(path, error.strerror or str(error)) from None
        return cls(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        with self._reporting():
            (count,) = self._connection.execute("SELECT count(*) FROM fobs").fetchone()
        return int(count)

    def close(self) -> None:
        """Closes it; what was done with it is on the disk already."""
        self._connection.close()

    def serials(self, limit: int | None = None) -> list[str]:
        """The serials of all fobs, in order, or of the first ones."""
        most = -1 if limit is None else limit
        with self._reporting():
            rows = self._connection.execute("SELECT serial FROM fobs ORDER BY serial LIMIT ?", (most,))
            return [serial for (serial,) in rows]

    def read(self, serial: str) -> FobState:
        """A fob as it was last left.

        Raises:
            NotInFleetError: there is none with that serial.
            FobFileError: what the file holds of it was altered.
            FleetInaccessibleError: the system refuses.
        """
        with self._reporting():
            row = self._connection.execute("SELECT fob FROM fobs WHERE serial = ?", (serial,)).fetchone()
        if row is None:
            raise NotInFleetError(self.path, serial)
        return state_from_json(self.path, row[0])

    @contextmanager
    def in_hand(self, serial: str, key: SealingKey, clock: Clock) -> Iterator[Fob]:
        """A fob to use in a `with` block, while nobody else uses one of the fleet; kept at its end if it changed.

        It is kept also if the block raises: a wrong PIN has been tried, whatever is done about it. Raises what `read`
        raises.
        """
        with self._alone():
            state = self.read(serial)
            fob = Fob(state, key, clock)
            try:
                yield fob
            finally:
                if fob.state != state:
                    self._keep(serial, fob.state)

    def _require_fleet(self) -> None:
        with self._reporting():
            (application_id,) = self._connection.execute("PRAGMA application_id").fetchone()
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if application_id != APPLICATION_ID:
            raise NotAFleetError(self.path)
        if version != VERSION:
            raise FleetVersionError(self.path, version, VERSION)

    def _keep(self, serial: str, state: FobState) -> None:
        with self._reporting():
            self._connection.execute(
                "UPDATE fobs SET fob = ? WHERE serial = ?", (state_to_json(state), serial)
            )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._reporting():
            self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            with self._reporting():
                self._connection.execute("COMMIT")

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            # SQLite raises this very class where a file is no database of its own
            if type(error) is sqlite3.DatabaseError:
                raise NotAFleetError(self.path) from None
            raise FleetInaccessibleError(self.path, str(error)) from None


def _database(states: Iterable[FobState]) -> bytes:
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        with connection:
            connection.execute(_TABLE)
            rows = ((state.serial, state_to_json(state)) for state in states)
            connection.executemany("INSERT INTO fobs VALUES (?, ?)", rows)
        return connection.serialize()
    finally:
        connection.close()
