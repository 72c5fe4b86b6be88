"""The keys that sign checkpoints: made when the first checkpoint is, kept wrapped under the key-encryption key."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace

from keyfob_verifier.audit.findings import Fault, Finding
from keyfob_verifier.audit.signing import SECRET_BYTES, Signer
from keyfob_verifier.keys.errors import WrongKekError
from keyfob_verifier.keys.kek import Keks, Wrapped
from keyfob_verifier.store.checkpoints import WrappedSigningKey
from keyfob_verifier.store.database import Transaction

_KIND = "checkpoint signing key 1"

RandomBytes = Callable[[int], bytes]


def present_signer(
    transaction: Transaction, keks: Keks, at: float, random_bytes: RandomBytes = secrets.token_bytes
) -> Signer:
    """The key that signs at present; the first call of an installation makes it.

    Raises:
        KekMissingError: it is wrapped under a KEK that is not here.
        WrongKekError: it does not open under the KEK that it names.
        HsmUnavailableError: the KEK is in an HSM that does not answer.
    """
    kept = [key for key in transaction.signing_keys.all() if key.retired_at is None]
    if kept:
        return _open(kept[-1], keks)
    secret, key_id = random_bytes(SECRET_BYTES), random_bytes(8).hex()
    signer = Signer(secret)
    w = keks.wrap(secret, _KIND, key_id, random_bytes=random_bytes)
    record = WrappedSigningKey(key_id, signer.public_key, w.kek_id, w.nonce, w.ciphertext, at)
    transaction.signing_keys.add(record)
    return signer


def trusted_keys(transaction: Transaction, keks: Keks) -> Iterator[bytes | Finding]:
    """The public key of each signing key that opens, and a finding for each that was altered.

    Raises:
        KekMissingError: a key is wrapped under a KEK that is not here.
        HsmUnavailableError: the KEK is in an HSM that does not answer.
    """
    for record in transaction.signing_keys.all():
        try:
            public_key = _open(record, keks).public_key
        except WrongKekError as error:
            yield Finding(Fault.KEY_CHANGED, f"signing key {record.id}: {error}")
            continue
        if public_key == record.public_key:
            yield public_key
        else:
            what = f"the public key of signing key {record.id} is not that of the key wrapped there"
            yield Finding(Fault.KEY_CHANGED, what)


def rewrap_signing_keys(
    transaction: Transaction, keks: Keks, random_bytes: RandomBytes = secrets.token_bytes
) -> int:
    """Puts every signing key that is wrapped under another KEK under the present one, and tells how many.

    Raises:
        KekMissingError: a key is wrapped under a KEK that is not here.
        WrongKekError: it does not open under the KEK that it names.
    """
    stale = [key for key in transaction.signing_keys.all() if key.kek_id != keks.current.kek_id]
    for known in stale:
        w = keks.rewrap(_wrapped(known), _KIND, known.id, random_bytes=random_bytes)
        new = replace(known, kek_id=w.kek_id, nonce=w.nonce, ciphertext=w.ciphertext)
        transaction.signing_keys.rewrap(known, new)
    return len(stale)


def _open(record: WrappedSigningKey, keks: Keks) -> Signer:
    secret = keks.unwrap(_wrapped(record), _KIND, record.id)
    try:
        return Signer(secret)
    finally:
        secret[:] = bytes(len(secret))


def _wrapped(record: WrappedSigningKey) -> Wrapped:
    return Wrapped(record.kek_id, record.nonce, record.ciphertext)
