"""PostgreSQL connections: patient to a limit, and durable whatever the server's own defaults are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, text

GRACE_S = 1.0
"""How much longer a client waits than it tells the server to work: a server that lives answers in between."""

Value = TypeVar("Value")


class PatientConnection(psycopg.Connection[Any]):
    """A connection that gives a server up which has stopped answering, such as one whose host hangs.

    Attributes:
        patience_s: how long an answer may take; None for as long as it likes.
    """

    patience_s: float | None = None

    def wait(self, gen: PQGen[Value], interval: float = 0.1, timeout: float | None = None) -> Value:
        """Waits for an answer, as psycopg's own does, and for no longer than patience lasts.

        Raises:
            psycopg.OperationalError: there was none; the connection is closed.
        """
        try:
            return super().wait(gen, interval, self.patience_s if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise


def connect(**parameters: Any) -> PatientConnection:
    """Connects with libpq's parameters. Raises `psycopg.Error`."""
    return PatientConnection.connect(**parameters)


def prepare(connection: PatientConnection, busy_timeout_s: float) -> None:
    """Lets no wait outlast the callers' patience, and a commit return only once it is on the disk."""
    connection.patience_s = busy_timeout_s + GRACE_S
    connection.autocommit = True
    with connection.cursor() as cursor:
        for setting in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            cursor.execute(f"SET {setting} = '{busy_timeout_s}s'")
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false) "
            "WHERE current_setting('synchronous_commit') = 'off'"
        )
    connection.autocommit = False


@contextmanager
def unhurried(connection: Connection) -> Iterator[None]:
    """For the length of a `with` block inside a transaction: work that may take as long as the data ask for."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, PatientConnection):
        yield
        return
    patience_s, driver.patience_s = driver.patience_s, None
    for setting in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
        connection.execute(text(f"SET LOCAL {setting} = 0"))
    try:
        yield
    finally:
        driver.patience_s = patience_s
