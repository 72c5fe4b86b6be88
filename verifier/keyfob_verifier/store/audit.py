"""The record as rows: added to in chains, read in pages and whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, select
from sqlalchemy.exc import IntegrityError

from keyfob_verifier.audit.chain import ChainedEntry, Head, entry_hash
from keyfob_verifier.errors import StaleRowError
from keyfob_verifier.records import AuditEntry
from keyfob_verifier.store.bulk import BulkInsert
from keyfob_verifier.store.chains import Chains, OpenChains
from keyfob_verifier.store.schema import audit

_STREAMED = {"yield_per": 2000}
_FIELDS = (
    "chain_id",
    "chain_sequence",
    "tenant_id",
    "at",
    "actor",
    "action",
    "serial",
    "outcome",
    "step",
    "hash",
)
_INSERT = BulkInsert(audit, _FIELDS)
_CHAINED = tuple(audit.c[name] for name in ChainedEntry._fields)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: all of them, or those that agree with every field that is not None.

    Attributes:
        tenant_id: of this tenant.
        serial: of this token.
        action: of this action.
        since: Unix time; at that moment or later.
        until: Unix time; before that moment.
        after: with a greater number in the record.
        before: with a lesser one.
    """

    tenant_id: str | None = None
    serial: str | None = None
    action: str | None = None
    since: float | None = None
    until: float | None = None
    after: int | None = None
    before: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """As SQL has them."""
        named = ("tenant_id", "serial", "action")
        found = [audit.c[name] == value for name in named if (value := getattr(self, name)) is not None]
        found += [audit.c.at >= self.since] if self.since is not None else []
        found += [audit.c.at < self.until] if self.until is not None else []
        found += [audit.c.sequence > self.after] if self.after is not None else []
        found += [audit.c.sequence < self.before] if self.before is not None else []
        return found


class Audit:
    """The audit log of a database, within one transaction, which is lent a chain with its first entry.

    Args:
        connection: the transaction's.
        free: the process's chains.
    """

    def __init__(self, connection: Connection, free: OpenChains) -> None:
        self._connection = connection
        self._free = free
        self._lent: Head | None = None
        self._head: Head | None = None

    def append(self, tenant_id: str, entries: Sequence[AuditEntry]) -> None:
        """Adds entries in their order.

        Raises:
            StaleRowError: somebody else wrote to this transaction's chain, which only a copy of this process can;
                the transaction is lost, and its repetition gets another chain.
        """
        if not entries:
            return
        if self._head is None:
            self._lent = self._head = self._free.take()
        if self._head is None:
            self._head = Chains(self._connection).open(entries[0].at)
        chain_id, sequence, digest = self._head
        rows = []
        for entry in entries:
            sequence += 1
            content = (
                tenant_id,
                entry.at,
                entry.actor,
                entry.action,
                entry.serial,
                entry.outcome,
                entry.step,
            )
            digest = entry_hash(digest, chain_id, sequence, content)
            rows.append((chain_id, sequence, *content, digest))
        try:
            _INSERT(self._connection, rows)
        except IntegrityError:
            self._lent = None
            raise StaleRowError from None
        self._head = Head(chain_id, sequence, digest)

    def committed(self) -> None:
        """Gives the chain back as it is now."""
        self._free.put(self._head)

    def undone(self) -> None:
        """Gives the chain back as it was; one that was opened in this transaction is gone with it."""
        self._free.put(self._lent)

    def latest(self, tenant_id: str, serial: str | None, limit: int) -> list[AuditEntry]:
        """The newest entries, newest first; those of one token where `serial` is given."""
        return self.page(Wanted(tenant_id, serial), limit)

    def page(self, wanted: Wanted, limit: int) -> list[AuditEntry]:
        """Up to `limit` entries: the newest, newest first; where `after` is given the oldest, oldest first."""
        ordered = audit.c.sequence.desc() if wanted.after is None else audit.c.sequence
        query = select(audit).where(*wanted.conditions()).order_by(ordered).limit(limit)
        return [
            AuditEntry(row.at, row.actor, row.action, row.serial, row.outcome, row.step, row.sequence)
            for row in self._connection.execute(query)
        ]

    def count(self) -> int:
        """How many entries there are."""
        return self._connection.execute(select(func.count()).select_from(audit)).scalar_one()

    def chained(self) -> Iterator[ChainedEntry]:
        """Every entry in the order of chain and place there, streamed."""
        query = select(*_CHAINED).order_by(audit.c.chain_id, audit.c.chain_sequence)
        return map(ChainedEntry._make, self._connection.execute(query, execution_options=_STREAMED))

    def following(self, wanted: Wanted) -> Iterator[tuple[ChainedEntry, bytes | None]]:
        """Entries in the order of their numbers, streamed, each with the hash of the entry before it in its chain.

        That hash is None for the first one that is left in a chain.
        """
        before = audit.alias("before")
        joined = audit.outerjoin(
            before,
            (before.c.chain_id == audit.c.chain_id) & (before.c.chain_sequence == audit.c.chain_sequence - 1),
        )
        query = (
            select(*_CHAINED, before.c.hash)
            .select_from(joined)
            .where(*wanted.conditions())
            .order_by(audit.c.sequence)
        )
        for row in self._connection.execute(query, execution_options=_STREAMED):
            yield ChainedEntry._make(row[:-1]), row[-1]

    def first_since(self, at: float) -> int | None:
        """The number of the first entry in the record that is of that moment or later."""
        query = select(audit.c.sequence).where(audit.c.at >= at).order_by(audit.c.sequence).limit(1)
        return self._connection.execute(query).scalar()
