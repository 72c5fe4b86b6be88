"""Statements for many rows at once, without a parameter dictionary for each of them.

SQLite's driver runs a statement for a list of rows in C; PostgreSQL is handed a column at a time, as arrays that
`unnest` makes rows of, in one round trip. Both take rows as plain tuples.
"""

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ARRAY,
    Connection,
    Dialect,
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
from sqlalchemy.sql.compiler import SQLCompiler

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
            _run(self, connection, rows)

    @cached_property
    def by_row(self) -> Insert:
        """The statement for one row."""
        return insert(self._table).values({name: bindparam(name) for name in self._columns})

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The parameters in the order of a row."""
        return self._columns

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
            return connection.execute(self._from_arrays, _by_column(self.names, rows)).rowcount
        return _run(self, connection, rows)

    @cached_property
    def by_row(self) -> Update:
        """The statement for one row."""
        return (
            update(self._table)
            .where(*(self._table.c[name] == bindparam(f"known_{name}") for name in self._known))
            .values({name: bindparam(f"new_{name}") for name in self._changed})
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The parameters in the order of a row."""
        return (*(f"new_{name}" for name in self._changed), *(f"known_{name}" for name in self._known))

    @cached_property
    def _from_arrays(self) -> Update:
        given = _unnested(self._table, (*self._changed, *self._known), self.names)
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


@lru_cache(maxsize=64)
def _compiled(
    statement: BulkInsert | BulkUpdate, dialect: Dialect
) -> tuple[str, Callable[[tuple[Any, ...]], tuple[Any, ...]]]:
    """The text of the statement for one row, and what takes a row's values in the order of its places."""
    compiled = statement.by_row.compile(dialect=dialect)
    if not isinstance(compiled, SQLCompiler) or compiled.positiontup is None:
        raise TypeError(f"{dialect.name} does not number its parameters")
    return str(compiled), itemgetter(*map(statement.names.index, compiled.positiontup))


def _run(statement: BulkInsert | BulkUpdate, connection: Connection, rows: Rows) -> int:
    text, in_their_places = _compiled(statement, connection.dialect)
    return connection.exec_driver_sql(text, [in_their_places(row) for row in rows]).rowcount
