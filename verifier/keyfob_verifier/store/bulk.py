"""Statements for many rows at once, each one execution with one text: nothing is compiled or converted for each row.

What is looked for is one parameter: an array, or on SQLite a JSON document. PostgreSQL is handed rows as one JSON
document: driver and server make that of plain values, and those of it, quicker than they do with a parameter for each
value or an array for each column. SQLite is handed the rows as `VALUES`: its driver lets go of the interpreter's lock
for each execution, and a busy server gets it back late.
"""

import json
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, LargeBinary, Table
from sqlalchemy.dialects import postgresql

Rows = Sequence[tuple[Any, ...]]

_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it so


class BulkSelect:
    """`SELECT` of the rows of a tenant that have one of many values, kept from other writers until the transaction ends.

    Args:
        table: where from.
        columns: what each row gives, in this order.
        of: the column of those values, which are texts.
        order: the columns that rows are locked in the order of, so that two batches never wait for each other.
    """

    def __init__(self, table: Table, columns: Sequence[str], of: str, order: Sequence[str]) -> None:
        self._rows = f"SELECT {', '.join(columns)} FROM {table.name} WHERE tenant_id ="  # noqa: S608  names of the schema
        self._of, self._order = of, f"ORDER BY {', '.join(order)}"

    def __call__(
        self, connection: Connection, tenant_id: str, values: Iterable[str]
    ) -> Iterable[Sequence[Any]]:
        """The rows, as the driver gives their values."""
        if connection.dialect.name == "postgresql":
            return connection.exec_driver_sql(self._from_array, (tenant_id, list(values)))
        return connection.exec_driver_sql(self._from_document, (tenant_id, json.dumps(list(values))))

    @cached_property
    def _from_array(self) -> str:
        return f"{self._rows} %s AND {self._of} = ANY(%s) {self._order} FOR UPDATE"

    @cached_property
    def _from_document(self) -> str:
        values = "SELECT value FROM json_each(?)"
        return f"{self._rows} ? AND {self._of} IN ({values}) {self._order}"


class BulkInsert:
    """`INSERT` of many rows.

    Args:
        table: where to.
        columns: what each row gives, in this order.
    """

    def __init__(self, table: Table, columns: Sequence[str]) -> None:
        self._table, self._columns = table, tuple(columns)

    def __call__(self, connection: Connection, rows: Rows) -> None:
        """Adds the rows in their order."""
        if not rows:
            return
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(self._from_document, (_document(rows),))
        else:
            connection.exec_driver_sql(f"{self._into} {_values(rows)}", tuple(chain.from_iterable(rows)))

    @cached_property
    def _into(self) -> str:
        return f"INSERT INTO {self._table.name} ({', '.join(self._columns)})"

    @cached_property
    def _from_document(self) -> str:
        values = (_value(self._table, name, place) for place, name in enumerate(self._columns))
        rows = f"SELECT {', '.join(values)} FROM {_given(self._table, self._columns)}"  # noqa: S608  names of the schema
        return f"{self._into} {rows}"


class BulkUpdate:
    """`UPDATE` of many rows, each found by what was known of it.

    Args:
        table: which.
        known: the columns that a row must still have as they were read.
        changed: the columns that are set.
    """

    def __init__(self, table: Table, known: Sequence[str], changed: Sequence[str]) -> None:
        self._table, self._known, self._changed = table, tuple(known), tuple(changed)

    def __call__(self, connection: Connection, rows: Rows) -> int:
        """Changes the rows, no row of the table twice.

        Args:
            connection: within a transaction.
            rows: what each is set to, in the order of `changed`, and then what was known, in the order of `known`.

        Returns:
            How many rows were still as they were known.
        """
        if not rows:
            return 0
        if connection.dialect.name == "postgresql":
            return connection.exec_driver_sql(self._from_document, (_document(rows),)).rowcount
        text = f"{self._set} FROM ({_values(rows)}) AS given WHERE {self._match}"
        return connection.exec_driver_sql(text, tuple(chain.from_iterable(rows))).rowcount

    @cached_property
    def _set(self) -> str:
        """SQLite names the columns of `VALUES` column1, column2 and so on."""
        changes = (f"{name} = given.column{place}" for place, name in enumerate(self._changed, 1))
        return f"UPDATE {self._table.name} SET {', '.join(changes)}"  # noqa: S608  names of the schema

    @cached_property
    def _match(self) -> str:
        places = enumerate(self._known, 1 + len(self._changed))
        return " AND ".join(f"{self._table.name}.{name} = given.column{place}" for place, name in places)

    @cached_property
    def _from_document(self) -> str:
        table, names = self._table, (*self._changed, *self._known)
        values = [_value(table, name, place) for place, name in enumerate(names)]
        changes = (f"{name} = {value}" for name, value in zip(self._changed, values, strict=False))
        known = zip(self._known, values[len(self._changed) :], strict=True)
        match = (f"{table.name}.{name} = {value}" for name, value in known)
        return (
            f"UPDATE {table.name} SET {', '.join(changes)} "  # noqa: S608  names of the schema
            f"FROM {_given(table, names)} WHERE {' AND '.join(match)}"
        )


def _document(rows: Rows) -> str:
    """The rows as a JSON array of objects, their fields by place; bytes in hexadecimal."""
    names = [f"c{place}" for place in range(len(rows[0]))]
    return json.dumps(
        [dict(zip(names, row, strict=True)) for row in rows], default=bytes.hex, allow_nan=False
    )


def _given(table: Table, columns: Sequence[str]) -> str:
    """The rows of such a document, which is the statement's one parameter."""
    types = (_type(table, name) for name in columns)
    shape = ", ".join(f"c{place} {kind}" for place, kind in enumerate(types))
    return f"json_to_recordset(CAST(%s AS json)) AS given({shape})"


def _type(table: Table, name: str) -> str:
    kind = table.c[name].type
    return "text" if isinstance(kind, LargeBinary) else kind.compile(_POSTGRESQL)


def _value(table: Table, name: str, place: int) -> str:
    is_binary = isinstance(table.c[name].type, LargeBinary)
    return f"decode(given.c{place}, 'hex')" if is_binary else f"given.c{place}"


def _values(rows: Rows) -> str:
    return _places(len(rows), len(rows[0]))


@lru_cache(maxsize=1024)
def _places(rows: int, columns: int) -> str:
    row = f"({', '.join('?' * columns)})"
    return f"VALUES {', '.join([row] * rows)}"
