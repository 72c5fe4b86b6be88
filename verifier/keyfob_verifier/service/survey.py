"""A tenant's tokens at a glance: how many there are, which are locked, what was refused; and searched."""

from collections.abc import Mapping
from dataclasses import dataclass

from keyfob_verifier.attempts import Standing
from keyfob_verifier.records import AuditEntry, TokenStatus
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.inspection import TokenView, view
from keyfob_verifier.service.outcome import Reason
from keyfob_verifier.store.audit import Wanted

COMPARED = frozenset({"validate", "activate", "resync", "sign-in"})
"""The actions that can be refused."""
_LOOKED_THROUGH = 500
_CANDIDATES = 200


@dataclass(frozen=True, slots=True)
class LockedToken:
    """A token whose budget of failures is spent.

    Attributes:
        serial: its serial.
        standing: from where it cannot be used: sources that it was used from before, or all others.
        wait_s: how long until the next code is compared.
    """

    serial: str
    standing: Standing
    wait_s: float


@dataclass(frozen=True, slots=True)
class Survey:
    """The tokens of a tenant.

    Attributes:
        count: how many, by status.
        locked: the locked ones that failed last, newest first.
    """

    count: Mapping[TokenStatus, int]
    locked: tuple[LockedToken, ...]


def survey(context: Context, tenant_id: str, most_locked: int) -> Survey:
    """The tokens of a tenant as they are now, with up to `most_locked` that are locked.

    Raises:
        StorageUnavailableError: the database does not answer.
    """
    at, throttle = context.guard.steady_now(), context.throttle
    with context.store.read() as transaction:
        count = transaction.survey.count(tenant_id)
        spent = transaction.survey.spent(tenant_id, _CANDIDATES)
    locked = (
        LockedToken(serial, standing, throttle.wait_s(state, at))
        for serial, standing, state in spent
        if throttle.is_locked(state, at)
    )
    return Survey(count, tuple(locked)[:most_locked])


def search(context: Context, tenant_id: str, prefix: str, after: str, limit: int) -> list[TokenView]:
    """Up to `limit` tokens by serial, those after serial `after` whose serial or account begins with `prefix`.

    Raises:
        StorageUnavailableError: the database does not answer.
    """
    if not prefix.isprintable() or not after.isprintable():
        return []
    with context.store.read() as transaction:
        tokens = transaction.survey.search(tenant_id, prefix, after, limit)
    return [view(context, token) for token in tokens]


def newest_refusals(context: Context, tenant_id: str, limit: int) -> list[AuditEntry]:
    """The newest refusals of codes and people, newest first, among the last few hundred entries of the record.

    Raises:
        StorageUnavailableError: the database does not answer.
    """
    with context.store.read() as transaction:
        entries = transaction.audit.page(Wanted(tenant_id), _LOOKED_THROUGH)
    return [entry for entry in entries if entry.action in COMPARED and _is_refusal(entry)][:limit]


def _is_refusal(entry: AuditEntry) -> bool:
    return not entry.outcome.removeprefix("repeated-").startswith(Reason.ACCEPTED.value)


def newest_entries(context: Context, tenant_id: str, serial: str, limit: int) -> list[AuditEntry]:
    """The newest entries of the record about a token, newest first.

    Raises:
        StorageUnavailableError: the database does not answer.
    """
    with context.store.read() as transaction:
        return transaction.audit.page(Wanted(tenant_id, serial), limit)
