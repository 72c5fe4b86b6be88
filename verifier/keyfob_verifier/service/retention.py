"""Retention: the oldest entries are removed, and what is left stays provable."""

from datetime import UTC, datetime

from keyfob_verifier.audit.errors import PruneTimeError
from keyfob_verifier.records import AuditEntry
from keyfob_verifier.service.checkpoints import checkpoint, checkpoint_within
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.proof import Advance, require_sound, verify_record

BATCH = 5000


def prune(
    context: Context,
    tenant_id: str,
    actor: str,
    before: float,
    *,
    batch: int = BATCH,
    advance: Advance = lambda _more: None,
) -> int:
    """Removes the entries of all tenants that were written before the first one of a moment or later.

    A checkpoint comes first. Then each batch is one transaction: entries go, each chain keeps the place and the hash of
    the last one that went, and a checkpoint signs that. So it may be stopped at any point and called again. A record
    that does not hold is left alone.

    Args:
        context: the installation.
        tenant_id: in whose record it is entered.
        actor: who does it.
        before: Unix time.
        batch: how many entries at most go at once.
        advance: is told how many more are gone.

    Returns:
        How many entries were removed.

    Raises:
        PruneTimeError: that moment is not past.
        AuditTamperedError: the record does not hold.
        StorageUnavailableError: the database cannot be read or written; what was removed until then is gone.
        KekMissingError: no checkpoint can be signed; `WrongKekError` and `HsmUnavailableError` likewise.
    """
    now = context.clock.now()
    if before > now:
        raise PruneTimeError
    checkpoint(context)
    require_sound(verify_record(context.store, context.keyring.keks))
    with context.store.read() as transaction:
        first_kept = transaction.audit.first_since(before)
        oldest = transaction.audit.first_since(0.0)
    if oldest is None or oldest == first_kept:
        return 0
    removed, entries = 0, [AuditEntry(now, actor, "audit-prune", None, _named(before))]
    while True:
        gone = _prune_batch(context, tenant_id, entries, before, batch)
        removed, entries = removed + gone, []
        advance(gone)
        if gone < batch:
            return removed


def _prune_batch(
    context: Context, tenant_id: str, entries: list[AuditEntry], before: float, batch: int
) -> int:
    with context.store.write() as transaction:
        transaction.checkpoints.lock()
        transaction.audit.append(tenant_id, entries)
        first_kept = transaction.audit.first_since(before)
        gone = 0 if first_kept is None else transaction.chains.prune(first_kept, batch)
        checkpoint_within(transaction, context)
    return gone


def _named(before: float) -> str:
    return f"before {datetime.fromtimestamp(before, UTC):%Y-%m-%dT%H:%M:%SZ}"
