"""Support records: a fob's diagnostic report, kept on its token until somebody has dealt with it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from keyfob.diagnostics import DiagnosticReport
from keyfob.errors import InvalidParametersError
from keyfob_verifier.errors import ReportSerialError, SupportStateError
from keyfob_verifier.records import AuditEntry, SupportChange, SupportRecord, SupportState
from keyfob_verifier.service.context import Context

MAX_NOTE_CHARACTERS = 500

NEXT: Mapping[SupportState, SupportState] = MappingProxyType(
    {
        SupportState.OPEN: SupportState.IN_PROGRESS,
        SupportState.IN_PROGRESS: SupportState.RESOLVED,
        SupportState.RESOLVED: SupportState.OPEN,
    }
)
"""The one state that each can be followed by."""


@dataclass(frozen=True, slots=True)
class SupportCase:
    """A support record with its history, oldest change first."""

    record: SupportRecord
    changes: tuple[SupportChange, ...]


def add(
    context: Context, tenant_id: str, actor: str, serial: str, report: DiagnosticReport, *, note: str = ""
) -> SupportCase:
    """Opens a support record on a token, whatever the token's status.

    Raises:
        TokenNotFoundError: there is no such token.
        ReportSerialError: the report is of another fob.
        InvalidParametersError: the note is too long, or has characters that do not print.
        StorageUnavailableError: nothing was kept.
    """
    first = SupportChange(context.clock.now(), actor, SupportState.OPEN, _checked(note))
    with context.store.write() as transaction:
        token = transaction.tokens.get(tenant_id, serial)
        if report.serial != token.serial:
            raise ReportSerialError(token.serial, report.serial)
        record = transaction.support.add(token, report, first)
        transaction.audit.append(tenant_id, [_entry("support-add", serial, first)])
    return SupportCase(record, (first,))


def update(
    context: Context, tenant_id: str, actor: str, record_id: int, state: SupportState, *, note: str = ""
) -> SupportCase:
    """Moves a support record on to its next state, which is kept in its history.

    Raises:
        SupportRecordNotFoundError: there is no such record.
        SupportStateError: that state does not follow the one that it has.
        InvalidParametersError: the note is too long, or has characters that do not print.
        StorageUnavailableError: nothing was changed.
    """
    change = SupportChange(context.clock.now(), actor, state, _checked(note))
    with context.store.write() as transaction:
        known = transaction.support.lock(tenant_id, record_id)
        if NEXT[known.state] is not state:
            raise SupportStateError(record_id, known.state, NEXT[known.state])
        transaction.support.change(record_id, change)
        transaction.audit.append(tenant_id, [_entry("support-update", known.serial, change)])
        changes = transaction.support.changes(record_id)
    return SupportCase(replace(known, state=state, changed_at=change.at), tuple(changes))


def show(context: Context, tenant_id: str, record_id: int) -> SupportCase:
    """One support record.

    Raises:
        SupportRecordNotFoundError: there is no such record.
        StorageUnavailableError: the database does not answer.
    """
    with context.store.read() as transaction:
        record = transaction.support.get(tenant_id, record_id)
        return SupportCase(record, tuple(transaction.support.changes(record_id)))


def page(
    context: Context,
    tenant_id: str,
    *,
    state: SupportState | None = None,
    serial: str | None = None,
    after: int = 0,
    limit: int,
) -> list[SupportRecord]:
    """Up to `limit` support records, oldest first, those after id `after`.

    Args:
        context: the installation.
        tenant_id: whose.
        state: only those in this state, unless None.
        serial: only those of the token with this serial, unless None.
        after: an id; 0 for the first page.
        limit: how many at most.

    Raises:
        TokenNotFoundError: there is no token with this serial.
        StorageUnavailableError: the database does not answer.
    """
    with context.store.read() as transaction:
        if serial is not None:
            transaction.tokens.get(tenant_id, serial)
        return transaction.support.page(tenant_id, state, serial, after, limit)


def _checked(note: str) -> str:
    if len(note) > MAX_NOTE_CHARACTERS or not note.isprintable():
        raise InvalidParametersError("note", note, f"up to {MAX_NOTE_CHARACTERS} printable characters")
    return note


def _entry(action: str, serial: str, change: SupportChange) -> AuditEntry:
    return AuditEntry(change.at, change.actor, action, serial, change.state.value)
