"""Checkpoints over the record: made when something happened, kept in the database, handed out."""

from keyfob_verifier.audit.checkpoint import SignedCheckpoint, make_checkpoint
from keyfob_verifier.audit.errors import CheckpointNotFoundError
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.signing import present_signer
from keyfob_verifier.store.database import Transaction

EVERY_S = 600.0


def checkpoint(context: Context) -> SignedCheckpoint:
    """The newest checkpoint, after a new one was made if anything happened since it.

    Raises:
        InvalidCheckpointError: the newest one was altered.
        KekMissingError: the signing key is wrapped under a KEK that is not here; `WrongKekError` and
            `HsmUnavailableError` likewise.
        StorageUnavailableError: none was made.
    """
    with context.store.write() as transaction:
        return checkpoint_within(transaction, context)


def checkpoint_within(transaction: Transaction, context: Context) -> SignedCheckpoint:
    """As `checkpoint`, within a transaction that does more; it comes last."""
    transaction.checkpoints.lock()
    newest, state = transaction.checkpoints.newest(), transaction.chains.state()
    if newest is not None and newest.checkpoint.state == state:
        return newest
    at = context.clock.now()
    signer = present_signer(transaction, context.keyring.keks, at)
    made = make_checkpoint(transaction.chains.installation(), newest, state, at, signer)
    transaction.checkpoints.add(made)
    return made


def checkpoint_if_due(context: Context) -> SignedCheckpoint | None:
    """Makes a checkpoint where the newest one is ten minutes old and anything happened since.

    Any number of processes may call it as often as they like; it costs little where none is due.

    Returns:
        The newest checkpoint; None where nothing was ever recorded.

    Raises:
        As `checkpoint` does.
    """
    with context.store.read() as transaction:
        newest = transaction.checkpoints.newest()
        if newest is not None and 0 <= context.clock.now() - newest.checkpoint.at_s < EVERY_S:
            return newest
        if newest is None and transaction.audit.count() == 0:
            return None
        if newest is not None and newest.checkpoint.state == transaction.chains.state():
            return newest
    return checkpoint(context)


def newest_checkpoint(context: Context) -> SignedCheckpoint:
    """The newest checkpoint that there is.

    Raises:
        CheckpointNotFoundError: there is none.
        StorageUnavailableError: the database does not answer.
    """
    with context.store.read() as transaction:
        found = transaction.checkpoints.newest()
    if found is None:
        raise CheckpointNotFoundError
    return found


def public_key(context: Context) -> bytes:
    """The public key of the key that signs at present, which is made if there is none.

    Raises:
        As `checkpoint` does.
    """
    with context.store.write() as transaction:
        transaction.checkpoints.lock()
        return present_signer(transaction, context.keyring.keks, context.clock.now()).public_key
