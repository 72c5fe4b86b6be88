"""Data keys, one for each tenant: made with it, and held while a seed is sealed."""

import secrets
from collections.abc import Callable
from dataclasses import replace

from keyfob import SealedSeed, SealingKey, Seed
from keyfob_verifier.keys.envelope import wrap
from keyfob_verifier.keys.errors import DataKeyMissingError, KekMissingError, SigningKekMissingError
from keyfob_verifier.records import SEALED_AS, Token
from keyfob_verifier.service.context import Context
from keyfob_verifier.store.database import Transaction


def add_data_key(
    context: Context,
    transaction: Transaction,
    tenant_id: str,
    created_at: float,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> None:
    """Gives a new tenant its data key, in the transaction that makes the tenant.

    Raises:
        HsmUnavailableError: the KEK is in an HSM that does not answer.
    """
    data_key = SealingKey.generate(random_bytes)
    transaction.data_keys.add(wrap(data_key, tenant_id, context.keyring.keks, created_at, random_bytes))


def sealing_key(context: Context, transaction: Transaction, tenant_id: str) -> SealingKey:
    """The key for a tenant's new seeds, which is not deleted before the transaction has ended.

    Raises:
        DataKeyMissingError: the tenant has none.
        KekMissingError: it is wrapped under a KEK that is not here.
        WrongKekError: it does not open under the KEK that it names.
    """
    newest = transaction.data_keys.hold_newest(tenant_id)
    if newest is None:
        raise DataKeyMissingError(tenant_id)
    return context.keyring.open(newest)


def seal(
    token: Token,
    seed: Seed,
    data_key: SealingKey,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> Token:
    """The token with its seed sealed anew, bound to all that makes the token what it is."""
    bound = replace(token, sealed_as=SEALED_AS, data_key_id=data_key.key_id)
    return replace(bound, sealed_seed=SealedSeed.seal(seed, bound.binding, data_key, random_bytes).to_bytes())


def unknown_keks(context: Context) -> list[str]:
    """The ids of the KEKs that keys in the database are wrapped under, and that this process does not have.

    Raises:
        StorageUnavailableError: the database does not answer.
    """
    over_seeds, over_signing = _unknown_keks(context)
    return sorted(over_seeds | over_signing)


def require_keks(context: Context) -> None:
    """Ends well where every key in the database is wrapped under a KEK that this process has.

    Raises:
        KekMissingError: data keys are wrapped under another one; all that are missing are named.
        SigningKekMissingError: every data key is at hand, and a key that signs the record's checkpoints is not.
        StorageUnavailableError: the database does not answer.
    """
    over_seeds, over_signing = _unknown_keks(context)
    if over_seeds:
        raise KekMissingError(*sorted(over_seeds | over_signing))
    if over_signing:
        raise SigningKekMissingError(*sorted(over_signing))


def _unknown_keks(context: Context) -> tuple[frozenset[str], frozenset[str]]:
    known = context.keyring.keks.ids
    with context.store.read() as transaction:
        over_seeds = transaction.data_keys.kek_ids()
        over_signing = frozenset(record.kek_id for record in transaction.signing_keys.all())
    return over_seeds - known, over_signing - known
