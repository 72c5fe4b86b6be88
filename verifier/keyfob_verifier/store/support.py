"""Support records and their history as rows."""

from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from keyfob.diagnostics import DiagnosticReport, InvalidReportError, parse_report, report_to_json
from keyfob_verifier.errors import DamagedSupportRecordError, SupportRecordNotFoundError
from keyfob_verifier.records import SupportChange, SupportRecord, SupportState, Token
from keyfob_verifier.store.schema import support_changes, support_records, tokens

_RECORDS = select(support_records, tokens.c.serial).join(tokens, support_records.c.token_id == tokens.c.id)


class SupportRecords:
    """The support records of a database, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, token: Token, report: DiagnosticReport, first: SupportChange) -> SupportRecord:
        """Adds a record, with the first line of its history."""
        row = {
            "tenant_id": token.tenant_id,
            "token_id": token.id,
            "state": first.state.value,
            "report": report_to_json(report).decode(),
            "opened_at": first.at,
            "changed_at": first.at,
        }
        added = self._connection.execute(insert(support_records).returning(support_records.c.id), row)
        record = SupportRecord(added.scalar_one(), token.serial, first.state, report, first.at, first.at)
        self._note(record.id, first)
        return record

    def get(self, tenant_id: str, record_id: int) -> SupportRecord:
        """A record by its id.

        Raises:
            SupportRecordNotFoundError: there is none.
            DamagedSupportRecordError: its row was altered.
        """
        return self._one(_RECORDS, tenant_id, record_id)

    def lock(self, tenant_id: str, record_id: int) -> SupportRecord:
        """A record by its id, kept from other writers until the transaction ends. Raises what `get` raises."""
        return self._one(_RECORDS.with_for_update(of=support_records), tenant_id, record_id)

    def change(self, record_id: int, change: SupportChange) -> None:
        """Gives a locked record another state, and its history another line."""
        self._connection.execute(
            update(support_records)
            .where(support_records.c.id == record_id)
            .values(state=change.state.value, changed_at=change.at)
        )
        self._note(record_id, change)

    def changes(self, record_id: int) -> list[SupportChange]:
        """A record's history, oldest first."""
        rows = self._connection.execute(
            select(support_changes)
            .where(support_changes.c.record_id == record_id)
            .order_by(support_changes.c.sequence)
        )
        return [SupportChange(row.at, row.actor, SupportState(row.state), row.note) for row in rows]

    def page(
        self, tenant_id: str, state: SupportState | None, serial: str | None, after: int, limit: int
    ) -> list[SupportRecord]:
        """Up to `limit` records in the order of their ids, those after id `after`.

        Args:
            tenant_id: whose.
            state: only those in this state, unless None.
            serial: only those of the token with this serial, unless None.
            after: an id; 0 for the first page.
            limit: how many at most.

        Raises:
            DamagedSupportRecordError: a row was altered.
        """
        query = (
            _RECORDS.where(support_records.c.tenant_id == tenant_id, support_records.c.id > after)
            .order_by(support_records.c.id)
            .limit(limit)
        )
        if state is not None:
            query = query.where(support_records.c.state == state.value)
        if serial is not None:
            query = query.where(tokens.c.serial == serial)
        return [_from_row(row) for row in self._connection.execute(query)]

    def _one(self, query: Select[Any], tenant_id: str, record_id: int) -> SupportRecord:
        wanted = query.where(support_records.c.tenant_id == tenant_id, support_records.c.id == record_id)
        found = self._connection.execute(wanted).first()
        if found is None:
            raise SupportRecordNotFoundError(record_id)
        return _from_row(found)

    def _note(self, record_id: int, change: SupportChange) -> None:
        row = {
            "record_id": record_id,
            "at": change.at,
            "actor": change.actor,
            "state": change.state.value,
            "note": change.note,
        }
        self._connection.execute(insert(support_changes), row)


def _from_row(row: Row[Any]) -> SupportRecord:
    try:
        state, report = SupportState(row.state), parse_report(row.report.encode())
    except (ValueError, InvalidReportError):
        raise DamagedSupportRecordError(row.id) from None
    return SupportRecord(row.id, row.serial, state, report, row.opened_at, row.changed_at)
