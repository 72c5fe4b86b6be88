"""Chains as rows, and the pool of those that this process writes to."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, delete, func, insert, select, text, update

from keyfob_verifier.audit.chain import Chain, Head, first_chain, next_chain
from keyfob_verifier.audit.checkpoint import State, pruned_digest
from keyfob_verifier.audit.errors import DamagedRecordError
from keyfob_verifier.store.schema import audit, audit_chains

_PAGE = 1000

_LAST = (
    select(func.max(audit.c.chain_sequence))
    .where(audit.c.chain_id == audit_chains.c.id)
    .correlate(audit_chains)
    .scalar_subquery()
)
_WITH_HEADS = select(audit_chains, audit.c.chain_sequence, audit.c.hash).outerjoin(
    audit, and_(audit.c.chain_id == audit_chains.c.id, audit.c.chain_sequence == _LAST)
)


class OpenChains:
    """The chains that this process writes to and nobody else does, each lent to one transaction at a time.

    Taking and putting are atomic, so threads need no lock.
    """

    def __init__(self, free: Iterable[Head] = ()) -> None:
        self._free = list(free)

    def take(self) -> Head | None:
        """A free chain's head; None where there is none, and a new chain is to be opened."""
        try:
            return self._free.pop()
        except IndexError:
            return None

    def put(self, head: Head | None) -> None:
        """Takes a chain back, whose head is this from now on."""
        if head is not None:
            self._free.append(head)


class Chains:
    """The chains of a database, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def found(self, installation: bytes, opened_at: float) -> Head:
        """Opens the first chain of a new database."""
        return self._add(first_chain(installation, opened_at))

    def open(self, opened_at: float) -> Head:
        """Opens the chain that follows the newest one; of several processes that do it at once, one after another.

        Raises:
            DamagedRecordError: there is none.
        """
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(text("LOCK TABLE audit_chains IN SHARE ROW EXCLUSIVE MODE"))
        return self._add(next_chain(*self._newest(), opened_at))

    def all(self) -> Iterator[Chain]:
        """Every chain in the order of their ids, a page at a time."""
        for row in self._pages(select(audit_chains)):
            yield _to_chain(row)

    def state(self) -> State:
        """How all chains stand."""
        heads: list[Head] = []
        known: tuple[Chain, Head] | None = None
        pruned: list[Head] = []
        for row in self._pages(_WITH_HEADS):
            chain = _to_chain(row)
            if known is not None and known[1] != chain.predecessor:
                heads.append(known[1])
            if chain.pruned.sequence:
                pruned.append(chain.pruned)
            known = (chain, _head(row))
        if known is None:
            raise DamagedRecordError
        return State(known[0].opening, (*heads, known[1]), pruned_digest(pruned))

    def installation(self) -> bytes:
        """The installation's random id.

        Raises:
            DamagedRecordError: the first chain is not there.
        """
        query = select(audit_chains.c.predecessor_hash).where(audit_chains.c.id == 1)
        found: bytes | None = self._connection.execute(query).scalar()
        if found is None:
            raise DamagedRecordError
        return found

    def prune(self, before_sequence: int, limit: int) -> int:
        """Removes up to `limit` of the oldest entries, those below a place in the whole record.

        Returns:
            How many were removed.
        """
        query = (
            select(audit.c.chain_id, audit.c.chain_sequence, audit.c.hash)
            .where(audit.c.sequence < before_sequence)
            .order_by(audit.c.sequence)
            .limit(limit)
        )
        rows = self._connection.execute(query).all()
        last = {row.chain_id: row for row in rows}
        for chain_id, row in sorted(last.items()):
            self._connection.execute(
                update(audit_chains)
                .where(audit_chains.c.id == chain_id)
                .values(pruned_sequence=row.chain_sequence, pruned_hash=row.hash)
            )
            self._connection.execute(
                delete(audit).where(
                    audit.c.chain_id == chain_id, audit.c.chain_sequence <= row.chain_sequence
                )
            )
        return len(rows)

    def _newest(self) -> tuple[Chain, Head]:
        row = self._connection.execute(_WITH_HEADS.order_by(audit_chains.c.id.desc()).limit(1)).first()
        if row is None:
            raise DamagedRecordError
        return _to_chain(row), _head(row)

    def _pages(self, query: Select[Any]) -> Iterator[Row[Any]]:
        ordered, rows = query.order_by(audit_chains.c.id).limit(_PAGE), None
        while rows is None or len(rows) == _PAGE:
            page = ordered if rows is None else ordered.where(audit_chains.c.id > rows[-1].id)
            rows = self._connection.execute(page).all()
            yield from rows

    def _add(self, chain: Chain) -> Head:
        self._connection.execute(
            insert(audit_chains),
            {
                "id": chain.id,
                "opened_at": chain.opened_at,
                "predecessor_id": chain.predecessor.chain_id,
                "predecessor_sequence": chain.predecessor.sequence,
                "predecessor_hash": chain.predecessor.hash,
                "opening": chain.opening,
                "pruned_sequence": chain.pruned.sequence,
                "pruned_hash": chain.pruned.hash,
            },
        )
        return chain.pruned


def _to_chain(row: Row[Any]) -> Chain:
    predecessor = Head(row.predecessor_id, row.predecessor_sequence, row.predecessor_hash)
    pruned = Head(row.id, row.pruned_sequence, row.pruned_hash)
    return Chain(row.id, row.opened_at, predecessor, row.opening, pruned)


def _head(row: Row[Any]) -> Head:
    if row.chain_sequence is None:
        return Head(row.id, row.pruned_sequence, row.pruned_hash)
    return Head(row.id, row.chain_sequence, row.hash)
