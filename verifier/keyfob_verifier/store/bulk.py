"""Statements for many rows at once, each one execution with plain tuples: no parameter dictionary for each row.

PostgreSQL is handed a column at a time, as arrays that `unnest` makes rows of. SQLite is handed the rows as `VALUES`:
its driver lets go of the interpreter's lock for each execution, and a busy server gets it back late.
"""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import (
    ARRAY,
    Connection,
    Insert,
    Table,
    TableValuedAlias,
    Update,
    bindparam,
    column,
    func,
    insert,
    select,
    update,
)

Rows = Sequence[tuple[Any, ...]]


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
            connection.execute(self._from_arrays, _by_column(self._columns, rows))
        else:
            text = f"INSERT INTO {self._table.name} ({', '.join(self._columns)}) {_values(rows)}"
            connection.exec_driver_sql(text, tuple(chain.from_iterable(rows)))

    @cached_property
    def _from_arrays(self) -> Insert:
        given = _unnested(self._table, self._columns, self._columns)
        return insert(self._table).from_select(
            list(self._columns), select(*(given.c[name] for name in self._columns))
        )


class BulkUpdate:
    """`UPDATE` of many rows, each found by what was known of it.

    Args:
        table: which.
        known: the columns that a row must still have as they were read.
        changed: the columns that are set.
    """

    def __init__(self, table: Table, known: Sequence[str], changed: Sequence[str]) -> None:
        self._table, self._known, self._changed = table, tuple(known), tuple(changed)
        self._names = (*(f"new_{name}" for name in changed), *(f"known_{name}" for name in known))

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
            return connection.execute(self._from_arrays, _by_column(self._names, rows)).rowcount
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
    def _from_arrays(self) -> Update:
        given = _unnested(self._table, (*self._changed, *self._known), self._names)
        return (
            update(self._table)
            .where(*(self._table.c[name] == given.c[f"known_{name}"] for name in self._known))
            .values({name: given.c[f"new_{name}"] for name in self._changed})
        )


def _unnested(table: Table, columns: Sequence[str], names: Sequence[str]) -> TableValuedAlias:
    """Rows made of arrays, which are the parameters `names`, of the types of `columns`."""
    types = [table.c[name].type for name in columns]
    arrays = (bindparam(name, type_=ARRAY(kind)) for name, kind in zip(names, types, strict=True))
    shape = (column(name, kind) for name, kind in zip(names, types, strict=True))
    return func.unnest(*arrays).table_valued(*shape, name="given").render_derived()


def _by_column(names: Sequence[str], rows: Rows) -> dict[str, list[Any]]:
    return {name: list(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}


def _values(rows: Rows) -> str:
    return _places(len(rows), len(rows[0]))


@lru_cache(maxsize=1024)
def _places(rows: int, columns: int) -> str:
    row = f"({', '.join('?' * columns)})"
    return f"VALUES {', '.join([row] * rows)}"
