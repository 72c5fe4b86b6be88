"""Envelope encryption: seeds under a data key, the data key under the key-encryption key (KEK)."""

import secrets
from collections.abc import Callable, Iterable

from keyfob import SealingKey
from keyfob.errors import UnsealError
from keyfob_verifier.errors import WrongKekError
from keyfob_verifier.records import WrappedDataKey

_NONCE_BYTES = 12


def wrap(
    data_key: SealingKey,
    tenant_id: str,
    kek: SealingKey,
    created_at: float,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> WrappedDataKey:
    """Wraps a data key of a tenant under the KEK."""
    nonce = random_bytes(_NONCE_BYTES)
    associated = _associated_data(data_key.key_id, tenant_id, kek.key_id)
    ciphertext = kek.encrypt(data_key.reveal(), associated, nonce)
    return WrappedDataKey(data_key.key_id, tenant_id, kek.key_id, nonce, ciphertext, created_at)


def unwrap(wrapped: WrappedDataKey, kek: SealingKey) -> SealingKey:
    """The data key.

    Raises:
        WrongKekError: it was wrapped under another KEK, or altered.
    """
    associated = _associated_data(wrapped.id, wrapped.tenant_id, wrapped.kek_id)
    try:
        secret = kek.decrypt(wrapped.ciphertext, associated, wrapped.nonce)
    except UnsealError:
        raise WrongKekError(wrapped.kek_id) from None
    return SealingKey(wrapped.id, secret)


class Keyring:
    """The data keys of an open installation.

    Args:
        wrapped: every data key, oldest first; a tenant's newest one seals new seeds.
        kek: what they are wrapped under.

    Raises:
        WrongKekError: one of them does not unwrap.
    """

    def __init__(self, wrapped: Iterable[WrappedDataKey], kek: SealingKey) -> None:
        self._by_id: dict[str, SealingKey] = {}
        self._newest: dict[str, SealingKey] = {}
        for record in wrapped:
            key = unwrap(record, kek)
            self._by_id[key.key_id] = self._newest[record.tenant_id] = key

    def sealing(self, tenant_id: str) -> SealingKey:
        """The key for a tenant's new seeds."""
        return self._newest[tenant_id]

    def opening(self, key_id: str) -> SealingKey:
        """The key that a seed was sealed with.

        Raises:
            UnsealError: there is no such key.
        """
        try:
            return self._by_id[key_id]
        except KeyError:
            raise UnsealError from None


def _associated_data(key_id: str, tenant_id: str, kek_id: str) -> bytes:
    fields = (b"keyfob data key 1", key_id.encode(), tenant_id.encode(), kek_id.encode())
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)
