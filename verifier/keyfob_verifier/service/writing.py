"""Transactions that begin again where another one was quicker."""

from collections.abc import Callable
from typing import TypeVar

from keyfob_verifier.errors import StaleRowError, StorageUnavailableError
from keyfob_verifier.store.database import Store, Transaction

TRIES = 5

Result = TypeVar("Result")


def written(store: Store, work: Callable[[Transaction], Result]) -> Result:
    """What `work` gives, within a transaction that is durable then; it runs anew where its rows had changed.

    Raises:
        StorageUnavailableError: nothing was written.
    """
    for _ in range(TRIES):
        try:
            with store.write() as transaction:
                return work(transaction)
        except StaleRowError:
            continue
    raise StorageUnavailableError("its rows changed again and again while they were decided on")
