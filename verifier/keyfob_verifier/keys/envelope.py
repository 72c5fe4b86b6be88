"""Envelope encryption: seeds under a data key, the data key under the key-encryption key (KEK)."""

import secrets
from collections.abc import Callable
from dataclasses import replace

from keyfob import SealingKey
from keyfob_verifier.keys.kek import Keks, Wrapped
from keyfob_verifier.records import WrappedDataKey

_KIND = "data key 1"


def wrap(
    data_key: SealingKey,
    tenant_id: str,
    keks: Keks,
    created_at: float,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> WrappedDataKey:
    """Wraps a data key of a tenant under the present KEK."""
    w = keks.wrap(data_key.reveal(), _KIND, data_key.key_id, tenant_id, random_bytes=random_bytes)
    return WrappedDataKey(data_key.key_id, tenant_id, w.kek_id, w.nonce, w.ciphertext, created_at)


def unwrap(wrapped: WrappedDataKey, keks: Keks) -> SealingKey:
    """The data key.

    Raises:
        KekMissingError: it is wrapped under a KEK that is not here.
        WrongKekError: it was wrapped under another KEK, or altered.
    """
    secret = keks.unwrap(_wrapped(wrapped), _KIND, wrapped.id, wrapped.tenant_id)
    return SealingKey(wrapped.id, secret)


def rewrap(
    wrapped: WrappedDataKey, keks: Keks, random_bytes: Callable[[int], bytes] = secrets.token_bytes
) -> WrappedDataKey:
    """The same data key under the present KEK.

    Raises:
        KekMissingError: it is wrapped under a KEK that is not here.
        WrongKekError: it was wrapped under another KEK, or altered.
    """
    w = keks.rewrap(_wrapped(wrapped), _KIND, wrapped.id, wrapped.tenant_id, random_bytes=random_bytes)
    return replace(wrapped, kek_id=w.kek_id, nonce=w.nonce, ciphertext=w.ciphertext)


def _wrapped(record: WrappedDataKey) -> Wrapped:
    return Wrapped(record.kek_id, record.nonce, record.ciphertext)
