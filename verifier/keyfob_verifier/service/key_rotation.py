"""Changing data keys: a new one for a tenant, its seeds sealed with that, and the old one deleted."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from keyfob import SealingKey
from keyfob.errors import UnsealError
from keyfob_verifier.errors import StaleRowError
from keyfob_verifier.keys.envelope import wrap
from keyfob_verifier.records import AuditEntry, Token, WrappedDataKey
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.data_keys import seal, sealing_key
from keyfob_verifier.service.kek_rotation import Watch
from keyfob_verifier.store.database import Transaction

BATCH = 100
_NEWER_BY_S = 1.0
_TRIES = 3


@dataclass(frozen=True, slots=True)
class DataKeyRotation:
    """What became of a rotation.

    Attributes:
        resumed: it went on with one that had been halted, and made no further keys.
        tenants: how many tenants have a new data key.
        resealed: how many seeds were sealed with it.
        deleted: how many old data keys are gone.
        unusable: the serials of tokens whose seeds do not open, so that they stay, and their old data keys with them.
    """

    resumed: bool
    tenants: int
    resealed: int
    deleted: int
    unusable: tuple[str, ...]


@dataclass(slots=True)
class _Progress:
    """What one pass after the other adds to."""

    watch: Watch
    total: int
    resealed: int = 0
    deleted: int = 0
    unusable: set[str] = field(default_factory=set)


def rotate_data_keys(context: Context, actor: str, tenant_id: str | None, watch: Watch) -> DataKeyRotation:
    """Gives tenants new data keys, seals their seeds with them, and deletes the old ones.

    Codes are verified meanwhile. Each batch of seeds is a transaction of its own; where an earlier rotation was halted,
    this one goes on with it.

    Args:
        context: the installation.
        actor: who asks, for the record.
        tenant_id: the tenant; None for all.
        watch: told after each batch.

    Raises:
        TenantNotFoundError: there is no such tenant.
        KekMissingError: a data key is wrapped under a KEK that is not here.
        StorageUnavailableError: the database does not answer; what was done stays done.
    """
    with context.store.read() as transaction:
        tenants = _chosen(transaction, tenant_id)
        unfinished = [name for name in tenants if len(transaction.data_keys.of(name)) > 1]
    if not unfinished:
        _add_newer_keys(context, actor, tenants)
    chosen = unfinished or tenants
    with context.store.read() as transaction:
        total = sum(_count_outdated(transaction, name) for name in chosen)
    progress = _Progress(watch, total)
    for name in chosen:
        for old in _outdated(context, name):
            _retire(context, actor, old, progress)
    return DataKeyRotation(
        bool(unfinished),
        len(chosen),
        progress.resealed,
        progress.deleted,
        tuple(sorted(progress.unusable)),
    )


def _chosen(transaction: Transaction, tenant_id: str | None) -> list[str]:
    if tenant_id is not None:
        return [transaction.tenants.get(tenant_id).id]
    return [tenant.id for tenant in transaction.tenants.all()]


def _add_newer_keys(context: Context, actor: str, tenants: Sequence[str]) -> None:
    """One more key for each, in one transaction, so that a halted rotation can be told from one that never began."""
    at = context.clock.now()
    keks = context.keyring.keks
    with context.store.read() as transaction:
        newest = {name: transaction.data_keys.of(name)[-1:] for name in tenants}
    keys = [wrap(SealingKey.generate(), name, keks, _newer_than(known, at)) for name, known in newest.items()]
    with context.store.write() as transaction:
        for key in keys:
            transaction.data_keys.add(key)
            entry = AuditEntry(at, actor, "new-data-key", None, key.id)
            transaction.audit.append(key.tenant_id, [entry])


def _newer_than(known: Sequence[WrappedDataKey], at: float) -> float:
    """When a key was made, later than those that are there, whatever the clock says: the newest seals."""
    return max([at, *(key.created_at + _NEWER_BY_S for key in known)])


def _outdated(context: Context, tenant_id: str) -> list[WrappedDataKey]:
    with context.store.read() as transaction:
        return transaction.data_keys.of(tenant_id)[:-1]


def _count_outdated(transaction: Transaction, tenant_id: str) -> int:
    return sum(transaction.sealed_seeds.count(key.id) for key in transaction.data_keys.of(tenant_id)[:-1])


def _retire(context: Context, actor: str, old: WrappedDataKey, progress: _Progress) -> None:
    """Seals anew what lies under a key, also what was enrolled meanwhile, until the key can be deleted."""
    while True:
        before = progress.resealed
        after: str | None = ""
        while after is not None:
            after = _reseal_next(context, old, after, progress)
            progress.watch(progress.resealed, max(progress.total, progress.resealed))
        if _delete(context, actor, old):
            progress.deleted += 1
            return
        if progress.resealed == before:
            return


def _reseal_next(context: Context, old: WrappedDataKey, after: str, progress: _Progress) -> str | None:
    """Seals the next seeds under a key with the tenant's newest; the last one's id, None at the end."""
    for _ in range(_TRIES - 1):
        try:
            return _reseal_batch(context, old, after, progress)
        except StaleRowError:
            continue
    return _reseal_batch(context, old, after, progress)


def _reseal_batch(context: Context, old: WrappedDataKey, after: str, progress: _Progress) -> str | None:
    with context.store.write() as transaction:
        newest = sealing_key(context, transaction, old.tenant_id)
        rows = transaction.sealed_seeds.lock(old.id, after, BATCH)
        changes: list[tuple[Token, Token]] = []
        unusable = set()
        for _, serial, token in rows:
            resealed = None if token is None else _reseal(context, token, newest)
            if token is None or resealed is None:
                unusable.add(serial)
            else:
                changes.append((token, resealed))
        transaction.sealed_seeds.replace(changes)
    progress.resealed += len(changes)
    progress.unusable |= unusable
    return rows[-1][0] if len(rows) == BATCH else None


def _reseal(context: Context, token: Token, data_key: SealingKey) -> Token | None:
    try:
        with context.opened(token) as seed:
            return seal(token, seed, data_key)
    except UnsealError:
        return None


def _delete(context: Context, actor: str, old: WrappedDataKey) -> bool:
    """Deletes a key that nothing lies under any more; whether it is gone."""
    at = context.clock.now()
    with context.store.write() as transaction:
        if transaction.data_keys.lock(old.id) is None:
            return True
        if transaction.sealed_seeds.count(old.id):
            return False
        transaction.data_keys.delete(old.id)
        entry = AuditEntry(at, actor, "delete-data-key", None, old.id)
        transaction.audit.append(old.tenant_id, [entry])
    return True
