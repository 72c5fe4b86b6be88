"""Changing the key-encryption key: everything that lies under another is wrapped under it anew."""

from collections.abc import Callable
from dataclasses import dataclass, field

from keyfob_verifier.keys.envelope import rewrap
from keyfob_verifier.keys.errors import WrongKekError
from keyfob_verifier.keys.kek import Kek, Keks
from keyfob_verifier.records import AuditEntry
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.signing import rewrap_signing_keys

BATCH = 50

Watch = Callable[[int, int], None]
"""Is told how many are done, of how many, between two transactions; it may take its time to let others write."""


@dataclass(slots=True)
class KekRotation:
    """What became of a rotation.

    Attributes:
        wrapped: how many keys were wrapped anew.
        unusable: the ids of data keys that do not open, and stay as they are.
    """

    wrapped: int = 0
    unusable: list[str] = field(default_factory=list)


def rotate_kek(context: Context, actor: str, tenant_id: str, to: Kek, watch: Watch) -> KekRotation:
    """Wraps every data key, and the record's signing keys, under another KEK.

    Each batch is a transaction of its own: whoever begins again after a halt goes on where it was.

    Args:
        context: the installation, opened with the KEKs that keys are wrapped under until now.
        actor: who asks, for the record.
        tenant_id: whose record notes what belongs to no tenant.
        to: the KEK from now on.
        watch: told after each batch.

    Raises:
        KekMissingError: a key is wrapped under a KEK that is not among the context's.
        WrongKekError: a signing key does not open under the KEK that it names.
        HsmUnavailableError: an HSM does not answer.
        StorageUnavailableError: the database does not answer; what was done stays done.
    """
    keks = context.keyring.keks.with_current(to)
    with context.store.read() as transaction:
        total = transaction.data_keys.count_wrapped_otherwise(to.kek_id)
    rotation = KekRotation()
    after: str | None = ""
    while after is not None:
        after = _rewrap_batch(context, actor, keks, after, rotation)
        watch(rotation.wrapped, total)
    rotation.wrapped += _rewrap_signing_keys(context, actor, tenant_id, keks)
    return rotation


def _rewrap_batch(context: Context, actor: str, keks: Keks, after: str, rotation: KekRotation) -> str | None:
    """Wraps the next data keys anew; the last one's id, None at the end."""
    at, kek_id = context.clock.now(), keks.current.kek_id
    wrapped, unusable = [], []
    with context.store.write() as transaction:
        stored = transaction.data_keys.lock_wrapped_otherwise(kek_id, after, BATCH)
        for record in stored:
            try:
                wrapped.append(rewrap(record, keks))
            except WrongKekError:
                unusable.append(record.id)
        for record in wrapped:
            transaction.data_keys.rewrap(record)
            entry = AuditEntry(at, actor, "rewrap-data-key", None, kek_id)
            transaction.audit.append(record.tenant_id, [entry])
    rotation.wrapped += len(wrapped)
    rotation.unusable += unusable
    return stored[-1].id if len(stored) == BATCH else None


def _rewrap_signing_keys(context: Context, actor: str, tenant_id: str, keks: Keks) -> int:
    at = context.clock.now()
    with context.store.write() as transaction:
        done = rewrap_signing_keys(transaction, keks)
        if done:
            entry = AuditEntry(at, actor, "rewrap-signing-key", None, keks.current.kek_id)
            transaction.audit.append(tenant_id, [entry])
    return done
