"""`keyfob backup` and `keyfob restore`: an installation in one file, and out of it again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keyfob import SystemClock
from keyfob.extras import needs_extra
from keyfob.output import JsonOption, format_time, printer
from keyfob_verifier.local import DatabaseOption, local_actor

if TYPE_CHECKING:
    from keyfob_verifier.store.backup import Advance

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", dir_okay=False, help="The backup, one file of mode 0600.")
]


def register(app: typer.Typer) -> None:
    """Adds the two commands."""
    app.command("backup")(_backup)
    app.command("restore")(_restore)


def _backup(file: FileArgument, database_url: DatabaseOption, as_json: JsonOption = False) -> None:
    """Write all that the database holds into a new file, while servers go on using it.

    The file can be restored into SQLite and PostgreSQL alike. Without the key-encryption key, which is not in it,
    no seed in it opens.
    """
    with needs_extra("server"):
        from keyfob_verifier.service.backup import back_up
        from keyfob_verifier.store.backup import count_rows
        from keyfob_verifier.store.database import open_database
    store = open_database(database_url)
    try:
        with _bar("backing up", count_rows(store)) as advance:
            made = back_up(store, file, SystemClock(), advance)
    finally:
        store.close()
    printer(as_json).record(
        {"file": str(made.path), "rows": made.row_count, "made_at": format_time(made.made_at)}
    )


def _restore(file: FileArgument, database_url: DatabaseOption, as_json: JsonOption = False) -> None:
    """Make a database from a backup, where there is none yet; start servers on it when this is done.

    No code works again that may have been used since the backup was made: each fob is refused for some minutes.
    """
    with needs_extra("server"):
        from keyfob_verifier.service.restore import restore
        from keyfob_verifier.store.backup import rows_in
        from keyfob_verifier.store.database import shown
    with _bar("restoring", rows_in(file)) as advance:
        restored = restore(file, database_url, SystemClock(), local_actor(), advance)
    printer(as_json).record(
        {
            "database": shown(database_url),
            "rows": restored.row_count,
            "made_at": format_time(restored.made_at),
            "tokens": restored.token_count,
            "wait_s": restored.wait_s,
            "tokens_to_resync": restored.to_resync,
        }
    )


@contextmanager
def _bar(title: str, total: int) -> Iterator["Advance"]:
    """A progress bar on standard error, for those who look on."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=total)
        yield lambda rows: progress.update(task, advance=rows)
