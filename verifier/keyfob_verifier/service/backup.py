"""Backing an installation up while it works."""

from dataclasses import dataclass
from pathlib import Path

from keyfob import Clock
from keyfob_verifier.store.backup import Advance, write_backup
from keyfob_verifier.store.database import Store


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made.

    Attributes:
        path: its file.
        row_count: how many rows it has.
        made_at: Unix time; no code that was used later is known to be used in it.
    """

    path: Path
    row_count: int
    made_at: float


def back_up(store: Store, path: Path, clock: Clock, advance: Advance) -> Backup:
    """Writes all that a database holds at one moment into a new file.

    Seeds and data keys go into it as they are in the database: sealed, and useless without the key-encryption key.

    Args:
        store: the database; servers go on using it.
        path: where the file goes; it appears whole or not at all.
        clock: the machine's time.
        advance: is told of rows as they are written.

    Raises:
        BackupExistsError: there is such a file.
        BackupNotWrittenError: the system does not take it.
        StorageUnavailableError: the database does not answer.
    """
    made_at = clock.now()  # before the snapshot: what it lacks was changed later
    return Backup(path, write_backup(store, path, made_at, advance), made_at)
