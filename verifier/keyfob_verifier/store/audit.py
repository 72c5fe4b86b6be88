"""The record as rows: only ever added to."""

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select

from keyfob_verifier.records import AuditEntry
from keyfob_verifier.store.schema import audit


class Audit:
    """The audit log of a database, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, tenant_id: str, entries: Sequence[AuditEntry]) -> None:
        """Adds entries in their order."""
        if entries:
            self._connection.execute(
                insert(audit),
                [
                    {
                        "tenant_id": tenant_id,
                        "at": entry.at,
                        "actor": entry.actor,
                        "action": entry.action,
                        "serial": entry.serial,
                        "outcome": entry.outcome,
                        "step": entry.step,
                    }
                    for entry in entries
                ],
            )

    def latest(self, tenant_id: str, serial: str | None, limit: int) -> list[AuditEntry]:
        """The newest entries, newest first; those of one token where `serial` is given."""
        query = (
            select(audit).where(audit.c.tenant_id == tenant_id).order_by(audit.c.sequence.desc()).limit(limit)
        )
        if serial is not None:
            query = query.where(audit.c.serial == serial)
        return [
            AuditEntry(row.at, row.actor, row.action, row.serial, row.outcome, row.step, row.sequence)
            for row in self._connection.execute(query)
        ]
