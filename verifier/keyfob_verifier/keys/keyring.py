"""The data keys of an open installation, unwrapped as they are needed."""

from collections.abc import Callable

from keyfob import SealingKey
from keyfob.errors import UnsealError
from keyfob_verifier.keys.envelope import unwrap
from keyfob_verifier.keys.kek import Keks
from keyfob_verifier.records import WrappedDataKey


class Keyring:
    """Data keys by their ids. A key that others made after the start is found when it is first asked for.

    Args:
        keks: what they are wrapped under.
        find: the stored data key of an id, or None; asked for each id that is not known yet.
    """

    def __init__(self, keks: Keks, find: Callable[[str], WrappedDataKey | None]) -> None:
        self.keks = keks
        self._find = find
        self._by_id: dict[str, SealingKey] = {}

    def open(self, wrapped: WrappedDataKey) -> SealingKey:
        """The data key that a record holds.

        Raises:
            KekMissingError: it is wrapped under a KEK that is not here.
            WrongKekError: it does not open under the KEK that it names.
        """
        known = self._by_id.get(wrapped.id)
        if known is None:
            known = self._by_id[wrapped.id] = unwrap(wrapped, self.keks)
        return known

    def opening(self, key_id: str) -> SealingKey:
        """The key that a seed was sealed with.

        Raises:
            UnsealError: there is no such key.
            KekMissingError: there is, wrapped under a KEK that is not here.
            WrongKekError: it does not open under the KEK that it names.
            StorageUnavailableError: it is not known yet, and the database does not answer.
        """
        known = self._by_id.get(key_id)
        if known is not None:
            return known
        wrapped = self._find(key_id)
        if wrapped is None:
            raise UnsealError
        return self.open(wrapped)
